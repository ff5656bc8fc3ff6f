"""Cache: named arrays in one file, verified on every load and written atomically.

Layout, little-endian: 16 bytes of magic; the header's length (uint64); the header, JSON with the key, what the file is
about (for users), and each array's name, dtype, shape and offset; the arrays, each aligned to 64 bytes so that it can
be memory-mapped; and a 64-bit checksum of everything before it. A file that is torn, foreign, of another version or for
another key is ignored.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
from collections.abc import Mapping as ReadOnlyDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope_hooks import HalscopeError
from numpy.typing import NDArray
from platformdirs import user_cache_path

import halscope._codec as _codec
from halscope._files import write_atomic

FOLDER_VARIABLE: Final = "HALSCOPE_CACHE_DIR"

KEPT_FILES: Final = 32
"""Most recently used files that are kept: a ROM hacker rebuilds the ROM every few minutes."""

_PATTERN: Final = "index-*.bin"
_MAGIC: Final = b"HALSCOPE INDEX\r\n"
_ALIGNMENT: Final = 64
_CHECKSUM_BYTES: Final = 8
_SEED: Final = 0x48414C53434F5045
_HEADER_LIMIT: Final = 1 << 16

Arrays = ReadOnlyDict[str, NDArray[Any]]


def default_folder() -> Path:
    """Return the folder named by HALSCOPE_CACHE_DIR, or the user's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_cache_path("halscope")


@dataclass(frozen=True, slots=True)
class CacheFile:
    """A file in the cache.

    Args:
        path: The file.
        size: Its size in bytes.
        used: When it was last used, in seconds since 1970.
        about: What it is about, as given to `store`; empty if the file is damaged or of an older version.
    """

    path: Path
    size: int
    used: float
    about: ReadOnlyDict[str, Any]


def files(folder: Path) -> list[CacheFile]:
    """Return the cache files in a folder, most recently used first. A missing folder has none."""
    found = []
    for path in folder.glob(_PATTERN):
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append(CacheFile(path, status.st_size, status.st_mtime, _about(path)))
    return sorted(found, key=lambda file: (-file.used, file.path.name))


def clear(folder: Path) -> list[CacheFile]:
    """Delete the cache files in a folder, and nothing else. Return those that were deleted."""
    deleted = []
    for file in files(folder):
        with contextlib.suppress(OSError):
            file.path.unlink()
            deleted.append(file)
    return deleted


def store(path: Path, key: str, arrays: Arrays, about: ReadOnlyDict[str, Any] | None = None) -> bool:
    """Write the arrays for `key`. Return False, with nothing changed, if the folder cannot be written.

    Args:
        path: The file; its folder is created.
        key: What the arrays were computed from.
        arrays: The arrays by name.
        about: What the file is about, for users: names and JSON values.
    """
    entries, offset = [], 0
    for name, array in arrays.items():
        offset = _aligned(offset)
        entries.append({"name": name, "dtype": _describe(array.dtype), "shape": list(array.shape), "offset": offset})
        offset += array.nbytes
    header = json.dumps({"key": key, "about": dict(about or {}), "arrays": entries}).encode()
    begin = _aligned(len(_MAGIC) + 8 + len(header))
    image = bytearray(begin + offset + _CHECKSUM_BYTES)
    prefix = _MAGIC + len(header).to_bytes(8, "little") + header
    image[: len(prefix)] = prefix
    for entry, array in zip(entries, arrays.values(), strict=True):
        at = begin + int(str(entry["offset"]))
        image[at : at + array.nbytes] = np.ascontiguousarray(array).tobytes()
    checksum = _codec.locate_checksum(memoryview(image)[:-_CHECKSUM_BYTES], _SEED)
    image[-_CHECKSUM_BYTES:] = checksum.to_bytes(_CHECKSUM_BYTES, "little")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, image)
    except (OSError, HalscopeError):
        return False
    _prune(path.parent)
    return True


def load(path: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """Map the arrays of `key`, read-only. Return `None` if the file is missing or not exactly what was stored."""
    try:
        with path.open("rb") as file:
            image = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # missing, unreadable, or empty
        return None
    try:
        arrays = _parse(image, key)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        arrays = None
    if arrays is not None:
        with contextlib.suppress(OSError):
            os.utime(path)  # mark as recently used: pruning keeps the newest files
    return arrays


def _parse(image: mmap.mmap, key: str) -> dict[str, NDArray[Any]] | None:
    length = len(image)
    if length < len(_MAGIC) + 8 + _CHECKSUM_BYTES or image[: len(_MAGIC)] != _MAGIC:
        return None
    view = memoryview(image)
    stored = int.from_bytes(image[-_CHECKSUM_BYTES:], "little")
    if _codec.locate_checksum(view[:-_CHECKSUM_BYTES], _SEED) != stored:
        return None
    header_length = int.from_bytes(image[len(_MAGIC) : len(_MAGIC) + 8], "little")
    if header_length > min(_HEADER_LIMIT, length):
        return None
    header = json.loads(image[len(_MAGIC) + 8 : len(_MAGIC) + 8 + header_length])
    if header["key"] != key:
        return None
    begin = _aligned(len(_MAGIC) + 8 + header_length)
    arrays: dict[str, NDArray[Any]] = {}
    for entry in header["arrays"]:
        dtype = np.dtype(
            [tuple(field) for field in entry["dtype"]] if isinstance(entry["dtype"], list) else entry["dtype"]
        )
        shape = tuple(int(n) for n in entry["shape"])
        arrays[str(entry["name"])] = np.ndarray(shape, dtype, buffer=view, offset=begin + int(entry["offset"]))
    return arrays


def _about(path: Path) -> dict[str, Any]:
    """Read from a file what it is about, without verifying the rest."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError), path.open("rb") as file:
        head = file.read(len(_MAGIC) + 8)
        length = int.from_bytes(head[len(_MAGIC) :], "little")
        if head.startswith(_MAGIC) and length <= _HEADER_LIMIT:
            return dict(json.loads(file.read(length))["about"])
    return {}


def _describe(dtype: np.dtype[Any]) -> str | list[Any]:
    return dtype.str if dtype.names is None else list(dtype.descr)


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


def _prune(folder: Path) -> None:
    def age(path: Path) -> float:
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
        return 0.0

    with contextlib.suppress(OSError):
        for path in sorted(folder.glob(_PATTERN), key=age, reverse=True)[KEPT_FILES:]:
            path.unlink(missing_ok=True)
