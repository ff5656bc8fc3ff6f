"""A host that is opened while the program is imported: taken by whoever waits for it, closed if nobody does."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from halscope.app import HostStart
from halscope_hooks import HostError
from support.made_host import WAIT, MadeHost, eventually


def test_it_is_opened_beside_the_caller_whose_it_is_then() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def opened() -> MadeHost:
        begun.set()
        assert go_on.wait(WAIT)
        return MadeHost()

    with HostStart(opened) as start:
        assert begun.wait(WAIT)
        go_on.set()
        host = start.wait()
    assert isinstance(host, MadeHost)
    assert host.closings == []


def test_one_that_nobody_waited_for_is_closed() -> None:
    host = MadeHost()
    with HostStart(lambda: host):
        pass
    assert len(host.closings) == 1


def test_one_that_comes_after_all_is_over_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halscope.app._host_start._LEAVE_SECONDS", 0.0)
    host, go_on = MadeHost(), threading.Event()

    def opened() -> MadeHost:
        assert go_on.wait(WAIT)
        return host

    with HostStart(opened):
        pass
    assert host.closings == []
    go_on.set()
    assert eventually(lambda: len(host.closings) == 1)


def test_what_opening_raised_is_raised_where_it_is_waited_for() -> None:
    def opened() -> MadeHost:
        raise HostError("no core")

    with HostStart(opened) as start, pytest.raises(HostError, match="no core"):
        start.wait()


def test_play_starts_its_core_before_it_imports_what_looks_at_the_game() -> None:
    code = "import sys, halscope.cli.play; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    late = {
        "halscope.session",
        "halscope.inject",
        "halscope.rom.index",
        "halscope.project",
        "halscope.inspector",
        "PIL",
    }
    assert late & set(done.stdout.split()) == set()
