"""Measures how many frames of real programs are composed as the cores draw them, and whether wrong ones say so.

Run with `python tests/benchmarks/picture_truth.py FOLDER`: every .sfc and .smc file below it runs on each core, and its
picture at each of the frames is compared with the composed one, pixel by pixel. A frame belongs to one of five groups:

    plain     no raster effects
    HDMA      HDMA wrote to the PPU, and its writes are known
    unknown   there may have been writes that are not known: by IRQ code, or from a table in a memory that is not read
    older     the core ran on after it drew its picture (bsnes-mercury with the NMI off): the two may be a frame apart
    none      the screen cannot be composed; the host does not know a register

`silent` are frames that differ although nothing but the comparison with the core's picture would say so: neither the
composed screen's notes nor the snapshot's `raster_effects`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from halscope import decode_frame
from halscope.hosts.embedded import EmbeddedHost
from halscope.ppu import with_raster
from halscope.ppu.compare import compare_picture
from halscope.ppu.compose import compose_screen
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table
from halscope_hooks import HalscopeError, Snapshot, UsageError

FRAMES: Final = (30, 60, 90, 120, 150, 180)
CORES: Final = ("snes9x", "bsnes-mercury-accuracy")
GROUPS: Final = ("plain", "HDMA", "unknown", "older", "none")


@dataclass(frozen=True)
class Measured:
    """One frame of one program on one core."""

    core: str
    program: str
    frame: int
    group: str
    differing: int
    said: tuple[str, ...]


def measure(core: str, program: Path, frames: Sequence[int]) -> list[Measured]:
    """Run a program and compare its picture at these frames. Raises HalscopeError if it does not run."""
    rom = Rom.load(program)
    found = []
    with EmbeddedHost(program, core) as host:
        for frame in range(max(frames)):
            snapshot = host.step()
            if frame + 1 in frames:
                found.append(compared(core, program.name, frame + 1, snapshot, rom))
    return found


def compared(core: str, program: str, frame: int, snapshot: Snapshot, rom: Rom) -> Measured:
    """Compare one snapshot's picture."""
    snapshot = with_raster(snapshot, rom.data, page_table(rom.mapping, len(rom.data)))
    decoded = decode_frame(snapshot)
    try:
        comparison = compare_picture(decoded)
        said = compose_screen(decoded).ignored
    except UsageError as error:
        return Measured(core, program, frame, "none", 0, (str(error),))
    assert comparison is not None
    if snapshot.ages:
        group, said = "older", (*said, "the picture is older than the memories")
    elif snapshot.raster_effects == "unknown":
        group, said = "unknown", (*said, "raster effects: unknown")
    else:
        group = "plain" if snapshot.raster is None or not len(snapshot.raster) else "HDMA"
    return Measured(core, program, frame, group, comparison.count, said)


def report(measured: Sequence[Measured]) -> None:
    """Print the shares of each core and group, and the programs with differing frames."""
    for core in dict.fromkeys(one.core for one in measured):
        for group in GROUPS:
            frames = [one for one in measured if (one.core, one.group) == (core, group)]
            if not frames:
                continue
            equal = sum(one.differing == 0 for one in frames)
            silent = sum(one.differing > 0 and not one.said for one in frames)
            print(
                f"{core:24} {group:8} {len(frames):5} frames, {equal:5} equal ({equal / len(frames):.2%}), "
                f"{silent:4} differ silently"
            )
        wrong = [one for one in measured if one.core == core and one.differing]
        for program, count in Counter(one.program for one in wrong).most_common():
            frames = [one for one in wrong if one.program == program]
            groups = "/".join(dict.fromkeys(one.group for one in frames))
            pixels = sorted(one.differing for one in frames)
            print(f"    {program:44} {count} {groups:14} pixels {pixels[0]} to {pixels[-1]}  {frames[0].said}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--core", action="append", help=f"default: {', '.join(CORES)}")
    parser.add_argument("--only", default="", help="programs with this text in their names")
    parser.add_argument("--skip", default="?", help="leave out programs with this text in their paths")
    parser.add_argument("--frames", type=int, nargs="+", default=FRAMES)
    parser.add_argument("--json", type=Path, help="write every frame's result to this file")
    options = parser.parse_args()
    measured = []
    programs = sorted(
        path
        for path in options.folder.rglob("*")
        if path.suffix.lower() in (".sfc", ".smc") and options.only in path.name and options.skip not in str(path)
    )
    for core in options.core or CORES:
        for program in programs:
            try:
                found = measure(core, program, options.frames)
            except HalscopeError as error:
                print(f"{core}: {program.name}: {error}", file=sys.stderr)
                continue
            measured += found
            wrong = sum(one.differing > 0 for one in found)
            print(f"{core}: {program.name}: {wrong} of {len(found)} differ", file=sys.stderr, flush=True)
    report(measured)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in measured]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
