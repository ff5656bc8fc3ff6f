"""`halscope locate`: find where raw tiles are in a ROM."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from halscope_hooks import TILE_BYTES, Origin, UsageError

from halscope._files import read_limited
from halscope.app import OriginDescriber, Workspace, block_use, origin_line, tile_origins, uses_in_sheets
from halscope.cli._common import print_json, progress_bar
from halscope.cli._output import say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from
from halscope.cli.scan import describe
from halscope.inject import transform_named

TILES_LIMIT = 0x100000


def run(options: argparse.Namespace) -> int:
    """Print the origins of each tile."""
    workspace = workspace_from(options, plugins_from(options))
    wanted = None if options.transform is None else transform_named(options.transform, workspace.rom.transforms)
    plain = options.transform is not None and wanted is None
    data = read_limited(options.tiles, TILES_LIMIT, "file of raw tiles")
    size = TILE_BYTES if wanted is None else wanted.vram_bytes
    if not data or len(data) % size:
        what = "raw 4bpp tiles" if wanted is None else f"{wanted.name} tiles in VRAM"
        raise UsageError(f"{options.tiles}: {len(data)} bytes; {what} have {size} bytes each")
    with progress_bar("indexing", "B") as progress:
        index = workspace.index(progress)
    count = len(data) // size
    units = np.frombuffer(data.ljust(-(-len(data) // TILE_BYTES) * TILE_BYTES, b"\0"), np.uint8)
    if plain or wanted is not None:
        index = index.with_transforms(() if wanted is None else (wanted,))
    found = index.locate(units)  # neighbouring tiles in the file improve the result
    each = list(found.origins) if wanted is None else tile_origins(found, wanted, count)
    if options.sheets is not None and not options.uses:
        raise UsageError("--sheets DIR is for --uses")
    frames = None if options.recording is None else _first_frames(options.recording, data, size)
    if options.json:
        describer = OriginDescriber(workspace, index.transforms)
        tiles = [
            {"origins": [describer.describe(origin) for origin in origins]}
            | ({"uses": _uses(workspace, origins, options.sheets)} if options.uses else {})
            | ({} if frames is None else {"frames": frames[number]})
            for number, origins in enumerate(each)
        ]
        print_json({"rom": describe(workspace), "tiles": tiles})
        return 0
    for number, origins in enumerate(each):
        if not origins:
            say(f"tile {number}: not found")
        for origin in origins:
            say(f"tile {number}: {origin_line(origin, workspace.rom_notes.place_name(origin))}")
        if options.uses and origins:
            say(f"tile {number}: {block_use(workspace, origins[0]).text}")
            for use in () if options.sheets is None else uses_in_sheets(options.sheets, origins[0]):
                it = f"shows it {use.same} time{'s' * (use.same != 1)}, and " if use.same else "shows "
                say(f"tile {number}: {use.sheet} {it}{use.block} tile{'s' * (use.block != 1)} of its block")
        if frames is not None:
            say(f"tile {number}: {_frames_text(frames[number])}")
    return 0


def _first_frames(recording: Path, data: bytes, size: int) -> list[dict[str, int | None]]:
    """Return for each tile the first frame in whose VRAM it is, and the first in which a sprite shows it."""
    from halscope.app import RecordedFrames, TileSearch  # which bring the session, for this option alone

    if size != TILE_BYTES:
        raise UsageError(f"--recording is for tiles of {TILE_BYTES} bytes, and these have {size}")
    with contextlib.closing(RecordedFrames(recording)) as frames:
        return [
            {
                "vram": TileSearch.first_in_vram(frames, tile).run(),
                "shown": TileSearch.first_on_screen(frames, tile).run(),
            }
            for tile in (data[at : at + size] for at in range(0, len(data), size))
        ]


def _frames_text(found: dict[str, int | None]) -> str:
    if found["vram"] is None:
        return "never in VRAM in this recording"
    shown = found["shown"]
    return f"in VRAM first in frame {found['vram']}, " + (
        "never shown by a sprite" if shown is None else f"shown by a sprite first in frame {shown}"
    )


def _uses(workspace: Workspace, origins: Sequence[Origin], sheets: Path | None) -> dict[str, Any] | None:
    """Return who uses a tile, as JSON; `None` for one that is not found."""
    if not origins:
        return None
    block = block_use(workspace, origins[0])
    found = () if sheets is None else uses_in_sheets(sheets, origins[0])
    return {"block": {**asdict(block), "text": block.text}, "sheets": [asdict(one) for one in found]}
