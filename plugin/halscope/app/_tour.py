"""The tour behind `halscope demo`: our own game on a real core, looked at, edited while it runs, and patched."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope_hooks import HalscopeError, Snapshot
from numpy.typing import NDArray
from PIL import Image

from halscope._files import write_atomic
from halscope.app._live import LiveEdits
from halscope.app._pictures import Names, boxes_of, entries_of, groups_of, screen_of, write_frame_pictures
from halscope.app._sheets import write_patch
from halscope.app._workspace import Workspace
from halscope.demo import rom_path, truth
from halscope.export.pictures import Entry, before_after, overview, png_bytes
from halscope.hosts import libretro
from halscope.inject.builders import sheet_from_block
from halscope.inject.place import apply_patch
from halscope.inject.sheet import write_sheet
from halscope.ppu.cgram import obj_palette
from halscope.rom.index import TILE_BYTES
from halscope.session import Session, Update

PATCH_NAME: Final = "halscope-demo-edited.bps"
REPORT_NAME: Final = "report.json"
MARGIN: Final = 4  # pixels around an edit that its enlargement shows too
HERO: Final = "pip"
HERO_TILES_ACROSS: Final = 4  # the hero's frames are 32×32: four tiles in a row of a block
EDITED_SCENE: Final = "meadow"
LOOK_AFTER: Final = 120  # frames into a scene at which it is looked at
LASTING: Final = 600  # frames that the edit must stay
LONGEST_LOAD: Final = 600  # frames; a scene is decoded and faded in well within

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SceneReport:
    """What was seen of a scene."""

    name: str
    frame: int
    sprites: int
    tiles: int
    located: int
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TourReport:
    """What the tour saw and made; paths are relative to its folder."""

    emulator: str
    rom_sha256: str
    scenes: tuple[SceneReport, ...]
    edited_blocks: tuple[str, ...]
    edited_tiles: int
    changed_pixels: int
    stays_changed: bool
    patched_rom_shows_the_same: bool
    patch: str
    pictures: tuple[str, ...]


class _Game:
    """The demo ROM on a core, driven by its own variables."""

    def __init__(self, session: Session, facts: dict[str, Any]) -> None:
        if not isinstance(session.host, libretro.LibretroHost):
            raise TypeError(f"the tour runs on a libretro core, not on {session.host!r}")
        self.host = session.host
        self.session = session
        self._symbols: dict[str, int] = facts["symbols"]
        self._scenes: list[str] = [scene["name"] for scene in facts["scenes"]]

    def word(self, snapshot: Snapshot, symbol: str) -> int:
        if snapshot.wram is None:
            raise HalscopeError("the demo needs a host that reads WRAM")
        at = self._symbols[symbol]
        return int(snapshot.wram[at]) | int(snapshot.wram[at + 1]) << 8

    def scene(self, snapshot: Snapshot) -> str | None:
        """The scene that is fully on screen, or `None` while one loads."""
        if self.word(snapshot, "ready") & 0xFF != 1:
            return None
        number = self.word(snapshot, "scene") & 0xFF
        return self._scenes[number] if number < len(self._scenes) else None

    def next_frame(self) -> Snapshot:
        return self.until("its next frame", lambda _snapshot: True)

    def until(self, what: str, condition: Callable[[Snapshot], bool]) -> Snapshot:
        for _ in range(LONGEST_LOAD):
            snapshot = self.session.advance()
            if snapshot is not None and condition(snapshot):
                return snapshot
        raise HalscopeError(f"the demo ROM did not come to {what} within {LONGEST_LOAD} frames on this core")

    def into(self, scene: str, scene_frame: int) -> Snapshot:
        """Press Start until the scene is there, and run it for so many frames."""
        held = False

        def there(snapshot: Snapshot) -> bool:
            nonlocal held
            now = self.scene(snapshot)
            held = now is not None and now != scene and not held
            self.host.press({"start"} if held else set())
            return now == scene and self.word(snapshot, "scene_frame") >= scene_frame

        return self.until(f"the scene {scene}", there)

    def reload(self, scene: str, scene_frame: int) -> Snapshot:
        """Press Select, which loads the scene again, decoding everything, and run it for so many frames."""
        self.host.press({"select"})
        self.until("a reload", lambda snapshot: self.scene(snapshot) is None)
        return self.into(scene, scene_frame)


def run_tour(folder: Path, core: str | None, report: Report) -> TourReport:
    """Run the whole tour.

    Args:
        folder: Where the pictures, the edit sheets, the patch and the report go; it is there already.
        core: A core's name or path; `None`: the first that is found.
        report: Takes a line for the person at each step.

    Raises:
        HostError: There is no core, or it cannot do what the tour needs.
        HalscopeError: A step failed, or a file cannot be written.
    """
    facts = truth()
    names = block_names(facts)
    with rom_path() as path:
        workspace = Workspace.open(path)
        report(f"indexing {workspace.rom.title}")
        workspace.index()
        with Session(libretro.LibretroHost(path, core), locate=workspace.tracker()) as session:
            game = _Game(session, facts)
            scenes, update = _look_around(game, workspace, names, facts, folder, report)
            edit = _edit(game, workspace, update, facts, folder, report)
        if edit.edits.patch is None:
            raise HalscopeError("the tour's brush changed nothing; the demo ROM and the tour do not fit each other")
        write_patch(workspace.rom, edit.edits.patch, folder / PATCH_NAME)
        patched = apply_patch(workspace.rom.data, edit.edits.patch)
        booted = _patched_picture(game, patched, core, facts, edit.after)
    return _write_report(folder, session.host.info.emulator, workspace, names, scenes, update, edit, booted)


def block_names(facts: dict[str, Any]) -> Names:
    """What the demo's build calls its blocks and its uncompressed sheets."""
    blocks = {("hal", block["offset"]): block["name"] for block in facts["blocks"]}
    return blocks | {("raw", raw["offset"]): raw["name"] for raw in facts["raw"]}


