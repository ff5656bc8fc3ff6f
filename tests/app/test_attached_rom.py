"""Which file is the ROM that an emulator runs, and which ROM the patch of an attached game is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.app import AttachedRom, LiveAttach, Plugins, Regrouping, Target, Workspace, watch_frames
from halscope.session import Locate, Session
from halscope_hooks import HostGoneError, HostRequest, RomIdentity
from support.rom_console import NOWHERE, Console, blanked, seen, workspaces


def test_a_rom_without_a_hash_is_the_users_until_another_is_named(tmp_path: Path) -> None:
    first, second = workspaces(tmp_path)
    reports: list[str] = []
    console = Console(first)
    rom = AttachedRom(first, first.plugins, reports.append)
    ours, other = RomIdentity(path="games.zip/first.sfc"), RomIdentity(path="games.zip/second.sfc")
    assert rom.workspace(ours, console) is first
    assert rom.workspace(other, console) is None
    assert "runs another ROM" in reports.pop()
    assert rom.workspace(ours, console) is first, "it is loaded again"
    assert not reports
    assert rom.workspace(RomIdentity(sha1=first.rom.sha1), console) is first
    assert rom.workspace(RomIdentity(path=str(second.rom.path), sha1="0" * 40), console) is None


def test_a_rom_that_is_built_anew_is_opened_with_the_mapping_of_the_user(tmp_path: Path) -> None:
    """The image has no header, and is opened for its mapping alone."""
    path = tmp_path / "game.sfc"
    path.write_bytes(bytes(0x10000))
    given = Workspace.open(path, mapping="hirom")
    console = Console(workspaces(tmp_path)[0])
    path.write_bytes(bytes(0xFFFF) + b"\1")
    for known in (given, None):
        rom = AttachedRom(known, Plugins(), lambda _line: None, mapping="hirom")
        sha256 = Workspace.open(path, mapping="hirom").rom.sha256
        opened = rom.workspace(RomIdentity(path=str(path), sha256=sha256), console)
        assert opened is not None
        assert opened.rom.mapping.name.lower() == "hirom"
    assert AttachedRom(None, Plugins(), lambda _line: None).workspace(RomIdentity(path=str(path)), console) is None


def test_an_emulator_that_goes_while_the_rom_is_indexed_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _ = workspaces(tmp_path)
    reports: list[str] = []
    target = Target("made", Plugins(), HostRequest(), None, reports.append)
    monkeypatch.setattr(Target, "open", lambda _target: Console(workspace))
    calls = 0

    def locate(_workspace: Workspace) -> Locate:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise HostGoneError("the emulator is gone")
        return lambda _vram: NOWHERE

    rom = AttachedRom(workspace, Plugins(), reports.append)
    assert len(list(watch_frames(target, rom, locate, 2))) == 2
    assert reports == ["the emulator is gone"]


def test_the_patch_of_an_attached_game_is_for_the_rom_that_the_user_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hack, base = workspaces(tmp_path)
    console = Console(base)
    reports: list[str] = []
    target = Target("made", Plugins(), HostRequest(), None, reports.append)
    monkeypatch.setattr(Target, "open", lambda _target: console)

    def began(_workspace: Workspace, _session: Session) -> None:
        assert live.edits is not None
        live.edits.bring_in([blanked(base, tmp_path / "a.png")], seen(console).snapshot)
        raise KeyboardInterrupt

    live = LiveAttach(
        *(target, AttachedRom(hack, Plugins(), reports.append), tmp_path / "w"),
        force=True,
        nearest=False,
        regrouping=Regrouping(),
        bring_in=(),
        began=began,
        seen=lambda _update: None,
        progress=lambda _done, _total: None,
        applied=lambda _edit: None,
    )
    with pytest.raises(KeyboardInterrupt):
        live.run()
    assert console.edited()
    assert live.edits is not None
    live.edits.write_patch(tmp_path / "out.bps")
    assert f"runs another ROM than {hack.rom.name} (SHA-256 {base.rom.sha256})" in reports[0]
    assert "second.sfc: its edits are not in" in reports[1]
    assert not (tmp_path / "out.bps").exists()
