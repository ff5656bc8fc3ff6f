"""What `halscope play --watch` takes of a processor beside the core: processor time a second of play.

    python tests/benchmarks/play_cost.py [--seconds N] [--settled] [--core CORE] [--rom ROM] [--json]

Plays the demo in real time in a process of its own, waits until the first sheet is written, and then counts the
processor time of that process and its children, while more sheets appear. From that it takes what the bare core needs
for as many frames of the same game, at the same 60 frames a second: after each pause its caches are cold, so that
takes longer than without pauses, which is printed beside it.
Linux alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from halscope.demo import rom_path
from halscope.hosts.libretro import find_core
from support.figures import machine

TESTS = Path(__file__).resolve().parents[1]
TARGET = 0.15  # of one processor
FRAMES_A_SECOND = 60.0988
SETTLED = 3.0  # seconds without a new sheet after which the count begins
PATIENCE = 120.0


def ticks(pid: int) -> float:
    """Return the processor time of a process and of its living children, in seconds."""
    return _own(pid) + sum(ticks(child) for child in _children(pid))


def _own(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc(5)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def bare(core: Path, rom: Path, frames: int, rate: float = math.inf) -> float:
    """Return the processor time of a frame of the bare core, in seconds, at so many frames a second."""
    command = [sys.executable, str(TESTS / "support" / "bare_core.py"), str(core), str(rom), str(frames), str(rate)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@contextlib.contextmanager
def playing(rom: Path, core: Path, watch: Path, more: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Play, and end it by Ctrl-C. A line on its input is answered by the number of frames it has run."""
    play = TESTS / "support" / "counted_play.py"
    command = [sys.executable, str(play), "play", str(rom), "--core", str(core), "--watch", str(watch), *more]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def frames(process: subprocess.Popen[str]) -> int:
    """Return how many frames were run."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def settle(watch: Path, process: subprocess.Popen[str], *, first: bool) -> None:
    """Wait until the index is there: a sheet is written. Unless `first`, until none has been new for some seconds."""
    until = time.monotonic() + PATIENCE
    known, since = 0, time.monotonic()
    while known == 0 or (not first and time.monotonic() - since < SETTLED):
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit("play ended, or wrote no sheets")
        time.sleep(0.25)
        there = len(list(watch.rglob("*.json")))
        if there != known:
            known, since = there, time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long it is measured (20)")
    parser.add_argument("--settled", action="store_true", help="begin once no sheet has been new for three seconds")
    parser.add_argument("--core", help="a libretro core, by path or name")
    parser.add_argument("--rom", type=Path, help="another ROM than the demo")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("more", nargs="*", help="behind --: further options for play")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the game is ended too
    core = find_core(options.core)
    with tempfile.TemporaryDirectory() as name, rom_path() as demo:
        watch, rom = Path(name) / "w", options.rom or demo
        flat_out, own = bare(core, rom, 600), bare(core, rom, 600, FRAMES_A_SECOND)
        with playing(rom, core, watch, options.more) as process:
            settle(watch, process, first=not options.settled)
            before = frames(process), _own(process.pid), ticks(process.pid), time.monotonic()
            time.sleep(options.seconds)
            after = frames(process), _own(process.pid), ticks(process.pid), time.monotonic()
    run, parent, whole, took = (end - start for start, end in zip(before, after, strict=True))
    # At 60 frames a second: a machine that is busy with other things may not have run as many.
    each_frame = (parent / run, whole / run, own, flat_out)
    parent, whole, own, flat_out = (FRAMES_A_SECOND * each for each in each_frame)
    if options.json:
        shares = {"play": parent, "child": whole - parent - own, "beside": whole - own}
        print(json.dumps({"core": own, "core_flat_out": flat_out, **shares}))
        return
    print(f"{machine()}; {core.name}; {run} frames, {run / took:.1f} a second")
    print(f"the bare core: {own:.1%} of a processor at {FRAMES_A_SECOND:.1f} frames a second, with pauses between them")
    print(f"the same frames without pauses: {flat_out:.1%}, so beside them it is {whole - flat_out:.1%}")
    print(f"beside it: {whole - own:.1%}: {parent:.1%} in play, {whole - parent - own:.1%} in the core's process")
    print(f"target: at most {TARGET:.0%}: {'met' if whole - own <= TARGET else 'NOT MET'}")


if __name__ == "__main__":
    main()