def _look_around(
    game: _Game, workspace: Workspace, names: Names, facts: dict[str, Any], folder: Path, report: Report
) -> tuple[list[SceneReport], Update]:
    """Visit each scene, write its pictures, and come back to the one that is edited."""
    scenes = []
    for number, scene in enumerate(facts["scenes"], 1):
        name = scene["name"]
        update = game.session.feed(game.into(name, LOOK_AFTER))
        pictures = write_frame_pictures(update, workspace, folder, f"{number}-{name}", names)
        asked = located = 0
        if update.origins is not None:
            asked = int(update.origins.informative.sum())
            located = sum(bool(places) for places in update.origins.origins)
        sprites = sum(len(group.indices) for group in groups_of(update))
        scenes.append(
            SceneReport(
                name, update.snapshot.frame, sprites, asked, located, tuple(picture.name for picture in pictures)
            )
        )
        report(f"{name}: {sprites} sprites on screen, {located} of {asked} tiles in VRAM found in the ROM")
    # From a reset, so that the patched ROM can later be brought to the very same moment.
    game.host.reset()
    return scenes, game.session.feed(game.into(EDITED_SCENE, LOOK_AFTER))


@dataclass(frozen=True, slots=True, eq=False)
class _Edit:
    """The edit, and what the running game showed."""

    edits: LiveEdits
    blocks: tuple[str, ...]
    before: Snapshot
    after: Snapshot
    stays: bool


def _edit(
    game: _Game, workspace: Workspace, update: Update, facts: dict[str, Any], folder: Path, report: Report
) -> _Edit:
    """Export the hero's blocks, paint on them as an image editor would, and bring them into the running game."""
    sheets = _paint_hero(workspace, update.snapshot, facts, folder)
    edits = LiveEdits(workspace, game.session, report=report)
    state = game.host.save_state()
    before = game.next_frame()
    game.host.load_state(state)
    edits.bring_in(sheets, update.snapshot)
    after = game.next_frame()
    report(f"repainted {', '.join(path.stem for path in sheets)} in the running game")
    moments = [after, game.reload(EDITED_SCENE, LOOK_AFTER)]
    game.session.advance(LASTING)
    moments.append(game.into(EDITED_SCENE, LOOK_AFTER))
    stays = all(shows_edit(moment, edits) for moment in moments)
    report(f"after {LASTING} frames and two reloads of the scene the edit {'is still there' if stays else 'is GONE'}")
    return _Edit(edits, tuple(path.stem for path in sheets), before, after, stays)


def shows_edit(snapshot: Snapshot, edits: LiveEdits) -> bool:
    """Whether VRAM holds edited tiles, and none of them as they were before."""
    if edits.plan is None:
        return False
    tiles = {snapshot.vram[at : at + TILE_BYTES].tobytes() for at in range(0, snapshot.vram.size, TILE_BYTES)}
    changes = [tile for block in edits.plan.blocks for tile in block.tiles]
    return any(tile.new in tiles for tile in changes) and not any(tile.old in tiles for tile in changes)


def _patched_picture(
    game: _Game, patched: bytes, core: str | None, facts: dict[str, Any], after: Snapshot
) -> NDArray[np.uint8]:
    """Boot the patched ROM and return its picture at the same moment of the same scene."""
    with Session(libretro.LibretroHost(patched, core)) as session:
        again = _Game(session, facts)
        return picture_of(again.into(EDITED_SCENE, game.word(after, "scene_frame")))


def picture_of(snapshot: Snapshot) -> NDArray[np.uint8]:
    """The core's picture, uint8[h, 256, 3]. Raises HalscopeError where it gave none."""
    if snapshot.picture is None:
        raise HalscopeError(f"the core gave no picture for frame {snapshot.frame}; try another core")
    return snapshot.picture


