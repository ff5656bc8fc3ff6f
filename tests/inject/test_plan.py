"""From an edited sheet to a patch: only proven tiles change, and the result decodes to the edit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope._codec import CancelToken
from halscope.codecs.hal import HAL
from halscope.export import bps, ips
from halscope.inject import (
    EditedSheet,
    EditPlan,
    Sheet,
    apply_patch,
    read_sheet,
    sheet_from_block,
    sheet_from_raw,
    to_patch,
    write_sheet,
)
from halscope.ppu.tiles import TileDepth, decode_tiles, encode_tiles
from halscope.rom import checksum
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope_hooks import CancelledError, InjectError, Origin, PatchError, StartEvidence
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from support.edit_rom import FIRST, FIRST_TILES, LEAD, PALETTE, RAW, SECOND, EditRom, draw_tiles
from support.planning import plan_edit, plan_edits


def with_tiles(sheet: Sheet, tiles: dict[int, NDArray[np.uint8]]) -> EditedSheet:
    pixels = sheet.compose().pixels
    for number, tile in tiles.items():
        cell = sheet.cells[number]
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = tile
    return EditedSheet(sheet, pixels, "walk.png")


def plan_for(edit_rom: EditRom, edited: EditedSheet, *, force: bool = False) -> EditPlan:
    return plan_edit(edit_rom.rom, [HAL], edited, force=force)


def test_from_a_sheet_through_a_png_to_a_patched_block(sheet: Sheet, edit_rom: EditRom, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    edited = read_sheet(path)
    simple = np.full((8, 8), 3, np.uint8)
    write_sheet(sheet, with_tiles(sheet, {5: simple, 20: simple}).pixels, path)
    edited = read_sheet(path)
    plan = plan_for(edit_rom, edited)
    (block,) = plan.blocks
    assert (block.codec, block.block_offset, block.start) == ("hal", FIRST, "pointer")
    assert [tile.byte_offset for tile in block.changes] == [LEAD + 160, LEAD + 640]
    patch = to_patch(plan)
    image = apply_patch(edit_rom.rom.data, patch)
    data = HAL.decode(image, FIRST).data.tobytes()
    wanted = bytearray(edit_rom.first)
    for number in (5, 20):
        wanted[LEAD + 32 * number : LEAD + 32 * number + 32] = encode_tiles(simple[None], 4).tobytes()
    assert data == wanted
    assert checksum.is_right(image, edit_rom.rom.header_offset)
    assert [write.offset for write in patch.rom] == sorted(write.offset for write in patch.rom)
    assert patch.summary == "walk: 2 tiles changed: hal block at 0x8123"
    assert bps.apply(edit_rom.rom.data, bps.create(edit_rom.rom.data, image)) == image
    assert ips.apply(edit_rom.rom.data, ips.create(edit_rom.rom.data, image)) == image


def test_nothing_outside_of_the_block_and_the_checksum_changes(sheet: Sheet, edit_rom: EditRom) -> None:
    plan = plan_for(edit_rom, with_tiles(sheet, {7: np.zeros((8, 8), np.uint8)}))
    image = np.frombuffer(apply_patch(edit_rom.rom.data, to_patch(plan)), np.uint8)
    places = np.flatnonzero(image != edit_rom.rom.data)
    end = FIRST + plan.blocks[0].old_packed_size
    header = range(0x7FDC, 0x7FE0)
    assert all(FIRST <= place < end or place in header for place in places.tolist())


def test_the_bytes_left_over_keep_their_content(sheet: Sheet, edit_rom: EditRom) -> None:
    blank = dict.fromkeys(range(FIRST_TILES), np.zeros((8, 8), np.uint8))
    plan = plan_for(edit_rom, with_tiles(sheet, blank))
    (block,) = plan.blocks
    assert len(block.new_packed) < block.old_packed_size // 4
    image = apply_patch(edit_rom.rom.data, to_patch(plan))
    start = FIRST + len(block.new_packed)
    assert image[start : block.end] == edit_rom.rom.data[start : block.end].tobytes()


def test_an_unchanged_sheet_gives_an_empty_patch(sheet: Sheet, edit_rom: EditRom) -> None:
    plan = plan_for(edit_rom, EditedSheet(sheet, sheet.compose().pixels))
    patch = to_patch(plan)
    assert (plan.blocks, plan.notes, patch.rom) == ((), (), ())
    assert patch.summary == "walk: nothing was changed"
    assert apply_patch(edit_rom.rom.data, patch) == edit_rom.rom.data.tobytes()


def test_an_edit_that_does_not_fit_is_refused_with_the_numbers(sheet: Sheet, edit_rom: EditRom) -> None:
    noise = np.random.default_rng(9).integers(0, 16, (FIRST_TILES, 8, 8), np.uint8)
    plan = plan_for(edit_rom, with_tiles(sheet, dict(enumerate(noise))))
    (block,) = plan.blocks
    new, old = len(block.new_packed), block.old_packed_size
    with pytest.raises(
        InjectError,
        match=rf"at 0x8123 does not fit: it packs to {new} bytes, its place holds {old}, {new - old} too many; "
        "draw with fewer colours",
    ):
        to_patch(plan)


def test_another_rom_is_refused_with_both_hashes(sheet: Sheet, edit_rom: EditRom) -> None:
    image = bytearray(edit_rom.rom.data)
    image[0x30000] ^= 1
    other = Rom.from_bytes(image, "other.sfc")
    edited = with_tiles(sheet, {0: np.zeros((8, 8), np.uint8)})
    with pytest.raises(InjectError, match=rf"{edit_rom.rom.sha256}, that of other\.sfc is {other.sha256}"):
        plan_edit(other, [HAL], edited)
    with pytest.raises(PatchError, match=f"{edit_rom.rom.sha256}, this one has {other.sha256}"):
        apply_patch(other.data, to_patch(plan_for(edit_rom, edited)))


@pytest.mark.parametrize("start", ["adjacent", "content"])
def test_a_start_without_proof_needs_force(edit_rom: EditRom, start: StartEvidence) -> None:
    sheet = sheet_from_block(edit_rom.rom, HAL, FIRST, start=start, lead=LEAD)
    edited = with_tiles(sheet, {0: np.zeros((8, 8), np.uint8)})
    with pytest.raises(InjectError, match=rf"hal block at 0x8123 .* is '{start}': .*--force"):
        plan_for(edit_rom, edited)
    assert to_patch(plan_for(edit_rom, edited, force=True)).rom


def test_a_traced_start_needs_no_force(edit_rom: EditRom) -> None:
    sheet = sheet_from_block(edit_rom.rom, HAL, FIRST, start="traced", lead=LEAD)
    assert to_patch(plan_for(edit_rom, with_tiles(sheet, {0: np.zeros((8, 8), np.uint8)}))).rom


def test_two_blocks_of_one_sheet_change_together(edit_rom: EditRom) -> None:
    first = sheet_from_block(edit_rom.rom, HAL, FIRST, palette=PALETTE, start="pointer", lead=LEAD)
    second = sheet_from_block(edit_rom.rom, HAL, SECOND, palette=PALETTE, start="pointer")
    both = replace(
        first,
        kind="metasprite",
        width=16,
        height=8,
        cells=(replace(first.cells[9], x=0, y=0), replace(second.cells[9], x=8, y=0)),
    )
    blank = np.zeros((8, 8), np.uint8)
    plan = plan_for(edit_rom, with_tiles(both, {0: blank, 1: blank}))
    assert [block.block_offset for block in plan.blocks] == [FIRST, SECOND]
    image = apply_patch(edit_rom.rom.data, to_patch(plan))
    assert not HAL.decode(image, FIRST).data[LEAD + 288 : LEAD + 320].any()
    assert not HAL.decode(image, SECOND).data[288:320].any()


def test_uncompressed_tiles_change_where_they_stand(edit_rom: EditRom) -> None:
    sheet = sheet_from_raw(edit_rom.rom, RAW, 12, palette=PALETTE)
    tile = draw_tiles(1, 99)[0]
    plan = plan_for(edit_rom, with_tiles(sheet, {3: tile, 4: tile}))
    image = apply_patch(edit_rom.rom.data, to_patch(plan))
    assert image[RAW + 96 : RAW + 160] == encode_tiles(tile[None], 4).tobytes() * 2
    assert plan.notes == ()


def test_other_places_of_the_same_uncompressed_tile_are_noted(edit_rom: EditRom) -> None:
    image = bytearray(edit_rom.rom.data)
    image[0x30001 : 0x30001 + 32] = image[RAW : RAW + 32]
    rom = Rom.from_bytes(image, "twice.sfc")
    sheet = sheet_from_raw(rom, RAW, 1)
    (note,) = plan_edit(rom, [], with_tiles(sheet, {0: np.zeros((8, 8), np.uint8)})).notes
    assert note == (
        "the edited tile at 0x10007 also occurs in uncompressed bytes at 0x30001; those copies stay as they are; "
        "--everywhere edits them too"
    )


def test_copies_of_many_tiles_are_one_note_whose_places_have_one_order(edit_rom: EditRom) -> None:
    image = bytearray(edit_rom.rom.data)
    places = [0x30001 + 0x101 * copy for copy in range(4)]
    for at in places:
        image[at : at + 32] = image[RAW : RAW + 32]
    image[0x38001 : 0x38001 + 32] = image[RAW + 64 : RAW + 96]
    rom = Rom.from_bytes(image, "often.sfc")
    blank = np.zeros((8, 8), np.uint8)
    (note,) = plan_edit(rom, [], with_tiles(sheet_from_raw(rom, RAW, 4), {0: blank, 2: blank})).notes
    shown = ", ".join(f"uncompressed bytes at {at:#x}" for at in places)
    assert note == (
        f"2 of 2 edited tiles in 2 places also occur in {shown} and 1 more places; those copies stay as they are; "
        "--everywhere edits them too"
    )


@pytest.fixture(scope="module")
def index(edit_rom: EditRom) -> RomIndex:
    return RomIndex.build(edit_rom.rom, [HAL])


def test_with_an_index_tiles_of_other_blocks_are_noted(edit_rom: EditRom, sheet: Sheet, index: RomIndex) -> None:
    edited = with_tiles(sheet, {0: np.zeros((8, 8), np.uint8), 30: np.zeros((8, 8), np.uint8)})
    plan = plan_edit(edit_rom.rom, [HAL], edited, index=index, force=True)
    (note,) = plan.notes
    assert note.startswith("1 of 2 edited tiles of the hal block at 0x8123 also occurs in the hal block at 0xa0")
    second = sheet_from_block(edit_rom.rom, HAL, SECOND)
    both = [edited, with_tiles(second, {0: np.zeros((8, 8), np.uint8)})]
    assert plan_edits(edit_rom.rom, [HAL], both, index=index, force=True).notes == ()


def test_sheets_that_edit_one_block_go_together_unless_they_disagree(edit_rom: EditRom, sheet: Sheet) -> None:
    blank, full = np.zeros((8, 8), np.uint8), np.full((8, 8), 3, np.uint8)
    plan = plan_edits(
        edit_rom.rom, [HAL], [with_tiles(sheet, {0: blank, 3: full}), with_tiles(sheet, {3: full, 9: blank})]
    )
    assert [tile.byte_offset for tile in plan.blocks[0].changes] == [LEAD, LEAD + 96, LEAD + 288]
    with pytest.raises(InjectError, match="the tile at byte 0x6f is edited in two ways; edit it in one sheet only"):
        plan_edits(edit_rom.rom, [HAL], [with_tiles(sheet, {3: full}), with_tiles(sheet, {3: blank})])


def test_with_an_index_its_evidence_counts_and_not_the_sheets(edit_rom: EditRom, sheet: Sheet, index: RomIndex) -> None:
    edited = with_tiles(sheet, {30: np.zeros((8, 8), np.uint8)})
    assert sheet.cells[30].origin == edit_rom.first_origin(30)  # the sheet says "pointer", but nothing points there
    with pytest.raises(InjectError, match="'content': the game may read it from another start"):
        plan_edit(edit_rom.rom, [HAL], edited, index=index)


@pytest.mark.parametrize("bpp", [2, 8])
def test_the_index_says_how_the_start_is_known_for_tiles_of_every_depth(
    edit_rom: EditRom, index: RomIndex, bpp: TileDepth
) -> None:
    sheet = sheet_from_block(edit_rom.rom, HAL, FIRST, start="pointer", bpp=bpp)
    edited = with_tiles(sheet, {3: np.zeros((8, 8), np.uint8), 4: np.zeros((8, 8), np.uint8)})
    with pytest.raises(InjectError, match="'content': the game may read it from another start"):
        plan_edit(edit_rom.rom, [HAL], edited, index=index)


def proven(edit_rom: EditRom, *starts: int) -> RomIndex:
    return RomIndex.build(edit_rom.rom, [HAL], known_starts={"hal": np.array(starts, np.uint32)})


@pytest.mark.parametrize("bpp", [2, 4, 8])
@pytest.mark.parametrize("force", [False, True])
def test_uncompressed_tiles_are_not_written_over_a_proven_block(edit_rom: EditRom, bpp: TileDepth, force: bool) -> None:
    end = FIRST + HAL.decode(edit_rom.rom.data, FIRST).consumed
    index = proven(edit_rom, FIRST)
    for at, inside in ((FIRST - 8 * bpp, False), (FIRST - 8 * bpp + 1, True), (end - 1, True), (end, False)):
        sheet = sheet_from_raw(edit_rom.rom, at, 1, bpp=bpp)
        edited = with_tiles(sheet, {0: 1 - np.minimum(sheet.compose().pixels, 1)})
        if inside:
            with pytest.raises(InjectError, match=f"tile at {at:#x} is inside the hal block at 0x8123; export the"):
                plan_edit(edit_rom.rom, [HAL], edited, index=index, force=force)
        else:
            assert plan_edit(edit_rom.rom, [HAL], edited, index=index, force=force).blocks


def test_a_block_whose_packed_bytes_another_proven_block_has_too_needs_force(
    edit_rom: EditRom, sheet: Sheet, index: RomIndex
) -> None:
    families = index.families
    end = FIRST + HAL.decode(edit_rom.rom.data, FIRST).consumed
    twins = families[(families["offset"] + families["packed_size"] == end) & (families["offset"] != FIRST)]
    twin = int(twins["offset"][0])
    edited = with_tiles(sheet, {30: np.zeros((8, 8), np.uint8)})
    assert plan_edit(edit_rom.rom, [HAL], edited, index=proven(edit_rom, FIRST)).blocks
    both = proven(edit_rom, FIRST, twin)
    with pytest.raises(InjectError, match=rf"shares packed bytes with the hal block at {twin:#x}.*--force"):
        plan_edit(edit_rom.rom, [HAL], edited, index=both)
    seen = both.with_traced({"hal": np.array([FIRST], np.uint32)})
    for one, force in ((both, True), (seen, False)):
        notes = plan_edit(edit_rom.rom, [HAL], edited, index=one, force=force).notes
        assert f"shares packed bytes with the hal block at {twin:#x}" in notes[0]


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        (Origin("hal", FIRST, LEAD + 1, "pointer"), "does not hold the sheet's tile at byte 0x10"),
        (Origin("hal", FIRST, 0xFFFF, "pointer"), "does not hold the sheet's tile at byte 0xffff"),
        (Origin("hal", FIRST + 1, LEAD, "pointer"), "0x8124"),
        (Origin("hal", 0xFFFFFF, 0, "pointer"), "no hal stream at 0xffffff"),
        (Origin("lz2", FIRST, 0, "pointer"), "names the codec 'lz2'; known are hal, raw"),
        (Origin("raw", FIRST, 0, "pointer"), "does not hold the sheet's tile"),
        (Origin("raw", 0xFFFFF0, 0, "pointer"), "does not hold the sheet's tile"),
        (Origin("raw", FIRST, 4, "pointer"), "names a byte offset"),
    ],
)
def test_an_origin_that_is_not_true_is_refused(edit_rom: EditRom, sheet: Sheet, origin: Origin, message: str) -> None:
    cells = (replace(sheet.cells[0], origin=origin), *sheet.cells[1:])
    edited = with_tiles(replace(sheet, cells=cells), {0: np.zeros((8, 8), np.uint8)})
    with pytest.raises(InjectError, match=message):
        plan_for(edit_rom, edited)


def test_planning_ends_when_its_token_is_cancelled(edit_rom: EditRom, sheet: Sheet) -> None:
    edited, token = with_tiles(sheet, {0: np.full((8, 8), 1, np.uint8)}), CancelToken()
    plan = plan_edit(edit_rom.rom, [HAL], edited, cancel=token)
    assert plan.blocks == plan_edit(edit_rom.rom, [HAL], edited).blocks
    token.cancel()
    with pytest.raises(CancelledError):
        plan_edit(edit_rom.rom, [HAL], edited, cancel=token)


def test_tiles_that_share_bytes_must_agree(edit_rom: EditRom, sheet: Sheet) -> None:
    """Two cells half a tile apart in the block: an edit of one changes the other's bytes as well."""
    half = edit_rom.first[LEAD + 16 : LEAD + 48]
    cells = (sheet.cells[0], replace(sheet.cells[1], tile=half, origin=Origin("hal", FIRST, LEAD + 16, "pointer")))
    both = replace(sheet, width=16, height=8, cells=cells)
    tiles = {0: np.full((8, 8), 15, np.uint8), 1: np.full((8, 8), 1, np.uint8)}
    with pytest.raises(InjectError, match="shares bytes with another edited tile"):
        plan_for(edit_rom, with_tiles(both, tiles))


