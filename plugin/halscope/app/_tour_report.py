"""The tour's report, and the pictures of its edit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from halscope_hooks import HalscopeError, Snapshot, Update
from numpy.typing import NDArray

from halscope._files import write_atomic
from halscope.app._pictures import Names, boxes_of, figures_of, screen_of
from halscope.app._workspace import Workspace
from halscope.export.pictures import Entry, before_after, overview, png_bytes
from halscope.inject import EditPlan

PATCH_NAME: Final = "halscope-demo-edited.bps"
REPORT_NAME: Final = "report.json"
MARGIN: Final = 4  # pixels around an edit that its enlargement includes


@dataclass(frozen=True, slots=True)
class SceneReport:
    """What the tour found in one scene."""

    name: str
    frame: int
    sprites: int
    tiles: int
    located: int
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TourReport:
    """The results of the tour; paths are relative to its folder."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """The edit and its effect on the running game.

    Args:
        plan: The plan of all changes.
        blocks: The names of the edited blocks.
        before: The frame after the edit, as it is without the edit.
        after: The same frame with the edit.
        stays: Whether the edit was still visible after its frames and reloads.
    """

    plan: EditPlan
    blocks: tuple[str, ...]
    before: Snapshot
    after: Snapshot
    stays: bool


def picture_of(snapshot: Snapshot) -> NDArray[np.uint8]:
    """Return the core's picture, uint8[h, 256, 3]. Raises HalscopeError if there is none."""
    if snapshot.picture is None:
        raise HalscopeError(f"the core gave no picture for frame {snapshot.frame}; try another core")
    return snapshot.picture


def write_report(
    folder: Path,
    emulator: str,
    workspace: Workspace,
    names: Names,
    scenes: list[SceneReport],
    update: Update,
    edit: Edit,
    booted: NDArray[np.uint8],
) -> TourReport:
    """Write the pictures of the edit, the overview and report.json into `folder`.

    Args:
        folder: Existing folder that contains the scenes' pictures.
        emulator: Name of the emulator.
        workspace: The demo ROM.
        names: Names of its blocks.
        scenes: The report of each scene.
        update: The frame before the edit, with its origins.
        edit: The edit.
        booted: uint8[h, w, 3], the picture of the patched ROM at the frame of `edit.after`.

    Raises:
        HalscopeError: The edit is not on the screen, or a file cannot be written.
    """
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
    tiles = sum(len(block.changes) for block in edit.plan.blocks)
    packed = [(block.old_packed_size, len(block.new_packed)) for block in edit.plan.blocks]
    notes = (
        "Edited while it runs",
        f"{tiles} tiles in {len(packed)} compressed blocks",
        f"packed: {sum(old for old, _ in packed)} bytes before, {sum(new for _, new in packed)} after",
        f"the same in {PATCH_NAME}",
    )
    groups = workspace.plugins.group_sprites(update.frame)
    pictures = {
        "edit-before-after.png": before_after(
            before, after, f"{', '.join(edit.blocks)} repainted in the running game", crop=crop
        ),
        "edit-patched-rom.png": before_after(
            before, booted, f"{PATCH_NAME}, applied and booted", crop=crop, captions=("the ROM", "the patched ROM")
        ),
        "overview.png": overview(
            screen_of(update),
            boxes_of(update, groups, names),
            _telling(figures_of(update, groups, names)),
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
    """One card for each name, the largest first."""
    by_name = {entry.title: entry for entry in reversed(entries)}
    return sorted(by_name.values(), key=lambda entry: -entry.pixels.size)
