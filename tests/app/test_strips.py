"""Strips in a watched folder: written once, when a figure shows nothing new any more; edited ones are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope import decode_frame
from halscope.app import Workspace
from halscope.app._collecting import Collecting
from halscope.app._live_strips import LiveStrips
from halscope.app._rom_edits import RomEdits
from halscope.app._sheet_folder import SheetFolder
from halscope.app._strips import Strips, recorded_strips
from halscope.codecs.hal import HAL
from halscope.export import bps
from halscope.formats.recording import RecordingWriter
from halscope.inject import EditedSheet, apply_patch, read_sheet, to_patch
from halscope.ppu.compose import compose_screen
from halscope.project import EditList
from halscope_hooks import Changes, ImageError, Patch, Snapshot, Update, UsageError
from PIL import Image, ImageSequence
from pypatchergba import patcher
from support.edit_rom import FIRST, LEAD, EditRom, make_edit_rom
from support.edit_scene import Entry, make_snapshot
from support.planning import plan_edit
from support.probe_rom import expected_registers

FOLDER = f"hal-{FIRST:06x}"


@pytest.fixture(scope="module")
def edit_rom() -> EditRom:
    return make_edit_rom()


@pytest.fixture(scope="module")
def workspace(edit_rom: EditRom, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    path = tmp_path_factory.mktemp("strips") / "game.sfc"
    path.write_bytes(edit_rom.rom.data.tobytes())
    workspace = Workspace.open(path)
    workspace.index()
    return workspace


def moment(
    edit_rom: EditRom, number: int, picture: int, x: int = 100, *, hflip: bool = False, twin: int | None = None
) -> Snapshot:
    """A figure of 16x16 pixels, into whose place in VRAM the game streams picture after picture; at `twin` is another
    one, mirrored."""
    tiles = bytearray(18 * 32)
    for part, at in enumerate((0, 1, 16, 17)):
        data = edit_rom.first[LEAD + 32 * (4 * picture + part) :][:32]
        tiles[32 * at : 32 * at + 32] = data
    twins = [] if twin is None else [Entry(twin, 80, 0, hflip=not hflip)]
    return replace(make_snapshot(bytes(tiles), [Entry(x, 80, 0, hflip=hflip), *twins]), frame=number)


class Game:
    """Frames of the figure, fed to the strips of a folder as a running game feeds them."""

    def __init__(self, edit_rom: EditRom, workspace: Workspace, folder: Path) -> None:
        self.lines: list[str] = []
        self._edit_rom = edit_rom
        self._running = RomEdits(workspace, EditList(workspace.rom.sha256))
        self.strips = LiveStrips(SheetFolder(folder, self.lines.append), [FOLDER], self.lines.append)
        self._frame = 0

    def show(self, pictures: Sequence[int]) -> None:
        for picture in pictures:
            snapshot = moment(self._edit_rom, self._frame, picture)
            update = Update(frame=decode_frame(snapshot), origins=None, changes=Changes())
            origins = self._running.workspace.index().locate_vram(snapshot.vram)
            self.strips.look(self._running, update, origins)
            self._frame += 1


@pytest.mark.parametrize("sprite", [0, 1])
def test_of_two_figures_that_mirror_each_other_the_chosen_one_is_collected(
    edit_rom: EditRom, workspace: Workspace, tmp_path: Path, sprite: int
) -> None:
    updates = []
    for number, picture in enumerate([1] * 4 + [2] * 4 + [3] * 4):
        # The first one leaves after a while, and the other one stays.
        snapshot = moment(edit_rom, number, picture, 40 if number < 6 else 250, twin=160)
        origins = workspace.index().locate_vram(snapshot.vram)
        updates.append(Update(frame=decode_frame(snapshot), origins=origins, changes=Changes()))
    collecting = Collecting(workspace, updates[0], sprite)
    for update in updates[1:]:
        collecting.look(update)
    assert collecting.describe()["count"] == 3, "one of them shows all pictures"
    with Image.open(collecting.write("gif", tmp_path)) as animation:
        shown = {frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(animation)}
    assert len(shown) == (2, 3)[sprite]


@pytest.mark.slow
def test_a_strip_is_written_once_and_what_comes_later_is_a_strip_of_its_own(
    edit_rom: EditRom, workspace: Workspace, tmp_path: Path
) -> None:
    game = Game(edit_rom, workspace, tmp_path)
    first, second = (tmp_path / FOLDER / f"{name}.png" for name in ("strip", "strip-2"))
    game.show([1] * 10 + [2] * 100)
    assert not first.exists(), "the figure may still show something new"
    game.show([1, 2] * 30)
    assert (read_sheet(first).sheet.width, len(read_sheet(first).sheet.cells)) == (32, 8)
    first.write_bytes(b"being edited")
    game.show([3] * 130)
    assert first.read_bytes() == b"being edited"
    sheet = read_sheet(second).sheet
    assert {cell.origin.byte_offset for cell in sheet.cells if cell.origin} == {
        LEAD + 32 * tile for tile in range(12, 16)
    }
    game.strips.finish()
    assert [path.name for path in sorted((tmp_path / FOLDER).glob("*.png"))] == ["strip-2.png", "strip.png"]
    assert [line.partition(":")[0] for line in game.lines] == [f"{FOLDER}/strip.png", f"{FOLDER}/strip-2.png"]


def test_the_next_run_writes_only_what_no_strip_has(edit_rom: EditRom, workspace: Workspace, tmp_path: Path) -> None:
    for pictures, names in (([1, 1, 1, 2, 2, 2], {"strip"}), ([2] * 4 + [4] * 4, {"strip", "strip-2"})):
        game = Game(edit_rom, workspace, tmp_path)
        game.show(pictures)
        game.strips.finish()
        assert {path.stem for path in (tmp_path / FOLDER).glob("*.png")} == names
    assert len(read_sheet(tmp_path / FOLDER / "strip-2.png").sheet.cells) == 4


def with_picture(snapshot: Snapshot, *, right: bool) -> Snapshot:
    """The moment with the emulator's picture: the composed one, or another one."""
    ppu = expected_registers({"obsel": 0x63, "inidisp": 0x0F, "tm": 0x10})
    shown = compose_screen(decode_frame(replace(snapshot, ppu=ppu))).rgb
    shown = shown if right else shown ^ np.uint8(0x80)
    return replace(snapshot, ppu=ppu, picture=shown, raster_effects="none")