def test_a_stream_across_a_bank_edge_is_no_block(edit_rom: EditRom) -> None:
    image = bytearray(edit_rom.rom.data)
    packed = HAL.encode(edit_rom.second)
    image[0x17FF0 : 0x17FF0 + len(packed)] = packed
    rom = Rom.from_bytes(image, "edge.sfc")
    with pytest.raises(InjectError, match="0x17ff0 crosses the bank edge at 0x18000"):
        sheet_from_block(rom, HAL, 0x17FF0)


def test_a_rom_without_header_is_patched_without_a_checksum(edit_rom: EditRom) -> None:
    image = bytearray(edit_rom.rom.data)
    image[0x7FC0:0x8000] = bytes(64)
    rom = Rom.from_bytes(image, "bare.sfc", mapping=Mapping.LOROM)
    sheet = sheet_from_block(rom, HAL, FIRST, start="pointer", lead=LEAD)
    patch = to_patch(plan_edit(rom, [HAL], with_tiles(sheet, {0: np.zeros((8, 8), np.uint8)})))
    assert [write.offset for write in patch.rom] == [FIRST]


def test_a_patch_that_expects_something_else_is_refused(edit_rom: EditRom, sheet: Sheet) -> None:
    patch = to_patch(plan_for(edit_rom, with_tiles(sheet, {0: np.zeros((8, 8), np.uint8)})))
    write = replace(patch.rom[1], expected=bytes(len(patch.rom[1].data)))
    with pytest.raises(PatchError, match="does not hold what the patch expects at 0x8123"):
        apply_patch(edit_rom.rom.data, replace(patch, rom=(write,)))
    outside = replace(patch.rom[1], offset=0x40000 - 4)
    with pytest.raises(PatchError, match="outside the ROM"):
        apply_patch(edit_rom.rom.data, replace(patch, rom=(outside,)))


