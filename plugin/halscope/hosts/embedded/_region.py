"""Memory that both processes map, for the arrays of a reply; what platforms do differently about it is in this file."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
import uuid
from collections.abc import Sequence
from typing import Final, final

REGION_BYTES: Final = 4 << 20
"""Size of the memory; a snapshot takes 0.4 MiB. Pages that are never touched cost nothing."""


@final
class Region:
    """Memory that this process shares with a child. Nothing of it has a name in the file system.

    Args:
        key: How the child finds the memory (see `key`); `None` creates new memory.

    Raises:
        OSError: The system gives no memory, for example because of a limit on the size of files (`ulimit -f`).
    """

    def __init__(self, key: str | None = None) -> None:
        self.passed: Sequence[int] = ()
        """Descriptors that the child must inherit."""
        if sys.platform == "win32":
            self.key = key or f"halscope-{uuid.uuid4().hex}"
            self.map = mmap.mmap(-1, REGION_BYTES, tagname=self.key)
            return
        descriptor = _unnamed_file() if key is None else int(key)
        self.key = str(descriptor)
        """What the child passes to `Region` to map the same memory."""
        try:
            if key is None:
                os.ftruncate(descriptor, REGION_BYTES)
            self.map = mmap.mmap(descriptor, REGION_BYTES)
            """The bytes."""
        except OSError:
            os.close(descriptor)
            raise
        if key is None:
            self.passed = (descriptor,)
        else:
            os.close(descriptor)  # the mapping keeps the memory

    def close_descriptors(self) -> None:
        """Close what only the start of the child needed."""
        descriptors, self.passed = self.passed, ()
        for descriptor in descriptors:
            os.close(descriptor)


def _unnamed_file() -> int:
    if sys.platform == "linux":
        return os.memfd_create("halscope-core", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