@pytest.mark.parametrize("wrong", [(), (2,), (1, 2)])
def test_a_strip_says_that_a_picture_differs_from_the_emulators(
    edit_rom: EditRom, workspace: Workspace, wrong: tuple[int, ...]
) -> None:
    strips = Strips(workspace, [FOLDER])
    for number, picture in enumerate([1] * 3 + [2] * 3):
        snapshot = with_picture(moment(edit_rom, number, picture), right=picture not in wrong)
        strips.add(decode_frame(snapshot), lambda vram=snapshot.vram: workspace.index().locate_vram(vram))  # type: ignore[misc]
    (strip,) = strips.settled(None)
    assert strip.pictures == 2
    assert ["differ from the emulator's picture" in doubt for doubt in strip.sheet.doubts] == [True] * bool(wrong)
    assert strips.doubts_of(FOLDER) == strip.sheet.doubts


def test_a_figure_that_never_comes_is_named(edit_rom: EditRom, workspace: Workspace, tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "run.hrec", emulator="test") as writer:
        for number in range(12):
            writer.append(moment(edit_rom, number, 1 + number // 4 % 2, hflip=number > 8))
    (strip,) = recorded_strips(workspace, tmp_path / "run.hrec", [FOLDER])
    assert (strip.name, strip.pictures) == (f"{FOLDER}/strip", 2)
    with pytest.raises(UsageError, match=r"shows no figure 'hal-000001'; `extract --recording"):
        recorded_strips(workspace, tmp_path / "run.hrec", ["hal-000001"])


def test_a_tile_that_is_streamed_has_no_place_in_vram_and_one_that_stays_has(
    edit_rom: EditRom, workspace: Workspace
) -> None:
    strips = Strips(workspace, [FOLDER])
    for number, picture in enumerate([1] * 5 + [2] * 5):
        snapshot = moment(edit_rom, number, picture)
        strips.add(decode_frame(snapshot), lambda vram=snapshot.vram: workspace.index().locate_vram(vram))  # type: ignore[misc]
    for _ in strips.settled(None):
        break  # the file could not be written
    (strip,) = strips.settled(None)
    assert {cell.vram_byte for cell in strip.sheet.cells} == {None}
    assert list(strips.settled(None)) == [], "a picture is in one strip"


@pytest.mark.parametrize("seed", range(4))
def test_random_pictures_of_a_strip_are_painted_and_nothing_else_changes(
    edit_rom: EditRom, workspace: Workspace, seed: int
) -> None:
    """The figure streams nine pictures; the ROM after the patch is decoded, and shows them as they were painted."""
    rng = np.random.default_rng(seed)
    strips = Strips(workspace, [FOLDER])
    for number in range(54):
        snapshot = moment(edit_rom, number, number // 6)
        strips.add(decode_frame(snapshot), lambda vram=snapshot.vram: workspace.index().locate_vram(vram))  # type: ignore[misc]
    (strip,) = strips.settled(None)
    assert strip.pictures == 9
    pixels = strip.sheet.compose().pixels
    for field in rng.choice(9, 3, replace=False).tolist():
        part = pixels[:, 16 * field : 16 * field + 16]
        part[part > 0] = rng.integers(1, 16)
    plan = plan_edit(
        workspace.rom, [HAL], EditedSheet(strip.sheet, pixels, "strip.png"), index=workspace.index(), force=True
    )
    image = bytes(bps_apply(workspace.rom.data.tobytes(), to_patch(plan)))
    data = HAL.decode(image, FIRST).data.tobytes()
    cells = tuple(
        replace(cell, tile=data[cell.origin.byte_offset :][:32])
        for cell in strip.sheet.cells
        if cell.origin is not None
    )
    np.testing.assert_array_equal(replace(strip.sheet, cells=cells).compose().pixels, pixels)
    assert data[:LEAD] + data[LEAD + 32 * 36 :] == edit_rom.first[:LEAD] + edit_rom.first[LEAD + 32 * 36 :]


def bps_apply(rom: bytes, patch: Patch) -> bytes:
    """The patch as a BPS, applied by an independent program."""
    return bytes(patcher.apply_bps(rom, bps.create(rom, apply_patch(rom, patch))))


def test_more_pictures_than_fit_are_one_clear_line(edit_rom: EditRom, workspace: Workspace) -> None:
    from halscope.inject import StripPicture, sheet_from_metasprite, sheet_from_strip
    from halscope.ppu.grouping import group_sprites

    frame = decode_frame(moment(edit_rom, 0, 1))
    origins = workspace.index().locate_vram(frame.snapshot.vram)
    (group,) = group_sprites(frame)
    sheet = sheet_from_metasprite(frame, group, origins, workspace.rom)
    far = [StripPicture(sheet, group.palettes, 0, 0), StripPicture(sheet, group.palettes, 900, 900)]
    with pytest.raises(ImageError, match="hero: 2 pictures of 916x916 pixels with 8 tiles are too many for one sheet"):
        sheet_from_strip(far, title="hero")
    assert np.array_equal(sheet_from_strip(far[:1], title="hero").compose().pixels, sheet.compose().pixels)
