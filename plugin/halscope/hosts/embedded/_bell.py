"""The bell: the child wakes the parent when it has published a frame."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Final, final

from halscope.hosts.embedded._platform import bell_pipe

FRAME: Final = b"."
TROUBLE: Final = b"!"
"""What the bell says: a frame was published, or the core has failed."""
_MOST: Final = 4096


@final
class Bell:
    """The parent's end: a pipe. On Windows there is none, and the parent looks at the ring a thousand times a second.

    Raises:
        OSError: There is no pipe left.
    """

    def __init__(self) -> None:
        self.passed: Sequence[int] = ()
        """Descriptors that the child must inherit."""
        self.pipe: int | None = None
        """Descriptor to wait for; `None` where there is no bell."""
        self.key = ""
        """What the child makes its `Ringer` of."""
        if (ends := bell_pipe()) is not None:
            self.pipe, theirs = ends
            self.passed, self.key = (theirs,), str(theirs)

    def take(self) -> bytes:
        """Return what the bell has said since the last call; empty once the child has ended."""
        return b"" if self.pipe is None else os.read(self.pipe, _MOST)

    def close_passed(self) -> None:
        """Close what only the start of the child needed."""
        passed, self.passed = self.passed, ()
        for descriptor in passed:
            os.close(descriptor)

    def close(self) -> None:
        """Close the pipe. Idempotent."""
        pipe, self.pipe = self.pipe, None
        if pipe is not None:
            os.close(pipe)


@final
class Ringer:
    """The child's end.

    Args:
        key: The parent's `Bell.key`.
    """

    def __init__(self, key: str) -> None:
        self._pipe = int(key) if key else None

    def ring(self, what: bytes) -> None:
        """Say something. Never waits: a parent that has not listened for long finds enough in the pipe."""
        if self._pipe is not None:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(self._pipe, what)
