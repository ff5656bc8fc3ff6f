"""What a plugin may do is allowed by option, by an answer that is remembered, or not at all."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from halscope.app.plugins import Grants, Manifest, Plugins, parse_manifest
from halscope.app.plugins._facade import SessionFacade
from halscope_hooks import (
    PERMISSIONS,
    HalscopeError,
    Patch,
    Permission,
    PermissionRefusedError,
    UsageError,
    Write,
    hookimpl,
)
from support.plugin_folder import manifest

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
        def halscope_frame_decoded(self) -> None: ...

    plugins = Plugins([Mine()])
    assert plugins.session_for("Mine-1").granted == set(PERMISSIONS)
    assert plugins.session_for("halscope-hosts").granted == frozenset()
    with pytest.raises(UsageError, match="there is no plugin"):
        plugins.session_for("nobody")
