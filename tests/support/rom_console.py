"""A console on which ROMs are loaded, made for tests of edits that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from halscope.app import Workspace
from halscope.codecs.hal import HAL
from halscope.inject import sheet_from_block, write_sheet
from halscope.ppu import decode_frame
from halscope_hooks import Changes, HostInfo, RomIdentity, Snapshot, Update, VramOrigins, Write, WriteReceipt
from support.edit_rom import FIRST, LEAD, PALETTE, make_edit_rom

NOWHERE = VramOrigins(((),) * 2048, np.zeros(2048, np.bool_))
WRAM_AT = 0x2000


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
        return not HAL.decode(self.rom, FIRST).data[at : at + 32].any() and self.shows_edit()

    def shows_edit(self) -> bool:
        """Whether it is blank in WRAM."""
        at = WRAM_AT + LEAD + 3 * 32
        return not self.wram[at : at + 32].any()


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
