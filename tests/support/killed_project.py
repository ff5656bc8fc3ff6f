"""A process that saves edits in a project, one after another, is killed at a random moment; again and again.

Run as a program: `killed_project.py FOLDER ROUNDS SEED`. It is a process of its own, so that it can fork. It prints
a line of JSON: how many saves were reported, and how many rounds were killed within a save.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from halscope.project import Project
from support.rebuilt_rom import BLOCKS, TILES, Build, build, painted


def save_for_ever(folder: Path, of: Build, reports: int, number: int) -> None:
    """Save one edit after another, from this number on, and report each. No edit changes nothing, and no state of all
    blocks comes again within 800 edits."""
    with Project.open(folder, write=True) as project:
        while True:
            number += 1
            visit, block = divmod(number, BLOCKS)
            sheet = of.sheet(block)
            edit = painted(sheet, f"hal-{block:06x}/a.png", visit % TILES, colour=6 + visit % 9)
            edits = project.state.edits.put([edit], datetime.now(UTC))
            project.save(project.state.with_edits(edits), {edit.name: sheet})
            os.write(reports, f"{number}\n".encode())


def run(folder: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    of = build()
    Project.create(folder, of.rom).close()
    saved, within = 0, 0
    for _ in range(rounds):
        reader, writer = os.pipe()
        before = Project.open(folder).state.edits
        child = os.fork()
        if child == 0:
            try:
                save_for_ever(folder, of, writer, saved + within)
            except BaseException as error:
                os.write(writer, f"failed: {error}".encode())
            os._exit(1)
        os.close(writer)
        with os.fdopen(reader) as reports:
            reported = 0 if rng.random() < 0.2 else len(reports.readline().splitlines())
            time.sleep(rng.uniform(0, 0.1))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            rest = reports.read()
            assert "failed" not in rest, rest
            reported += len(rest.splitlines())
        with Project.open(folder, write=True) as project:  # the lock is free
            after = project.state.edits
            made = steps_between(before, after)
            assert reported <= made <= reported + 1, f"{reported} saves reported, {made} in the project"
            for edit in after.edits:
                assert project.sheet(edit.name) is not None, edit.name
                assert project.picture(edit) is not None, edit.name
            left = [path for path in folder.rglob(".*") if path.name != ".gitignore"]
            assert not left, left
            assert not (folder / "journal").exists()
            assert not project.painted(), "each sheet is one that the project knows"
        saved += reported
        within += made - reported
    print(json.dumps({"saved": saved, "within": within}))


def steps_between(before: object, after: object) -> int:
    """How many steps the second list has that the first has not; the oldest are dropped in long ones."""
    old, new = before.states, after.states  # type: ignore[attr-defined]
    last = max(number for number, state in enumerate(new) if state == old[-1])
    return len(new) - 1 - last


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
