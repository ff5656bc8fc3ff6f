"""What an edit does only once: compose its sheet, hash the ROM, decode a block that several tiles share."""

from __future__ import annotations

import hashlib
from collections.abc import Buffer, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    Composition,
    EditedSheet,
    Sheet,
    apply_patch,
    live_writes,
    plan_changes,
    read_sheet,
    rom_writes,
    sheet_edit,
    sheet_from_block,
    to_patch,
    write_sheet,
)
from halscope.rom.edges import Ranges
from halscope.rom.image import Rom
from halscope_hooks import Block, CancelSignal, Codec, Origin, Patch, PatchError, Snapshot, StartEvidence, Write
from numpy.typing import NDArray
from support.edit_rom import FIRST, FIRST_TILES, LEAD, SECOND, EditRom
from support.planning import plan_edits


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Titles of the sheets that were composed."""
    titles: list[str] = []
    compose = Sheet.compose

    def counted(sheet: Sheet) -> Composition:
        titles.append(sheet.title)
        return compose(sheet)

    monkeypatch.setattr(Sheet, "compose", counted)
    return titles


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the data that was hashed with SHA-256, in bytes."""
    sizes: list[int] = []
    sha256: Callable[..., Any] = hashlib.sha256

    def counted(data: Buffer = b"", **options: Any) -> Any:
        sizes.append(memoryview(data).nbytes)
        return sha256(data, **options)

    monkeypatch.setattr(hashlib, "sha256", counted)
    return sizes


def save(sheet: Sheet, path: Path, *blank: int) -> Path:
    pixels = sheet.compose().pixels
    for number in blank:
        cell = sheet.cells[number]
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = 0
    write_sheet(sheet, pixels, path)
    return path


def test_from_a_saved_png_to_the_writes_the_sheet_is_composed_once_and_the_rom_hashed_once(
    edit_rom: EditRom, sheet: Sheet, tmp_path: Path, composed: list[str], hashed: list[int]
) -> None:
    first, second = save(sheet, tmp_path / "a.png", 3), save(sheet, tmp_path / "b.png", 3, 9)
    wram = np.zeros(0x20000, np.uint8)
    wram[0x2000 : 0x2000 + len(edit_rom.first)] = np.frombuffer(edit_rom.first, np.uint8)
    snapshot = Snapshot(
        vram=np.zeros(0x10000, np.uint8), wram=wram, cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8)
    )
    hashed.clear()
    rom = Rom.from_bytes(edit_rom.rom.data)
    before = plan_edits(rom, [HAL], [read_sheet(first)])
    before_patch = to_patch(before)
    composed.clear()
    plan = plan_edits(rom, [HAL], [read_sheet(second)])
    patch = to_patch(plan)
    assert rom_writes(rom, patch, before_patch)
    assert live_writes(plan, snapshot, previous=before)
    assert composed == ["walk"]
    assert [size for size in hashed if size >= rom.data.size] == [rom.data.size], "when it was opened, and never again"


def test_a_sheet_keeps_a_composition_that_nobody_can_change(sheet: Sheet) -> None:
    assert sheet.composition is sheet.composition
    for array in sheet.composition:
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    own = sheet.compose()
    own.pixels[:] = 0
    assert sheet.composition.pixels.any()


def test_a_rom_and_its_bytes_are_patched_alike_and_both_are_checked(edit_rom: EditRom, sheet: Sheet) -> None:
    rom = edit_rom.rom
    other = Rom.from_bytes(rom.data[::-1].tobytes() + rom.data.tobytes(), mapping=rom.mapping)
    edited = plan_edits(rom, [HAL], [with_a_blank_tile(sheet)])
    patch = to_patch(edited)
    assert apply_patch(rom, patch) == apply_patch(rom.data, patch)
    for wrong in (other, other.data):
        with pytest.raises(PatchError, match=f"this one has {other.sha256}"):
            apply_patch(wrong, patch)
        with pytest.raises(PatchError, match=f"this one has {other.sha256}"):
            rom_writes(wrong, patch, patch)


def with_a_blank_tile(sheet: Sheet) -> EditedSheet:
    pixels = sheet.compose().pixels
    pixels[:8, :8] = 0
    return EditedSheet(sheet, pixels)


