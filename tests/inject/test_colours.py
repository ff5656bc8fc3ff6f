"""Edits of colours: planned, patched, booted on a core, and written into the running game."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Workspace
from halscope.demo import rom_path, truth
from halscope.inject import (
    ColourEdit,
    EditPlan,
    PaletteColour,
    PaletteSheet,
    SheetEdit,
    apply_patch,
    live_writes,
    palette_edit,
    plan_changes,
    read_edited_palette,
    read_palette_sheet,
    source_path,
    to_patch,
    write_palette_sheet,
)
from halscope.ppu.cgram import to_rgb
from halscope.project import EditList
from halscope.rom.colours import ColourIndex, colour_buffers
from halscope_hooks import HalscopeError, InjectError, Origin, Snapshot
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import lab_truth
from support.demo_game import DemoGame
from support.edit_lists import edit_list_from_json, edit_list_to_json
from support.lab_game import LabGame
from support.lab_variants import Variant

Colours = NDArray[np.uint16]
LOUD = 0x7C1F
"""Magenta, which nothing in these games has."""


@cache
def demo() -> tuple[Workspace, ColourIndex]:
    with rom_path() as path:
        workspace = Workspace.open(path)
        return workspace, ColourIndex(workspace.index())


@cache
def lab() -> tuple[Workspace, ColourIndex]:
    workspace = Workspace.open(lab_truth.IMAGE)
    return workspace, ColourIndex(workspace.index())


def edit_of(workspace: Workspace, colours: ColourIndex, cgram: Colours, changed: dict[int, int]) -> SheetEdit:
    """The edit that changes these colours of CGRAM at their best places: 16 at a time, as palettes are edited."""
    found = colours.locate(cgram)
    runs = []
    for number, new in changed.items():
        first = number // 16 * 16
        origin = found.at(first)[0]
        old = colours.colours_at(origin, 16)
        edited = old.copy()
        edited[number - first] = new
        runs.append(ColourEdit(origin, old, edited, tuple(range(first, first + 16))))
    return palette_edit("palette.gpl", "the palette", workspace.rom.sha256, runs)


def plan_of(workspace: Workspace, edit: SheetEdit) -> EditPlan:
    return plan_changes(workspace.rom, workspace.plugins.codecs(), [edit], index=workspace.index())


def loud_pixels(snapshot: Snapshot) -> int:
    assert snapshot.picture is not None
    return int((snapshot.picture == to_rgb(np.uint16(LOUD))).all(axis=-1).sum())


def most_used(snapshot: Snapshot) -> int:
    """The OBJ colour that most of the picture's pixels have."""
    assert snapshot.picture is not None
    shown = to_rgb(snapshot.cgram)
    counts = [int((snapshot.picture == shown[number]).all(axis=-1).sum()) for number in range(128, 256)]
    return 128 + max((number for number in range(128) if number % 16), key=counts.__getitem__)


@pytest.mark.slow
def test_an_edited_palette_shows_in_the_running_game_lasts_and_boots_as_a_patch() -> None:
    workspace, colours = demo()
    with DemoGame("snes9x") as game:
        snapshot = game.go_to("meadow")
        assert loud_pixels(snapshot) == 0
        number = most_used(snapshot)
        plan = plan_of(workspace, edit_of(workspace, colours, snapshot.cgram, {number: LOUD}))
        patch = to_patch(plan)
        writes = live_writes(plan, snapshot)
        assert [(write.space, write.offset) for write in writes] == [("cgram", 2 * number)]
        game.host.write([*patch.rom, *writes])
        shown = [game.host.step() for _ in range(3)][-1]
        assert loud_pixels(shown) > 20
        assert int(game.go_to("meadow").cgram[number]) == LOUD  # loaded anew, from the edited ROM
    assert patch.summary.startswith("the palette: 1 colour changed: hal block at ")
    with DemoGame("snes9x", apply_patch(workspace.rom, patch)) as game:
        booted = game.go_to("meadow")
        assert max(loud_pixels(game.host.step()) for _ in range(4)) > 20  # the picture follows
        assert np.flatnonzero(booted.cgram != snapshot.cgram).tolist() == [number]


