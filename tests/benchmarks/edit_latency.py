"""How long a saved PNG takes to the frame of the running game that shows it, in milliseconds.

    python tests/benchmarks/edit_latency.py [--edits N] [--core CORE] [--json]

`halscope play --watch --json` plays the demo in real time in a process of its own. A sheet on the screen is saved with
one of two drawings in turn, by renaming a new file over it. Measured is the time from that to the line that reports the
first frame with the edited tiles in VRAM, so the time to print the line is in it.

The demo loads the poses of a figure into one place of VRAM, and a sheet holds one pose. Where the game loads the next
pose in the frame of the write, the edit is seen when its pose comes again, 16 to 25 frames later: a few in a hundred.
The figure without those is printed too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from halscope.demo import rom_path
from halscope.hosts.libretro import find_core
from halscope.inject import read_sheet
from support.figures import machine

TARGET = 100.0  # milliseconds, of 95 in 100 edits
PATIENCE = 120.0
POSE = 8  # frames from the write to the picture above which the pose must have been away


def drawings(png: Path) -> list[bytes]:
    """Return the sheet with all its opaque pixels in its first colour, and in its last."""
    made = []
    with Image.open(png) as image:
        shown = np.asarray(image.convert("RGBA"))
    colours = np.unique(shown[shown[:, :, 3] > 0], axis=0, sorted=True)
    for colour in (colours[0], colours[-1]):
        drawn = shown.copy()
        drawn[shown[:, :, 3] > 0] = colour
        other = png.with_name("drawn.tmp")
        Image.fromarray(drawn).save(other, "PNG")
        made.append(other.read_bytes())
        other.unlink()
    return made


def editable(folder: Path) -> Path | None:
    """Return the sheet with the most tiles, if all of them can be edited."""
    found = {
        path: read_sheet(path).sheet.cells for path in folder.glob("hal-*/*.png") if path.with_suffix(".json").exists()
    }
    whole = [path for path, cells in found.items() if all(cell.origin is not None for cell in cells)]
    return max(whole, key=lambda path: len(found[path]), default=None)


@contextlib.contextmanager
def playing(core: Path, watch: Path) -> Iterator[subprocess.Popen[str]]:
    """Play, and end it by Ctrl-C."""
    with (
        rom_path() as rom,
        subprocess.Popen(
            [sys.executable, "-m", "halscope", "play", str(rom), "--core", str(core), "--watch", str(watch), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def measured(process: subprocess.Popen[str], watch: Path, count: int) -> tuple[list[float], list[int]]:
    """Save and wait, `count` times; return the milliseconds, and the frames from the write to the picture."""
    assert process.stdout is not None
    png, sides, times, frames = None, list[bytes](), list[float](), list[int]()
    until = time.monotonic() + PATIENCE
    saved, pause = 0.0, 30
    for line in process.stdout:
        if time.monotonic() > until:
            raise SystemExit("no sheet was written, or no edit was shown")
        said = json.loads(line)
        if "edit" in said and said["shown_frame"] is None:  # the game has loaded another scene
            saved, pause, png = 0.0, 30, None
        elif "edit" in said:
            times.append((time.monotonic() - saved) * 1e3)
            frames.append(said["shown_frame"] - said["written_frame"])
            saved, pause, until = 0.0, 5 + len(times) * 7 % 13, time.monotonic() + PATIENCE
            if len(times) == count:
                break
        elif saved == 0.0 and (pause := pause - 1) <= 0:  # at any moment of a frame, and of a second
            if png is None:
                pause, png = 30, editable(watch)
                sides = [] if png is None else drawings(png)
                continue
            time.sleep(len(times) % 7 * 0.002)
            fresh = png.with_name("fresh.tmp")
            fresh.write_bytes(sides[len(times) % 2])
            fresh.replace(png)
            saved = time.monotonic()
    return times, frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=60, help="how many (60)")
    parser.add_argument("--core", help="a libretro core, by path or name")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    core = find_core(options.core)
    with tempfile.TemporaryDirectory() as name, playing(core, watch := Path(name) / "w") as process:
        times, frames = measured(process, watch, options.edits)
    half, most = (float(np.percentile(times, part)) for part in (50, 95))
    stayed = [time for time, passed in zip(times, frames, strict=True) if passed <= POSE]
    away, most_stayed = len(times) - len(stayed), float(np.percentile(stayed, 95))
    if options.json:
        figures = {"edits": len(times), "p50_ms": half, "p95_ms": most, "frames": max(frames)}
        print(json.dumps(figures | {"away": away, "p95_ms_not_away": most_stayed}))
        return
    print(f"{machine()}; {core.name}; {len(times)} edits")
    print(f"from the saved file to the frame that shows it: median {half:.0f} ms, 95 in 100 within {most:.0f} ms")
    print(f"of that, at most {max(frames)} frames from the write to the frame")
    print(f"without {away} edits whose pose the game had replaced: 95 in 100 within {most_stayed:.0f} ms")
    print(f"target: 95 in 100 within {TARGET:.0f} ms: {'met' if most <= TARGET else 'NOT MET'}")


if __name__ == "__main__":
    main()