class Counting:
    """HAL's codec, which notes the offsets that it decodes, and the sizes of what it encodes."""

    name = HAL.name

    def __init__(self) -> None:
        self.decoded: list[int] = []
        self.encoded: list[int] = []

    def decode(self, data: Buffer, offset: int = 0, /) -> Block:
        self.decoded.append(offset)
        return HAL.decode(data, offset)

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        self.encoded.append(memoryview(data).nbytes)
        return HAL.encode(data, cancel=cancel)

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[np.void]:
        return HAL.scan(rom, window=window, cancel=cancel)


def test_only_the_blocks_that_a_save_changes_are_packed_again(edit_rom: EditRom) -> None:
    codec = Counting()
    codecs: list[Codec] = [codec]
    first = sheet_from_block(edit_rom.rom, HAL, FIRST, start="pointer", lead=LEAD)
    second = sheet_from_block(edit_rom.rom, HAL, SECOND, start="pointer")
    edits = [sheet_edit(with_a_blank_tile(sheet)) for sheet in (first, second)]
    before = plan_changes(edit_rom.rom, codecs, edits)
    assert sorted(codec.encoded) == sorted([len(edit_rom.first), len(edit_rom.second)])
    codec.encoded.clear()
    pixels = second.compose().pixels
    pixels[:8, :8] = 5
    edits[1] = sheet_edit(EditedSheet(second, pixels))
    plan = plan_changes(edit_rom.rom, codecs, edits, previous=before)
    assert codec.encoded == [len(edit_rom.second)]
    assert plan.blocks == plan_changes(edit_rom.rom, codecs, edits).blocks, "as without the earlier plan"

    other = Counting()
    plan_changes(edit_rom.rom, [other], edits, previous=plan)
    assert len(other.encoded) == 2, "another codec of this name may pack otherwise"
    moved = edit_rom.rom.data.copy()
    moved[0x100] ^= 1
    rebuilt = Rom.from_bytes(moved, mapping=edit_rom.rom.mapping)
    codec.encoded.clear()
    plan_changes(rebuilt, codecs, [replace(edit, rom_sha256=rebuilt.sha256) for edit in edits], previous=plan)
    assert len(codec.encoded) == 2, "an earlier plan of another ROM says nothing"


def test_a_block_that_many_tiles_name_is_decoded_once_for_the_notes(edit_rom: EditRom) -> None:
    class Index:
        def start_of(self, codec: str, block_offset: int, /) -> StartEvidence | None:
            return None

        def lookup(self, tiles: NDArray[np.uint8], /) -> tuple[tuple[Origin, ...], ...]:
            places = (Origin("hal", FIRST, LEAD, "pointer"), Origin("hal", SECOND, 0, "pointer"))
            return (places,) * len(tiles)

        def proven_streams(self, ranges: Ranges, /) -> tuple[Origin, ...]:
            return ()

    codec = Counting()
    sheet = sheet_from_block(edit_rom.rom, HAL, FIRST, start="pointer", lead=LEAD)
    pixels = sheet.compose().pixels
    pixels[:] = 0
    (note,) = plan_edits(edit_rom.rom, [codec], [EditedSheet(sheet, pixels)], index=Index()).notes
    assert note.startswith(f"{FIRST_TILES} of {FIRST_TILES} edited tiles")
    assert codec.decoded.count(SECOND) == 1


def test_rom_writes_touch_only_what_differs(edit_rom: EditRom) -> None:
    data = edit_rom.rom.data

    def patch(*writes: tuple[int, bytes]) -> Patch:
        return Patch(
            edit_rom.rom.sha256, tuple(Write("rom", at, new, data[at : at + len(new)].tobytes()) for at, new in writes)
        )

    before, after = patch((0x100, b"abcd"), (0x200, b"x")), patch((0x102, b"cdef"), (0x300, b"y"))
    images = [np.frombuffer(apply_patch(edit_rom.rom, one), np.uint8) for one in (before, after)]
    writes = rom_writes(edit_rom.rom, after, before)
    touched = {write.offset + place for write in writes for place in range(len(write.data))}
    assert touched == set(np.flatnonzero(images[0] != images[1]).tolist())
    for write in writes:
        assert images[0][write.offset :][: len(write.data)].tobytes() == write.expected
        assert images[1][write.offset :][: len(write.data)].tobytes() == write.data
