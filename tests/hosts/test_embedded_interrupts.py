"""Ctrl-C before any line of the embedded host: it goes on afterwards, or it is closed, and nothing is left behind."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from halscope.hosts import embedded
from halscope.hosts.embedded import EmbeddedHost
from halscope_hooks import HostError, Write
from support import probe_rom
from support.cores import installed_cores
from support.interrupts import AtLine, interrupt

ROOM = str(Path(embedded.__file__).parent)
CORE = installed_cores()[0]

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("core", [CORE])]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_host_goes_on_after_an_interrupt_at_any_line(core: str, temporary: Path) -> None:
    with EmbeddedHost(probe_rom.build(animate=["oam"]), core) as host:
        for _ in range(12):
            last = host.step()
        state = host.save_state()
        number = 0
        lost = 0
        while True:
            number += 1
            at = AtLine(number, interrupt, ROOM)
            with at, contextlib.suppress(KeyboardInterrupt):
                host.press({"start"} if number % 2 else ())
                host.step()
                host.write([Write("wram", 0x1FF0, bytes([number & 0xFF]))])
                host.load_state(state)
            after = host.step()
            # The interrupt may have come before the first step, or between its reply and its return.
            assert 1 <= after.frame - last.frame <= 2, at.where
            again = host.step()
            assert again.frame == after.frame + 1, at.where
            assert again.oam.any()
            last = again
            lost += 1
            if not at.where:
                break
        assert number > 100  # lines of the host were interrupted


@pytest.mark.parametrize("part", range(2))
def test_a_close_that_is_interrupted_is_finished_by_the_next_one(core: str, temporary: Path, part: int) -> None:
    for number in range(1 + part, 200, 12):
        host = EmbeddedHost(probe_rom.build(), core)
        host.step()
        at = AtLine(number, interrupt, ROOM)
        with at, contextlib.suppress(KeyboardInterrupt):
            host.close()
        host.close()
        assert not Path(f"/proc/{host.pid}").exists(), at.where
        assert list(temporary.iterdir()) == [], at.where
        with pytest.raises(HostError, match="closed"):
            host.step()
        if not at.where:
            break
    else:
        pytest.fail("no close came to its end")


def test_a_signal_handler_may_call_the_host_at_any_line_of_a_step(core: str) -> None:
    with EmbeddedHost(probe_rom.build(), core) as host:
        frame = host.step().frame
        number = 0
        while True:
            number += 1
            inner = []
            at = AtLine(number, lambda: inner.append(host.step().frame), ROOM)  # noqa: B023 - called in this round
            with at:
                outer = host.step().frame
            if not inner:
                assert outer == frame + 1
                break
            assert sorted([*inner, outer]) == [frame + 1, frame + 2], at.where
            frame += 2
        assert number > 30
