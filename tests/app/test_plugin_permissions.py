"""Permissions are granted by an option, by a remembered answer, or not at all."""

from __future__ import annotations

import gc
import io
import json
import socket
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.cli._plugins import ask
from halscope.plugins import Grants, Manifest, Plugins, parse_manifest
from halscope.plugins._facade import SessionFacade
from halscope.session import Session
from halscope_hooks import (
    PERMISSIONS,
    HalscopeError,
    HostInfo,
    JobFailed,
    Patch,
    Permission,
    PermissionRefusedError,
    PpuRegisters,
    Snapshot,
    UsageError,
    Write,
    WriteReceipt,
    hookimpl,
)
from support.plugin_folder import manifest, write_plugin

PATCHES = {
    "live-writes": Patch("", (), (Write("vram", 0, b"x"),)),
    "rom-writes": Patch("", (Write("rom", 0, b"x"),)),
}


def made(**changes: Any) -> Manifest:
    changes = {"permissions": ["live-writes", "rom-writes"]} | changes
    return parse_manifest(json.dumps(manifest(**changes)).encode(), "m")


class Person:
    """Answers, and counts the questions."""

    def __init__(self, *yes: Permission) -> None:
        self.yes = yes
        self.asked: list[str] = []

    def __call__(self, manifest: Manifest, permission: Permission) -> bool:
        self.asked.append(f"{manifest.id} {permission}")
        return permission in self.yes


def test_nobody_to_ask_and_nothing_allowed_grants_nothing(tmp_path: Path) -> None:
    assert Grants(folder=tmp_path).decide(made()) == frozenset()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("allowed", "granted"),
    [
        (["live-writes"], {"live-writes"}),
        (["sparkle:rom-writes"], {"rom-writes"}),
        (["other:rom-writes"], set()),
        (["network"], set()),  # allowed, but never asked for
        (["live-writes", "sparkle:rom-writes"], {"live-writes", "rom-writes"}),
    ],
)
def test_an_option_grants_what_the_manifest_asks_for(tmp_path: Path, allowed: list[str], granted: set[str]) -> None:
    person = Person()
    assert Grants(allowed, folder=tmp_path).decide(made()) == granted
    assert person.asked == []


@pytest.mark.parametrize("text", ["root", "sparkle:", ":live-writes", "sparkle:root", "Spar kle:network", ""])
def test_an_option_that_is_no_permission_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write a permission"):
        Grants([text])


def test_a_person_is_asked_once_for_a_version_and_the_answer_is_kept(tmp_path: Path) -> None:
    person = Person("live-writes")
    for _ in range(2):
        assert Grants(ask=person, folder=tmp_path).decide(made()) == {"live-writes"}
    assert person.asked == ["sparkle live-writes", "sparkle rom-writes"]
    assert Grants(folder=tmp_path).decide(made()) == {"live-writes"}
    assert Grants(ask=person, folder=tmp_path).decide(made(version="2.0.0")) == {"live-writes"}
    assert len(person.asked) == 4
    assert Grants(folder=tmp_path).decide(made(id="other")) == frozenset()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"sparkle 1.2.3": 5}', b'{"sparkle 1.2.3": {"live-writes": 1}}']
)
def test_a_damaged_memory_grants_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "permissions.json").write_bytes(content)
    assert Grants(folder=tmp_path).decide(made()) == frozenset()


