"""This process's own memory, read and searched through /proc. Linux with glibc; elsewhere nothing is found.

A search finds every copy of the wanted bytes, those in freed memory too. To write into what it found, a process must
have called `keep_freed_memory_apart` before the bytes were first in it, and must have no other busy thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 22
_KEY_BYTES: Final = 256  # long enough that chance copies do not exist, short enough to search fast
_M_MMAP_THRESHOLD: Final = -3  # glibc, malloc.h
_M_TRIM_THRESHOLD: Final = -1
_SMALLEST_ROM: Final = 0x8000


_apart = False


def keep_freed_memory_apart() -> None:
    """Have every allocation of a ROM's size unmapped when it is freed, so that no stale copy stays behind."""
    global _apart
    _apart = _mallopt((_M_MMAP_THRESHOLD, _SMALLEST_ROM // 2))


def is_freed_memory_apart() -> bool:
    """Whether `keep_freed_memory_apart` was called, and could be done on this system."""
    return _apart


def keep_freed_memory() -> None:
    """Reuse freed memory from now on, which spares page faults: a snapshot's arrays are allocated every frame."""
    global _apart
    _apart = False
    _mallopt((_M_MMAP_THRESHOLD, 32 << 20), (_M_TRIM_THRESHOLD, 64 << 20))


def read(address: int, size: int) -> bytes | None:
    """Read memory without crashing on unmapped addresses; `None` where that is not possible."""
    with contextlib.suppress(OSError, OverflowError, ValueError), Path("/proc/self/mem").open("rb", 0) as memory:
        memory.seek(address)
        return memory.read(size)
    return None


def variables_of(library: Path) -> list[tuple[int, int]]:
    """Return where a loaded library has its global variables: address and size in bytes of each part."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return []
    found: list[tuple[int, int]] = []
    behind = 0  # end of the part before, if it is the library's: what has no file follows what has one
    for line in lines:
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
        if match is None:
            continue
        start, end = int(match[1], 16), int(match[2], 16)
        if match[4] != str(library) and not (match[4] == "" and start == behind):
            continue
        behind = end
        if match[3].startswith("rw"):
            found.append((start, end - start))
    return found


def copies_of(data: bytes) -> Iterator[int]:
    """Yield the address of each copy of `data` in writable private memory, except that of `data` itself."""
    at, key = _key(data)
    own = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
    found = [hit - at for start, end in _writable_regions() for hit in _hits(start, end, key)]
    for address in found:
        if address != own and read(address, len(data)) == data:
            yield address


def _key(data: bytes) -> tuple[int, bytes]:
    """Return the part of the data, and its offset, that has the most different bytes: padding is everywhere."""
    places = range(0, len(data) - _KEY_BYTES + 1, _KEY_BYTES)
    at = max(places, key=lambda place: len(set(data[place : place + _KEY_BYTES])))
    return at, data[at : at + _KEY_BYTES]


def _writable_regions() -> list[tuple[int, int]]:
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return []
    matches = (re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.p ", line) for line in lines if "[stack" not in line)
    return [(int(match[1], 16), int(match[2], 16)) for match in matches if match]


def _hits(start: int, end: int, key: bytes) -> Iterator[int]:
    for at in range(start, end, _CHUNK):
        chunk = read(at, min(_CHUNK + len(key) - 1, end - at)) or b""
        hit = chunk.find(key)
        while hit >= 0:
            yield at + hit
            hit = chunk.find(key, hit + 1)


def _mallopt(*settings: tuple[int, int]) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and all(mallopt(option, value) == 1 for option, value in settings)
