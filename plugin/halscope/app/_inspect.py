"""Pictures of the sprites in memory dumps or a savestate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from halscope_hooks import TILE_BYTES, UsageError

from halscope._files import write_atomic
from halscope.app._moments import one_state
from halscope.app._workspace import Workspace
from halscope.export.pictures import indexed_png
from halscope.ppu import decode_frame
from halscope.ppu.obj import sprite_colours


def inspect_files(
    files: Sequence[Path], obsel: int | None, workspace: Workspace | None, folder: Callable[[], Path]
) -> list[dict[str, Any]]:
    """Decode the sprites of memory dumps or of a savestate, and write each as a PNG.

    Raises:
        UsageError: No file contains OBSEL and it was not given, or the files contain more than one state.
        FormatError: A file does not match the format that its size or first bytes indicate.
    """
    snapshot = one_state(files, obsel).snapshot
    frame = decode_frame(snapshot)
    if frame.sprites_unknown:
        raise UsageError(f"{files[0]}: {frame.sprites_unknown}; memory dumps do not hold that register: give --obsel N")
    origins = None if workspace is None else workspace.index().locate_vram(snapshot.vram)
    target = folder()
    rows: list[dict[str, Any]] = []
    for sprite in frame.sprites:
        png = target / f"sprite-{sprite.index:03}.png"
        write_atomic(png, indexed_png(sprite.pixels, sprite_colours(frame.snapshot, sprite), 0))
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
        rows.append(row)
    return rows