def _write_report(
    folder: Path,
    emulator: str,
    workspace: Workspace,
    names: Names,
    scenes: list[SceneReport],
    update: Update,
    edit: _Edit,
    booted: NDArray[np.uint8],
) -> TourReport:
    before, after = picture_of(edit.before), picture_of(edit.after)
    changed = (before != after).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not rows.size:
        raise HalscopeError("the edit is not on the core's screen; try another core with --core")
    crop = (
        int(columns[0]) - MARGIN,
        int(rows[0]) - MARGIN,
        int(columns[-1] - columns[0]) + 1 + 2 * MARGIN,
        int(rows[-1] - rows[0]) + 1 + 2 * MARGIN,
    )
    plan = edit.edits.plan
    tiles = 0 if plan is None else sum(len(block.tiles) for block in plan.blocks)
    packed = () if plan is None else tuple((block.old_packed_size, len(block.new_packed)) for block in plan.blocks)
    notes = (
        "Edited while it runs",
        f"{tiles} tiles in {len(packed)} compressed blocks",
        f"packed: {sum(old for old, _ in packed)} bytes before, {sum(new for _, new in packed)} after",
        f"the same in {PATCH_NAME}",
    )
    pictures = {
        "edit-before-after.png": before_after(
            before, after, f"{', '.join(edit.blocks)} repainted in the running game", crop=crop
        ),
        "edit-patched-rom.png": before_after(
            before, booted, f"{PATCH_NAME}, applied and booted", crop=crop, captions=("the ROM", "the patched ROM")
        ),
        "overview.png": overview(
            screen_of(update),
            boxes_of(update, names),
            _telling(entries_of(update, names)),
            before,
            after,
            title="Halscope: every sprite, where it comes from, and an edit in the running game",
            subtitle=f"{workspace.rom.title} on {emulator}, frame {update.snapshot.frame}",
            crop=crop,
            notes=notes,
        ),
    }
    for name, picture in pictures.items():
        write_atomic(folder / name, png_bytes(picture))
    report = TourReport(
        emulator=emulator,
        rom_sha256=workspace.rom.sha256,
        scenes=tuple(scenes),
        edited_blocks=edit.blocks,
        edited_tiles=tiles,
        changed_pixels=int(changed.sum()),
        stays_changed=edit.stays,
        patched_rom_shows_the_same=bool(np.array_equal(booted, after)),
        patch=PATCH_NAME,
        pictures=(*(picture for scene in scenes for picture in scene.pictures), *pictures),
    )
    write_atomic(folder / REPORT_NAME, json.dumps(asdict(report), indent=2).encode() + b"\n")
    return report


def _telling(entries: list[Entry]) -> list[Entry]:
    """One card for each name, the largest sprites first."""
    by_name = {entry.title.split(" ", 1)[1]: entry for entry in reversed(entries)}
    return sorted(by_name.values(), key=lambda entry: -entry.pixels.size)


def _paint_hero(workspace: Workspace, snapshot: Snapshot, facts: dict[str, Any], folder: Path) -> list[Path]:
    """Write the edit sheets of every block that the hero's frames come from, and repaint them in place."""
    scene = next(scene for scene in facts["scenes"] if scene["name"] == EDITED_SCENE)
    palette = obj_palette(snapshot.cgram, scene["obj_palettes"].index(HERO))
    slot = next(slot for slot in scene["slots"] if slot["name"] == HERO)
    wanted = {frame["block"] for frame in slot["frames"]}
    starts = {block.offset: block.start for block in workspace.blocks(min_score=0)}
    written = []
    for block in facts["blocks"]:
        if block["name"] not in wanted:
            continue
        sheet = sheet_from_block(
            workspace.rom,
            workspace.codec("hal"),
            block["offset"],
            palette=palette,
            start=starts.get(block["offset"], "content"),
            lead=block["lead"],
            columns=HERO_TILES_ACROSS,
            title=block["name"],
        )
        png, _ = write_sheet(sheet, None, folder / f"{block['name']}.png")
        repaint(png)
        written.append(png)
    return written


def repaint(png: Path) -> None:
    """Paint on a sheet as an image editor would: in RGBA, saved without the metadata. Fur turns blue, the scarf orange.

    Entries of the palette "pip": 3 to 6 are the fur from dark to light, 10 to 12 the scarf. The fur gets two shades,
    not four, because the blocks must fit where they stood, and the game's packer left 1 to 2 % of room.
    """
    new_entry = {3: 10, 4: 10, 5: 11, 6: 11, 10: 3, 11: 5, 12: 6}
    with Image.open(png) as image:
        entries = np.asarray(image)
        shown = np.asarray(image.convert("RGBA")).copy()
        colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    for old, new in new_entry.items():
        shown[entries == old, :3] = colours[new]
    stream = png_bytes(Image.fromarray(shown))
    write_atomic(png, stream)
