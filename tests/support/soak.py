"""The soak: many snapshots through sessions with threads, while everything that can go wrong does, at random.

    python tests/support/soak.py [--snapshots 200000] [--seed N]

Prints one line and ends with 0 where every rule held; else says which did not. A deadlock ends it with all stacks.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from halscope.session import Job, Pull, Session, Subscription, Tap
from halscope.session._engine import Engine
from halscope.session._locks import check_locks
from halscope_hooks import Frame, HalscopeError, Snapshot
from support.made_host import eventually
from support.soak_endings import ENDINGS, who_keeps
from support.soak_game import Findings, Refusals
from support.soak_life import Life, World
from support.soak_trouble import STUCK, no_alarm

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def soak(snapshots: int, seed: int, life: int = 4000) -> Findings:
    """Run it; lives have `life` snapshots each, about."""
    # No TemporaryDirectory: it would be removed by the forked children that end.
    folder, process = Path(tempfile.mkdtemp()), os.getpid()
    world = World(random.Random(seed), Findings(), folder, Refusals())
    findings = world.findings
    watch_for_errors(findings)
    signal.signal(signal.SIGALRM, no_alarm)
    usual = sys.getswitchinterval()
    try:
        with world.refusals.active():
            live(world, snapshots, life, usual)
    finally:
        if os.getpid() == process:
            shutil.rmtree(folder)
    findings.breaches += check_locks(False)
    sys.setswitchinterval(usual)
    faulthandler.cancel_dump_traceback_later()
    return findings


def live(world: World, snapshots: int, life: int, usual: float) -> None:
    """One life after the other."""
    rng, findings = world.rng, world.findings
    left, number, files = snapshots, 0, open_files()
    while left > 0 and len(findings.breaches) < 20:
        faulthandler.dump_traceback_later(STUCK, exit=True)
        sys.setswitchinterval(rng.choice((1e-6, 1e-4, usual)))
        # Checked locks are slower, so that other things meet: every third life has the plain ones.
        findings.breaches += check_locks(number % 3 != 2)
        check_locks(number % 3 != 2).clear()
        count = min(left, rng.randrange(life // 2, 3 * life // 2))
        began, ending = len(findings.breaches), ENDINGS[number % len(ENDINGS)]
        one = Life(world, rival=number % 4 == 3)
        told = f"life {number} ({one.way}, {ending})"
        try:
            one.run(count, ending)
        except HalscopeError as error:
            findings.breach(repr(error))
        left -= one.game.made
        number += 1
        del one
        if not eventually(lambda: not left_over()):
            findings.breach(f"left in memory: {left_over()}, kept by {who_keeps()}")
        if not eventually(lambda: open_files() == files):
            findings.breach(f"{open_files() - files} files are left open")
        findings.breaches[began:] = [f"{told}: {what}" for what in findings.breaches[began:]]


def left_over() -> dict[str, int]:
    """Objects of sessions that are still there."""
    gc.collect()
    counts: dict[str, int] = {}
    for thing in gc.get_objects():
        if isinstance(thing, (Session, Engine, Job, Subscription, Tap, Pull, Snapshot, Frame)):
            counts[type(thing).__name__] = counts.get(type(thing).__name__, 0) + 1
    return counts


def open_files() -> int:
    """How many file descriptors are open; 0 where the system does not say."""
    there = Path("/proc/self/fd")
    return len(list(there.iterdir())) if there.exists() else 0


def watch_for_errors(findings: Findings) -> None:
    """No thread of a session ends by an error, and no finaliser raises one, but for Ctrl-C that comes within it."""

    def unraisable(what: UnraisableHookArgs) -> None:
        if what.exc_type is KeyboardInterrupt:
            findings.count("interrupts within a finaliser")
        else:
            findings.breach(f"{what.err_msg} {what.object!r}: {what.exc_value!r}")

    sys.unraisablehook = unraisable
    threading.excepthook = lambda what: findings.breach(f"{what.thread} ended by {what.exc_value!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshots", type=int, default=200_000)
    parser.add_argument("--life", type=int, default=4000, help="snapshots of one session, about")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger("halscope").addHandler(logging.NullHandler())
    logging.getLogger("halscope").propagate = False
    begin = time.monotonic()
    findings = soak(options.snapshots, options.seed, options.life)
    told = ", ".join(f"{count} {what}" for what, count in sorted(findings.counts.items()))
    print(f"seed {options.seed}: {told}; {len(findings.breaches)} breaches in {time.monotonic() - begin:.0f} s")
    for breach in findings.breaches[:20]:
        print(f"  {breach}")
    sys.exit(bool(findings.breaches))


if __name__ == "__main__":
    main()
