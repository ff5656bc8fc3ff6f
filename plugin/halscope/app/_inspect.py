"""Pictures of the sprites in memory dumps or a savestate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from halscope_hooks import TILE_BYTES, Sprite, UsageError, VramOrigins

from halscope._files import write_atomic
from halscope.app._doubts import doubts
from halscope.app._figure_rows import palette_texts
from halscope.app._judged import judged_frame
from halscope.app._moments import check_rom, one_state
from halscope.app._pictures import Source, legend, on_screen, source_of, sprite_entry
from halscope.app._workspace import Workspace
from halscope.export.pictures import captioned, indexed_png, png_bytes, sprite_sheet
from halscope.ppu.obj import sprite_colours

SHEET: str = "sprites.png"


@dataclass(frozen=True, slots=True)
class Inspection:
    """The sprites of a state.

    Args:
        rows: The JSON form of each of the 128 sprites, in OAM order.
        shown: The sprites with an opaque pixel on the screen, each with the OAM entries that are equal to it, and where
            its tiles are from.
        hidden: The OAM entries of the others.
        palettes: The colours of the OBJ palettes that are shown, `#rrggbb`, by number.
        sheet: Picture of the shown sprites, enlarged.
        doubts: What may be wrong with the pictures.
        warning: Why the ROM may be another one than that of the state, or `None`.
    """

    rows: list[dict[str, Any]]
    shown: list[tuple[Sprite, list[int], Source | None]]
    hidden: list[int]
    palettes: dict[int, list[str]]
    sheet: Path
    doubts: tuple[str, ...]
    warning: str | None = None


def inspect_files(
    files: Sequence[Path], obsel: int | None, workspace: Workspace | None, folder: Callable[[], Path]
) -> Inspection:
    """Decode the sprites of memory dumps or of a savestate, and write each as a PNG, and those on screen as a sheet.

    Raises:
        UsageError: No file contains OBSEL and it was not given, or the files contain more than one state.
        FormatError: A file does not match the format that its size or first bytes indicate.
    """
    snapshot = one_state(files, obsel).snapshot
    frame = judged_frame(snapshot, None if workspace is None else workspace.rom)
    notes = doubts(frame)
    if frame.sprites_unknown:
        raise UsageError(f"{files[0]}: {frame.sprites_unknown}; memory dumps do not hold that register: give --obsel N")
    origins = None if workspace is None else workspace.index().locate_vram(snapshot.vram)
    target = folder()
    rows: list[dict[str, Any]] = []
    for sprite in frame.sprites:
        png = target / f"sprite-{sprite.index:03}.png"
        write_atomic(png, indexed_png(sprite.pixels, sprite_colours(frame.snapshot, sprite), 0))
        rows.append(_row(sprite, png, origins))
    visible = [sprite for sprite in frame.sprites if on_screen(sprite) and sprite.pixels.any()]
    equal: dict[tuple[object, ...], list[Sprite]] = {}
    for sprite in visible:
        equal.setdefault(_look(sprite), []).append(sprite)
    shown = [
        (
            sprites[0],
            [sprite.index for sprite in sprites],
            None if origins is None else source_of(sprites[0].cells, origins, {}),
        )
        for sprites in equal.values()
    ]
    title = f"{files[0].name}: {len(visible)} on screen"
    entries = [sprite_entry(frame, sprite, origins, {}, workspace) for sprite, _, _ in shown]
    write_atomic(target / SHEET, png_bytes(captioned(sprite_sheet(entries, title=title), [*notes, *legend(entries)])))
    seen = {sprite.index for sprite in visible}
    return Inspection(
        rows=rows,
        shown=shown,
        hidden=[sprite.index for sprite in frame.sprites if sprite.index not in seen],
        palettes=palette_texts(frame, [sprite.palette for sprite in visible]),
        sheet=target / SHEET,
        doubts=notes,
        warning=None if workspace is None else check_rom(files[0], snapshot.rom, workspace.rom, force=True),
    )


def _look(sprite: Sprite) -> tuple[object, ...]:
    """Return what two sprites must share to look the same at the same place."""
    return (
        *(sprite.x, sprite.y, sprite.tile, sprite.large, sprite.palette, sprite.priority),
        *(sprite.hflip, sprite.vflip),
    )


def _row(sprite: Sprite, png: Path, origins: VramOrigins | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "index": sprite.index,
        "x": sprite.x,
        "y": sprite.y,
        "width": sprite.width,
        "height": sprite.height,
        "palette": sprite.palette,
        "priority": sprite.priority,
        "hflip": sprite.hflip,
        "vflip": sprite.vflip,
        "png": str(png),
    }
    if origins is not None:
        row["origins"] = [
            [asdict(origin) for origin in origins.origins[int(at) // TILE_BYTES]] for at in sprite.cells.flat
        ]
    return row
