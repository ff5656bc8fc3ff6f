"""The soak: many snapshots through sessions with threads, while everything that can go wrong does, at random.

    python tests/support/soak.py [--snapshots 200000] [--seed N]

Prints one line and ends with 0 where every rule held; else says which did not. A deadlock ends it with all stacks.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from halscope.session import Job, Session, Subscription, Tap
from halscope.session._engine import Engine
from halscope.session._locks import check_locks
from halscope_hooks import HalscopeError
from support.made_host import eventually
from support.soak_life import ENDINGS, Life
from support.soak_people import (
    Findings,
)

STUCK = 120.0  # seconds without a new life, after which it is a deadlock


def soak(snapshots: int, seed: int, life: int = 4000) -> Findings:
    """Run it; lives have `life` snapshots each, about."""
    findings, rng = Findings(), random.Random(seed)
    usual = sys.getswitchinterval()
    left, number = snapshots, 0
    with tempfile.TemporaryDirectory() as folder:
        while left > 0 and len(findings.breaches) < 20:
            faulthandler.dump_traceback_later(STUCK, exit=True)
            sys.setswitchinterval(rng.choice((1e-6, 1e-4, usual)))
            # Checked locks are slower, so that other things meet: every third life has the plain ones.
            findings.breaches += check_locks(number % 3 != 2)
            check_locks(number % 3 != 2).clear()
            count = min(left, rng.randrange(life // 2, 3 * life // 2))
            began = len(findings.breaches)
            one = Life(rng, findings, Path(folder), rival=number % 4 == 3)
            try:
                one.run(count, ENDINGS[number % len(ENDINGS)])
            except HalscopeError as error:
                findings.breach(f"life {number}: {error!r}")
            findings.breaches[began:] = [f"life {number}: {what}" for what in findings.breaches[began:]]
            left -= count
            number += 1
            del one
    findings.breaches += check_locks(False)
    sys.setswitchinterval(usual)
    faulthandler.cancel_dump_traceback_later()
    gc.collect()
    if not eventually(lambda: not left_over()):
        findings.breach(f"left in memory: {left_over()}")
    return findings


def left_over() -> dict[str, int]:
    """Objects of sessions that are still there."""
    gc.collect()
    counts: dict[str, int] = {}
    for thing in gc.get_objects():
        if isinstance(thing, (Session, Engine, Job, Subscription, Tap)):
            counts[type(thing).__name__] = counts.get(type(thing).__name__, 0) + 1
    return counts


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
