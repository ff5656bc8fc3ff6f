"""The tour behind `halscope demo`: runs the demo game on a core, inspects it, edits it while it runs, patches it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope_hooks import RAW_CODEC, TILE_BYTES, HalscopeError, Patch, Snapshot, Update
from numpy.typing import NDArray
from PIL import Image

from halscope._files import write_atomic
from halscope.app._demo_game import DemoGame
from halscope.app._game_run import Game, open_game
from halscope.app._live_edits import LiveEdits
from halscope.app._patch_files import write_patch
from halscope.app._pictures import Names, write_frame_pictures
from halscope.app._tour_report import PATCH_NAME, Edit, SceneReport, TourReport, picture_of, write_report
from halscope.app._workspace import Workspace
from halscope.demo import rom_path, truth
from halscope.export import bps
from halscope.export.pictures import png_bytes
from halscope.inject import EditPlan, sheet_from_block, write_sheet
from halscope.ppu.cgram import obj_palette

HERO: Final = "pip"
HERO_TILES_ACROSS: Final = 4  # the hero's frames are 32×32: four tiles in a row of a block
EDITED_SCENE: Final = "meadow"
LOOK_AFTER: Final = 120  # frames into a scene at which it is inspected
LASTING: Final = 600  # frames for which the edit must stay

Report = Callable[[str], None]


def run_tour(folder: Path, core: str | None, report: Report) -> TourReport:
    """Run the whole tour.

    Args:
        folder: Existing folder for the pictures, the edit sheets, the patch and the report.
        core: Name or path of a core; `None` for the first one found.
        report: Called with a line of text for the user at each step.

    Raises:
        HostError: No core was found, or it lacks a capability that the tour needs.
        HalscopeError: A step failed, or a file cannot be written.
    """
    facts = truth()
    names = block_names(facts)
    with rom_path() as path:
        workspace = Workspace.open(path)
        report(f"indexing {workspace.rom.title}")
        workspace.index()
        with open_game(Game(path, core), workspace.tracker(), workspace.plugins) as session:
            game = DemoGame(session, facts)
            scenes, update = _look_around(game, workspace, names, facts, folder, report)
            edit, patch = _edit(game, workspace, update, facts, folder, report)
        write_patch(workspace, patch, folder / PATCH_NAME)
        patched = bps.apply(path.read_bytes(), (folder / PATCH_NAME).read_bytes())
        booted = _patched_picture(patched, core, facts, game.word(edit.after, "scene_frame"))
    return write_report(folder, session.host.info.emulator, workspace, names, scenes, update, edit, booted)


def block_names(facts: dict[str, Any]) -> Names:
    """Return the names of the demo's blocks and uncompressed sheets, from its build."""
    blocks = {("hal", block["offset"]): block["name"] for block in facts["blocks"]}
    return blocks | {(RAW_CODEC, raw["offset"]): raw["name"] for raw in facts["raw"]}


def _look_around(
    game: DemoGame, workspace: Workspace, names: Names, facts: dict[str, Any], folder: Path, report: Report
) -> tuple[list[SceneReport], Update]:
    """Visit each scene, write its pictures, and return to the one that is edited."""
    scenes = []
    for number, scene in enumerate(facts["scenes"], 1):
        name = scene["name"]
        update = game.session.feed(game.into(name, LOOK_AFTER))
        pictures = write_frame_pictures(update, workspace, folder, f"{number}-{name}", names)
        asked = located = 0
        if update.origins is not None:
            asked = int(update.origins.informative.sum())
            located = update.origins.located
        sprites = sum(len(group.indices) for group in workspace.plugins.group_sprites(update.frame))
        scenes.append(
            SceneReport(
                name, update.snapshot.frame, sprites, asked, located, tuple(picture.name for picture in pictures)
            )
        )
        report(f"{name}: {sprites} sprites on screen, {located} of {asked} tiles in VRAM found in the ROM")
    # Start from a reset, so that the patched ROM can later reach exactly the same frame.
    game.console.reset()
    return scenes, game.session.feed(game.into(EDITED_SCENE, LOOK_AFTER))


def _edit(
    game: DemoGame, workspace: Workspace, update: Update, facts: dict[str, Any], folder: Path, report: Report
) -> tuple[Edit, Patch]:
    """Export the hero's blocks, repaint them as an image editor would, and apply them to the running game."""
    sheets = _paint_hero(workspace, update.snapshot, facts, folder)
    edits = LiveEdits(workspace, game.session, report=report)
    state = game.console.save_state()
    before = game.next_frame()
    game.console.load_state(state)
    edits.bring_in(sheets, update.snapshot)
    after = game.next_frame()
    report(f"repainted {', '.join(path.stem for path in sheets)} in the running game")
    moments = [after, game.reload(EDITED_SCENE, LOOK_AFTER)]
    game.session.advance(LASTING)
    moments.append(game.into(EDITED_SCENE, LOOK_AFTER))
    if edits.plan is None or edits.patch is None or not edits.plan.blocks:
        raise HalscopeError("the tour's edit changed nothing; the demo ROM does not match this version of the tour")
    stays = all(shows_edit(moment, edits.plan) for moment in moments)
    report(f"after {LASTING} frames and two reloads of the scene the edit {'is still there' if stays else 'is GONE'}")
    return Edit(edits.plan, tuple(path.stem for path in sheets), before, after, stays), edits.patch


def shows_edit(snapshot: Snapshot, plan: EditPlan) -> bool:
    """Whether VRAM contains edited tiles, and none of the tiles that they replaced."""
    tiles = {snapshot.vram[at : at + TILE_BYTES].tobytes() for at in range(0, snapshot.vram.size, TILE_BYTES)}
    changes = [tile for block in plan.blocks for tile in block.changes]
    return any(tile.new in tiles for tile in changes) and not any(tile.old in tiles for tile in changes)


def _patched_picture(patched: bytes, core: str | None, facts: dict[str, Any], scene_frame: int) -> NDArray[np.uint8]:
    """Boot the patched ROM and return its picture at `scene_frame` of the edited scene."""
    with tempfile.TemporaryDirectory(prefix="halscope-demo-") as folder:
        rom = Path(folder) / "patched.sfc"
        rom.write_bytes(patched)
        with open_game(Game(rom, core)) as session:
            return picture_of(DemoGame(session, facts).into(EDITED_SCENE, scene_frame))


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
    """Repaint a sheet as an image editor would: in RGBA, saved without metadata. Fur turns blue, the scarf orange.

    Entries of the palette "pip": 3 to 6 are the fur from dark to light, 10 to 12 the scarf. The fur gets two shades,
    not four, because the blocks must fit into their old space, of which the demo's compressor left 1 to 2 % free.
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
