"""The emulator loads another ROM, or reloads the same one: index and edits follow."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Play, Workspace
from halscope.codecs.hal import HAL
from halscope.inject import sheet_from_block, write_sheet
from halscope.ppu import decode_frame
from halscope.session import Session
from halscope_hooks import Changes, HostError, HostInfo, RomIdentity, Snapshot, Update, VramOrigins, Write, WriteReceipt
from support.edit_rom import FIRST, LEAD, PALETTE, make_edit_rom

NOWHERE = VramOrigins(((),) * 2048, np.zeros(2048, np.bool_))
WRAM_AT = 0x2000
WAIT = 60.0


class Console:
    """A host on which ROMs are loaded; each start has the ROM's first block unpacked in WRAM and its tiles in VRAM."""

    def __init__(self, workspace: Workspace, *, known: bool = True) -> None:
        self.frame = 0
        self.load(workspace, known=known)

    def load(self, workspace: Workspace, *, known: bool = True) -> None:
        """Load a ROM; `known`: whether the host knows its file."""
        rom = workspace.rom
        block = HAL.decode(rom.data, FIRST).data
        self.rom = rom.data.copy()
        self.wram = np.zeros(0x20000, np.uint8)
        self.wram[WRAM_AT : WRAM_AT + block.size] = block
        self.vram = np.zeros(0x10000, np.uint8)
        tiles = block[LEAD : LEAD + (block.size - LEAD) // 32 * 32]
        self.vram[: tiles.size] = tiles
        spaces = frozenset(("rom", "vram", "wram"))
        path = str(rom.path) if known else None
        self.info = HostInfo(
            "made",
            "a test",
            spaces,
            spaces,  # type: ignore[arg-type]  # a set of these names
            rom=RomIdentity(path=path, sha256=rom.sha256 if known else "00"),
            capabilities=frozenset({"driven"}),
        )

    def step(self) -> Snapshot | None:
        self.frame += 1
        return Snapshot(
            vram=self.vram.copy(),
            wram=self.wram.copy(),
            cgram=np.zeros(256, np.uint16),
            oam=np.zeros(544, np.uint8),
            frame=self.frame,
            rom=self.info.rom,
        )

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        memories = {"rom": self.rom, "vram": self.vram, "wram": self.wram}
        for write in writes:
            area = memories[write.space][write.offset : write.offset + len(write.data)]
            assert write.expected is None or area.tobytes() == write.expected
            area[:] = np.frombuffer(write.data, np.uint8)
        return WriteReceipt(done=True)

    def close(self) -> None: ...

    def edited(self) -> bool:
        """Whether the fourth tile of the first block is blank, in the ROM and in WRAM."""
        at = LEAD + 3 * 32
        block = HAL.decode(self.rom, FIRST).data
        return not block[at : at + 32].any() and not self.wram[WRAM_AT + at : WRAM_AT + at + 32].any()


def workspaces(folder: Path) -> tuple[Workspace, Workspace]:
    """Two ROMs that hold the same blocks."""
    paths = folder / "first.sfc", folder / "second.sfc"
    for path, size in zip(paths, (0x40000, 0x80000), strict=True):
        path.write_bytes(make_edit_rom(size).rom.data)
    return Workspace.open(paths[0]), Workspace.open(paths[1])


def blanked(workspace: Workspace, png: Path) -> Path:
    """A sheet of the first block, with its fourth tile blank."""
    sheet = sheet_from_block(workspace.rom, HAL, FIRST, palette=PALETTE, start="pointer", lead=LEAD, title="walk")
    pixels = sheet.compose().pixels
    cell = sheet.cells[3]
    pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = 0
    return write_sheet(sheet, pixels, png)[0]


def seen(console: Console) -> Update:
    """An update whose origins are known, if only as unknown places."""
    snapshot = console.step()
    assert snapshot is not None
    return Update(decode_frame(snapshot), NOWHERE, Changes())


def test_edits_are_written_again_into_a_game_that_is_loaded_again(tmp_path: Path) -> None:
    workspace, _ = workspaces(tmp_path)
    console = Console(workspace)
    reports: list[str] = []
    edits = LiveEdits(workspace, Session(console), force=True, report=reports.append)
    edits.bring_in([blanked(workspace, tmp_path / "a.png")], seen(console).snapshot)
    assert console.edited()
    console.load(workspace)
    edits.follow(workspace)
    assert not console.edited()
    assert edits.edits.edits == ()
    edits.look(seen(console))
    assert console.edited()
    assert any("1 edit written into the game again" in line for line in reports)
    edits.take(edits.edits.undo(), seen(console).snapshot)
    assert not console.edited(), "the steps can still be undone"


def test_nothing_is_edited_in_a_rom_that_is_not_known(tmp_path: Path) -> None:
    workspace, _ = workspaces(tmp_path)
    console = Console(workspace)
    reports: list[str] = []
    edits = LiveEdits(workspace, Session(console), force=True, report=reports.append)
    png = blanked(workspace, tmp_path / "a.png")
    edits.bring_in([png], seen(console).snapshot)
    edits.follow(None)
    with pytest.raises(HostError, match=r"the file of the running ROM is unknown.*load .*first\.sfc again"):
        edits.bring_in([png], seen(console).snapshot)
    edits.look(seen(console))
    edits.write_patch(tmp_path / "out.bps")
    assert (tmp_path / "out.bps").read_bytes()[:4] == b"BPS1", "what was edited before is kept"


def test_each_rom_has_edits_of_its_own_and_the_patch_is_of_the_first(tmp_path: Path) -> None:
    first, second = workspaces(tmp_path)
    console = Console(first)
    reports: list[str] = []
    edits = LiveEdits(first, Session(console), force=True, report=reports.append)
    console.load(second)
    edits.follow(second)
    edits.bring_in([blanked(second, tmp_path / "b.png")], seen(console).snapshot)
    assert console.edited()
    edits.write_patch(tmp_path / "out.bps")
    assert not (tmp_path / "out.bps").exists()
    assert "second.sfc: its edits are not in" in reports[0]
    assert "nothing was edited" in reports[1]
    console.load(first)
    edits.follow(first)
    edits.look(seen(console))
    assert not console.edited()
    console.load(second)
    edits.follow(second)
    edits.look(seen(console))
    assert console.edited()


class Switching(Console):
    """A console on which the second ROM is loaded while it is played, then one that is not known."""

    def __init__(self, first: Workspace, second: Workspace) -> None:
        super().__init__(first)
        self.first, self.second = first.rom.sha256, second
        self.seen: list[tuple[str, bool]] = []
        """For each update: the ROM that its snapshot is of, and whether its tiles were located."""
        self.until = time.monotonic() + WAIT

    def step(self) -> Snapshot | None:
        running = self.info.rom.sha256
        located = (running, True) in self.seen
        if located and running == self.first:
            self.load(self.second)
        elif located:
            self.load(self.second, known=False)
        done = ("00", False) in self.seen or time.monotonic() > self.until
        return None if done else super().step()


def test_a_played_session_indexes_the_rom_that_is_loaded(tmp_path: Path) -> None:
    first, second = workspaces(tmp_path)
    console = Switching(first, second)
    reports: list[str] = []
    session = Session(console, threads=True, workers=2)
    edits = LiveEdits(first, session, force=True, report=reports.append)

    def note(update: Update) -> None:
        assert update.snapshot.rom is not None
        located = update.origins is not None and update.origins.located > 20
        console.seen.append((str(update.snapshot.rom.sha256), located))

    Play(first, session, edits, seen=note, progress=lambda _done, _total: None, report=reports.append).run(())
    assert {(first.rom.sha256, True), (second.rom.sha256, True), ("00", False)} <= set(console.seen)
    assert ("00", True) not in console.seen, "nothing is known of the third ROM"
    assert any("second.sfc is running now" in line for line in reports)
    assert any("another ROM is running now" in line for line in reports)
    assert dataclasses.asdict(session.info)["rom"]["sha256"] == "00"
