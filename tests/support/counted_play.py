"""`halscope play` in this process. Each line on standard input is answered.

An empty line by the number of frames that it has run, "all" by a JSON object of `Counts` in benchmarks/page_figures.py.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from halscope.app import _play
from halscope.cli import main
from support.threads import processor_times, resident

_NAME = "run_in_real_time"
_run = getattr(_play, _NAME)


class _Seen:
    frames = 0
    came: ClassVar[deque[tuple[int, float]]] = deque(maxlen=60_000)  # frames and the wall clock when they came


def _counted(*arguments: Any, **named: Any) -> Iterator[Any]:
    for snapshot in _run(*arguments, **named):
        _Seen.frames = snapshot.frame + 1
        _Seen.came.append((snapshot.frame, time.time()))
        yield snapshot


def _all() -> dict[str, Any]:
    return {
        "frames": _Seen.frames,
        "resident": resident(),
        "threads": processor_times(),
        "came": [_Seen.came.popleft() for _ in range(len(_Seen.came))],  # kept, they would be growth
    }


def _answer(output: int) -> None:
    for line in sys.stdin:
        os.write(output, (json.dumps(_all()) + "\n").encode() if line.strip() == "all" else b"%d\n" % _Seen.frames)


if __name__ == "__main__":
    setattr(_play, _NAME, _counted)
    output = os.dup(1)  # a command keeps descriptor 1 for itself
    threading.Thread(target=_answer, args=(output,), daemon=True).start()
    sys.exit(main())