@pytest.mark.parametrize("bpp", [2, 4, 8])
def test_blocks_of_every_depth_can_be_edited(edit_rom: EditRom, bpp: int) -> None:
    depth = {2: 2, 4: 4, 8: 8}[bpp]
    assert depth in (2, 4, 8)
    sheet = sheet_from_block(edit_rom.rom, HAL, SECOND, start="pointer", bpp=depth)  # type: ignore[arg-type]
    assert len(sheet.cells) == 24 * 4 // bpp
    patch = to_patch(plan_for(edit_rom, with_tiles(sheet, {1: np.zeros((8, 8), np.uint8)})))
    data = HAL.decode(apply_patch(edit_rom.rom.data, patch), SECOND).data
    assert not data[8 * bpp : 16 * bpp].any()
    assert data[16 * bpp :].tobytes() == edit_rom.second[16 * bpp :]


@settings(deadline=None)
@given(st.data())
def test_random_edits_decode_to_what_was_drawn_or_do_not_fit(
    edit_rom: EditRom, sheet: Sheet, data: st.DataObject
) -> None:
    numbers = data.draw(st.lists(st.integers(0, FIRST_TILES - 1), max_size=4, unique=True))
    tiles = {
        number: data.draw(npst.arrays(np.uint8, (8, 8), elements=st.integers(0, 15), fill=st.integers(0, 15)))
        for number in numbers
    }
    plan = plan_for(edit_rom, with_tiles(sheet, tiles))
    try:
        patch = to_patch(plan)
    except InjectError:
        assert len(plan.blocks[0].new_packed) > plan.blocks[0].old_packed_size
        return
    decoded = HAL.decode(apply_patch(edit_rom.rom.data, patch), FIRST).data
    shown = decode_tiles(decoded[LEAD : LEAD + 32 * FIRST_TILES].tobytes(), 4)
    expected = decode_tiles(edit_rom.first[LEAD : LEAD + 32 * FIRST_TILES], 4)
    for number, tile in tiles.items():
        expected[number] = tile
    assert (shown == expected).all()
    assert decoded[:LEAD].tobytes() == edit_rom.first[:LEAD]
    assert decoded[LEAD + 32 * FIRST_TILES :].tobytes() == edit_rom.first[LEAD + 32 * FIRST_TILES :]
