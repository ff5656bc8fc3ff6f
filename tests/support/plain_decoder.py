"""The baseline: the plainest HAL decoder, compiled on the spot with -O3 from the shared data."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import pytest
from support.shared_data import shared_folder

_SOURCE: Final = """
#include "baseline_decode.hpp"
extern "C" long plain_pool(const uint8_t* in, size_t size, const size_t* offsets, size_t blocks, uint8_t* out) {
    long written = 0;
    for (size_t k = 0; k < blocks; ++k) {
        size_t consumed;
        const long got = baseline_decode(in + offsets[k], size - offsets[k], out, &consumed);
        if (got < 0) return -1;
        written += got;
    }
    return written;
}
extern "C" long plain_block(const uint8_t* in, size_t size, uint8_t* out) {
    size_t consumed;
    return baseline_decode(in, size, out, &consumed);
}
extern "C" long plain_scan(const uint8_t* in, size_t size, size_t step, uint8_t* out) {
    long found = 0;
    for (size_t at = 0; at < size; at += step) {
        size_t consumed;
        found += baseline_decode(in + at, size - at, out, &consumed) > 0;
    }
    return found;
}
"""


class PlainDecoder:
    """The plain decoder, for one block or for every n-th offset."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        for function in (self._library.plain_pool, self._library.plain_block, self._library.plain_scan):
            function.restype = ctypes.c_long
        self._out = (ctypes.c_uint8 * 0x10000)()

    @classmethod
    def compiled(cls, folder: Path) -> Self | None:
        """Compile it into `folder`; None if the shared data or a C++ compiler is missing."""
        compiler = shutil.which(os.environ.get("CXX", "c++"))
        try:
            include = shared_folder() / "bench"
        except pytest.skip.Exception:
            return None
        if compiler is None or not (include / "baseline_decode.hpp").is_file():
            return None
        source, library = folder / "plain.cpp", folder / "plain.so"
        source.write_text(_SOURCE)
        flags = ["-O3", "-std=c++20", "-shared", "-fPIC", f"-I{include}"]
        subprocess.run([compiler, *flags, source, "-o", library], check=True)
        return cls(library)

    def decode_all(self, packed: bytes, offsets: Sequence[int]) -> int:
        """Decode the blocks at these offsets, one after the other; returns their decoded bytes in total."""
        starts = (ctypes.c_size_t * len(offsets))(*offsets)
        size, blocks = ctypes.c_size_t(len(packed)), ctypes.c_size_t(len(offsets))
        return int(self._library.plain_pool(packed, size, starts, blocks, self._out))

    def decode(self, packed: bytes) -> bytes:
        """Decode one block, as a caller of a C library through ctypes does."""
        size = int(self._library.plain_block(packed, ctypes.c_size_t(len(packed)), self._out))
        return ctypes.string_at(self._out, size)

    def scan(self, rom: bytes, step: int) -> int:
        """Try every `step`-th offset; returns the number of streams."""
        return int(self._library.plain_scan(rom, ctypes.c_size_t(len(rom)), ctypes.c_size_t(step), self._out))