@pytest.mark.slow
def test_a_live_edit_goes_to_the_buffer_from_which_the_game_refreshes_cgram() -> None:
    workspace, colours = lab()
    with LabGame("bsnes-mercury-balanced") as game:
        snapshot = game.go_to("embers")
        number = next(number for number in range(1, 16) if colours.locate(snapshot.cgram).at(number))
        plan = plan_of(workspace, edit_of(workspace, colours, snapshot.cgram, {number: LOUD}))
        buffer = colour_buffers(snapshot)[0]
        writes = live_writes(plan, snapshot)
        assert {(write.space, write.offset) for write in writes} == {
            ("cgram", 2 * number),
            (buffer.space, buffer.place(number)),
        }
        game.host.write([write for write in writes if write.space != "wram"])
        lost = [game.host.step() for _ in range(3)][-1]
        assert int(lost.cgram[number]) != LOUD  # the next vblank brings the old colour from the buffer
        game.host.write(live_writes(plan, lost))
        shown = [game.host.step() for _ in range(10)][-1]
        assert int(shown.cgram[number]) == LOUD


@pytest.mark.slow
def test_a_live_edit_goes_to_the_buffer_in_bwram_of_an_sa1_game(lab_variant: Callable[[str], Variant]) -> None:
    path, truth_of_variant = lab_variant("sa1")
    mirror = next(scene for scene in truth_of_variant["scenes"] if scene["name"] == "embers")["mirror"]
    workspace = Workspace.open(path)
    with LabGame("snes9x", path) as game:
        snapshot = game.go_to("embers")
        plan = plan_of(workspace, edit_of(workspace, workspace.colours(), snapshot.cgram, {5: LOUD}))
        writes = live_writes(plan, snapshot)
        assert {(write.space, write.offset) for write in writes} == {
            ("cgram", 10),
            ("bwram", mirror["bwram_offset"] + 10),
        }
        game.host.write(writes)
        assert int([game.host.step() for _ in range(10)][-1].cgram[5]) == LOUD


def demo_snapshot(scene: str) -> Snapshot:
    """The state of a scene by the build's truth: no core is needed to find colours."""
    block = next(one for one in truth()["blocks"] if one["name"] == f"{scene}_palettes")
    cgram = demo()[1].colours_at(Origin("hal", block["offset"], 0, "traced"), 256)
    wram = np.zeros(0x20000, np.uint8)
    return Snapshot(vram=np.zeros(0x10000, np.uint8), cgram=cgram, oam=np.zeros(544, np.uint8), wram=wram, frame=0)


def test_a_second_edit_replaces_the_first_one_and_none_restores_the_original() -> None:
    workspace, colours = demo()
    snapshot = demo_snapshot("cave")
    first, second = (
        plan_of(workspace, edit_of(workspace, colours, snapshot.cgram, {131: new})) for new in (LOUD, 0x03E0)
    )
    cgram = snapshot.cgram.copy()
    cgram[131] = LOUD
    edited = Snapshot(vram=snapshot.vram, cgram=cgram, oam=snapshot.oam, wram=snapshot.wram, frame=1)
    (write,) = live_writes(second, edited, previous=first)
    assert (write.offset, write.data, write.expected) == (262, b"\xe0\x03", LOUD.to_bytes(2, "little"))
    nothing = plan_changes(workspace.rom, workspace.plugins.codecs(), [], index=workspace.index())
    (write,) = live_writes(nothing, edited, previous=first)
    assert write.data == int(snapshot.cgram[131]).to_bytes(2, "little")