def test_a_folder_that_cannot_be_written_does_not_stop_anything(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Grants(ask=Person("live-writes"), folder=tmp_path / "file").decide(made()) == {"live-writes"}


def facade(*granted: Permission) -> SessionFacade:
    return SessionFacade("sparkle", frozenset(granted), lambda: None)


@pytest.mark.parametrize(
    ("permission", "call"),
    [
        ("live-writes", lambda api: api.apply(PATCHES["live-writes"])),
        ("rom-writes", lambda api: api.apply(PATCHES["rom-writes"])),
        ("network", lambda api: api.connect("localhost", 1, timeout=1)),
    ],
)
def test_a_call_that_was_not_granted_names_plugin_permission_and_cure(
    permission: Permission, call: Callable[[SessionFacade], object]
) -> None:
    others: list[Permission] = [one for one in ("live-writes", "rom-writes", "network") if one != permission]
    for granted in ([], others):
        with pytest.raises(PermissionRefusedError) as refused:
            call(facade(*granted))
        assert "plugin sparkle: may not" in str(refused.value)
        assert f"--allow sparkle:{permission}" in str(refused.value)
    with pytest.raises((HalscopeError, OSError)) as other:
        call(facade(permission))
    assert not isinstance(other.value, PermissionRefusedError)


def test_a_patch_that_is_half_granted_is_refused_whole() -> None:
    both = Patch("", PATCHES["rom-writes"].rom, PATCHES["live-writes"].live)
    with pytest.raises(PermissionRefusedError, match="rom-writes"):
        facade("live-writes").apply(both)


def test_a_granted_plugin_can_connect() -> None:
    with (
        socket.create_server(("localhost", 0)) as server,
        facade("network").connect("localhost", server.getsockname()[1], timeout=5) as client,
    ):
        connection, _ = server.accept()
        with connection:
            client.sendall(b"hello")
            assert connection.recv(5) == b"hello"


def test_without_a_session_a_plugin_is_told_so() -> None:
    with pytest.raises(HalscopeError, match="the session is not open"):
        facade().stats()


def test_who_hands_an_object_in_answers_for_it() -> None:
    class Mine:
        @hookimpl
        def halscope_update(self) -> None: ...

    plugins = Plugins([Mine()])
    assert plugins.session_for("Mine-1").granted == set(PERMISSIONS)
    assert plugins.session_for("halscope-hosts").granted == frozenset()
    with pytest.raises(UsageError, match="there is no plugin"):
        plugins.session_for("nobody")


WRITER = """
class Plugin:
    @hookimpl
    def halscope_attached(self, host, session):
        self.heard = []
        self.handle = session.subscribe(self.heard.append, Update)
        assert session.run("sum", lambda job: sum(range(5))).result(60) == 10
        assert session.info == host
        assert session.stats()["seen"] == 0
        self.session = session
    @hookimpl
    def halscope_update(self, frame):
        self.session.apply(Patch("", (), (Write("vram", 7, b"x"),))).result(60)
plugin = Plugin()
"""


class Host:
    """A host that takes writes."""

    def __init__(self) -> None:
        self.written: list[Write] = []

    @property
    def info(self) -> HostInfo:
        return HostInfo("made", "a test", writable=frozenset({"vram"}), capabilities=frozenset({"driven"}))

    def step(self) -> Snapshot | None:
        return Snapshot(
            vram=np.zeros(0x10000, np.uint8),
            cgram=np.zeros(256, np.uint16),
            oam=np.zeros(544, np.uint8),
            ppu=PpuRegisters(obsel=0),
        )

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        self.written += writes
        return WriteReceipt(done=True)

    def close(self) -> None: ...


@pytest.mark.parametrize("allowed", [[], ["sparkle:live-writes"]])
def test_a_plugin_writes_into_a_running_game_only_where_it_was_granted(tmp_path: Path, allowed: list[str]) -> None:
    folder = write_plugin(tmp_path, WRITER, permissions=["live-writes"])
    plugins = Plugins(folders=[folder], grants=Grants(allowed, folder=tmp_path))
    host, failures = Host(), list[Any]()
    with Session(host, dispatch=plugins.dispatch) as session, session.subscribe(failures.append, JobFailed):
        session.step()
    if allowed:
        assert [write.offset for write in host.written] == [7]
        assert failures == []
    else:
        assert host.written == []
        (failure,) = failures
        assert isinstance(failure.error, PermissionRefusedError)
        assert failure.plugin == "sparkle"


def test_a_plugin_does_not_keep_the_session_alive(tmp_path: Path) -> None:
    plugins = Plugins(folders=[write_plugin(tmp_path, WRITER, permissions=["live-writes"])])
    host = Host()
    session = Session(host, dispatch=plugins.dispatch)
    session.start()
    api = plugins.session_for("sparkle")
    assert api.info.name == "made"
    session.close()
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None
    with pytest.raises(HalscopeError, match="the session is not open"):
        api.stats()


@pytest.mark.parametrize(
    ("typed", "granted"), [("y\n", True), ("YES\n", True), ("n\n", False), ("", False), ("yep\n", False)]
)
def test_the_terminal_asks_in_words_and_takes_only_yes_for_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, granted: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert ask(made(name="Sparkle"), "live-writes") is granted
    said = capsys.readouterr()
    assert said.out == ""
    assert "The plugin Sparkle 1.2.3 wants to change the memory of the running game (live-writes)" in said.err
    assert "not a sandbox" in said.err
