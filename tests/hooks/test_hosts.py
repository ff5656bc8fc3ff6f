"""A host is what it can do: capabilities are listed, checked, and requested by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.hosts.libretro import available_cores
from halscope.hosts.recording import ReplayHost
from halscope.plugins import Plugins, check_host
from halscope.session import Session
from halscope_hooks import (
    CAPABILITIES,
    HostError,
    HostRequest,
    Playable,
    UsageError,
    WriteReceipt,
    capabilities_of,
    capability,
)
from support.made_host import MadeHost, MadeRemote


def test_a_host_names_what_it_has_the_methods_for() -> None:
    assert capabilities_of(MadeHost()) == {"driven"}
    assert capabilities_of(MadeRemote()) == {"pushing", "tracing"}
    assert capabilities_of(object()) == frozenset()
    assert len(CAPABILITIES) == len(set(CAPABILITIES)) == 7


def test_what_a_host_does_not_name_it_is_not_asked_for() -> None:
    class Shy(MadeHost):
        def press(self, buttons: object, port: int = 0) -> None: ...

    host = Shy()
    assert isinstance(host, Playable)
    assert capability(host, "playable") is None, "it does not name it"
    assert capability(host, "driven") is host


@pytest.mark.skipif(not available_cores(), reason="no libretro core")
def test_a_libretro_core_is_driven_playable_and_stateful() -> None:
    from halscope.demo import rom_path

    with rom_path() as rom:
        host = Plugins().host("libretro").open(HostRequest(rom))
        try:
            assert host.info.capabilities == {"driven", "playable", "stateful"}
            check_host(host)
            pad = capability(host, "playable")
            assert pad is not None
            pad.press({"start"}, 1)
            with pytest.raises(HostError, match="no controller port 2"):
                pad.press({"start"}, 2)
        finally:
            host.close()


def test_a_recording_is_driven_and_tracing(tmp_path: Path) -> None:
    from halscope.formats.recording import RecordingWriter
    from support.made_host import made_snapshot

    with RecordingWriter(tmp_path / "run.hrec") as writer:
        writer.append(made_snapshot(1))
    with ReplayHost(tmp_path / "run.hrec") as host:
        assert host.info.capabilities == {"driven", "tracing"}
        check_host(host)


def test_a_host_that_promises_what_it_cannot_do_is_refused() -> None:
    host = MadeHost()
    host.info = type(host.info)("made", "a test", capabilities=frozenset({"driven", "playable"}))
    with pytest.raises(TypeError, match="declares that it is playable, but lacks the methods"):
        check_host(host)
    host.info = type(host.info)("made", "a test", capabilities=frozenset({"driven"}))
    check_host(host)


def test_a_host_that_names_nothing_can_do_what_it_has_methods_for() -> None:
    host = MadeHost()
    host.info = type(host.info)("made", "a test")
    check_host(host)
    assert capability(host, "driven") is host
    assert capability(host, "playable") is None
    with Session(host) as session:
        assert session.step() is not None

    class Mute:
        info = host.info

        def write(self, writes: object) -> WriteReceipt:
            return WriteReceipt(done=True)

        def close(self) -> None: ...

    with pytest.raises(TypeError, match="neither driven nor pushing"):
        check_host(Mute())


def test_a_receipt_keeps_the_first_answer() -> None:
    receipt = WriteReceipt()
    assert not receipt.done
    receipt.complete(HostError("no"))
    receipt.complete()
    assert receipt.done
    assert str(receipt.error) == "no"
    assert WriteReceipt(done=True).error is None


def test_a_host_is_opened_by_a_file_or_by_an_address(tmp_path: Path) -> None:
    assert HostRequest(tmp_path).needed_file("libretro") == tmp_path
    assert HostRequest(address="localhost:48879").needed_address("nwa") == "localhost:48879"
    for request in (HostRequest(), HostRequest(address="localhost:48879")):
        with pytest.raises(UsageError, match="the host libretro runs a file"):
            Plugins().host("libretro").open(request)
    with pytest.raises(UsageError, match="--address"):
        HostRequest(tmp_path).needed_address("nwa")