def test_only_the_edited_colours_change_in_the_rom_and_bit_15_stays_as_stored() -> None:
    workspace, _ = demo()
    at = truth()["raw"][0]["offset"]  # any plain bytes
    origin = Origin("raw", at, 0, "content")
    old = demo()[1].colours_at(origin, 16)
    new = old.copy()
    new[3] = LOUD | (0x8000 if not old[3] & 0x8000 else 0)
    edit = palette_edit("p", "p", workspace.rom.sha256, [ColourEdit(origin, old, new)])
    plan = plan_of(workspace, edit)
    image = np.frombuffer(apply_patch(workspace.rom, to_patch(plan)), np.uint8)
    differs = np.flatnonzero(image != workspace.rom.data)
    header = workspace.rom.header_offset
    assert {int(place) for place in differs if not header <= place < header + 64} <= {at + 6, at + 7}
    assert int(image[at + 7]) >> 7 == int(old[3]) >> 15
    assert plan.blocks[0].name == f"palette at {at:#x}"


def test_a_palette_edit_is_kept_in_an_edit_list_beside_edited_sheets() -> None:
    workspace, colours = demo()
    edit = edit_of(workspace, colours, demo_snapshot("keep").cgram, {140: LOUD})
    edits = EditList(workspace.rom.sha256).put([edit], datetime(2026, 11, 30, tzinfo=UTC))
    again = edit_list_from_json(edit_list_to_json(edits), "edits.json")
    assert again == edits
    assert edits.put([palette_edit("palette.gpl", "", workspace.rom.sha256, [])], datetime.now(UTC)).edits == ()


@given(
    document=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-2, 1 << 17)
        | st.sampled_from(["halscope-palette", "raw", "a" * 64, ""]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["format", "version", "title", "rom", "sha256", "colours", "word", "cgram", "origin"]),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_a_source_of_any_shape_raises_our_errors_alone(
    document: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.gpl"
    source_path(path).write_text(json.dumps(document))
    with contextlib.suppress(HalscopeError):
        read_palette_sheet(path)


def test_a_written_palette_and_its_source_are_read_back(tmp_path: Path) -> None:
    origin = Origin("hal", 0x1234, 6, "pointer")
    sheet = PaletteSheet("t", "ab" * 32, (PaletteColour(0x8123, origin, 4), PaletteColour(0x7FFF)))
    write_palette_sheet(sheet, tmp_path / "p.gpl")
    assert read_palette_sheet(tmp_path / "p.gpl") == sheet
    assert read_edited_palette(tmp_path / "p.gpl").changes == ()


def test_a_palette_that_cannot_be_written_leaves_no_source_behind(tmp_path: Path) -> None:
    sheet = PaletteSheet("t", "ab" * 32, (PaletteColour(1),))
    with pytest.raises(HalscopeError, match="palettes end in"):
        write_palette_sheet(sheet, tmp_path / "p.txt")
    (tmp_path / "q.gpl").mkdir()
    with pytest.raises(HalscopeError, match="cannot be written"):
        write_palette_sheet(sheet, tmp_path / "q.gpl")
    assert [path.name for path in tmp_path.iterdir()] == ["q.gpl"]


def test_long_palettes_are_edited_in_pieces_that_a_project_can_store() -> None:
    workspace, colours = demo()
    block = next(one for one in truth()["blocks"] if one["name"] == "cave_palettes")
    origin = Origin("hal", block["offset"], 0, "traced")
    old = colours.colours_at(origin, 256)
    edit = palette_edit("p", "p", workspace.rom.sha256, [ColourEdit(origin, old, old ^ np.uint16(1))])
    edits = EditList(workspace.rom.sha256).put([edit], datetime(2026, 11, 30, tzinfo=UTC))
    assert edit_list_from_json(edit_list_to_json(edits), "edits.json") == edits
    assert np.frombuffer(b"".join(change.new for change in edit.changes), "<u2").tolist() == (old ^ 1).tolist()


def test_colours_that_the_rom_does_not_hold_are_refused() -> None:
    workspace, _ = demo()
    old = np.arange(16, dtype=np.uint16)
    edit = palette_edit("p", "p", workspace.rom.sha256, [ColourEdit(Origin("raw", 0x9000, 0, "content"), old, old + 1)])
    with pytest.raises(InjectError, match="does not hold"):
        plan_of(workspace, edit)
    with pytest.raises(InjectError, match="keeps their number"):
        palette_edit("p", "p", workspace.rom.sha256, [ColourEdit(Origin("raw", 0, 0, "content"), old, old[:3])])
