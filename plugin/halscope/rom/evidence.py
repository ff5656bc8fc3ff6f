"""Evidence: how much a stream of any codec looks like a packer's work, in nats.

Codecs of one family are weighed in C++ (cpp/locate/economy.hpp), where their evidence is that of one model and can be
compared; of any other one only what it saves is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from halscope_hooks import Codec
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._codec import CancelToken
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.image import Rom
from halscope.rom.styles import mixed_styles

NATIVE: Final = {"hal": 0, "lz1": 1, "lz2": 2}
"""Codecs of these names are scanned, weighed and decoded in C++, which knows them by number; the others through their
own methods."""


def native_formats(codecs: Sequence[Codec], numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What C++ calls the codecs that these numbers count through; all of them are native."""
    formats = np.array([NATIVE.get(codec.name, len(NATIVE)) for codec in codecs], np.uint8)
    return formats[numbers] if len(codecs) else numbers


def scan(rom: Rom, codec: Codec, cancel: CancelToken | None, threads: int = 0) -> NDArray[Any]:
    """Every strict stream: at least offset, packed_size and size."""
    stop_if_cancelled(cancel)
    match codec.name:
        case "hal":
            return _codec.hal_scan(rom.data, rom.mapping.window, True, threads, cancel)
        case "lz1" | "lz2":
            return _codec.lz_scan(rom.data, codec.name == "lz2", rom.mapping.window, True, threads, cancel)
        case _:
            return codec.scan(rom.data, window=rom.mapping.window)


def first_look(
    rom: Rom, codec: Codec, candidates: NDArray[Any], cancel: CancelToken | None, threads: int = 0
) -> NDArray[np.float64]:
    """A cheap estimate of each candidate's evidence, without decoding it."""
    if codec.name in NATIVE:
        offsets = np.ascontiguousarray(candidates["offset"], np.uint32)
        look = _codec.locate_command_evidence(rom.data, offsets, NATIVE[codec.name], cancel, threads)
        return look.astype(np.float64)
    return _compression(candidates)


def full_evidence(
    rom: Rom, codecs: Sequence[Codec], starts: NDArray[Any], cancel: CancelToken | None, threads: int = 0
) -> NDArray[np.float64]:
    """The evidence of starts, whose field `codec` counts through `codecs`."""
    evidence = _compression(starts)
    native = is_native(codecs, starts["codec"])
    offsets = np.ascontiguousarray(starts["offset"][native])
    formats = native_formats(codecs, starts["codec"][native])
    parts = _codec.locate_stream_evidence(rom.data, offsets, formats, cancel, threads)
    evidence[native] = mixed_styles(starts[native], parts[:, 0] + parts[:, 1], parts[:, 2:], cancel)
    return evidence


def is_native(codecs: Sequence[Codec], numbers: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of these numbers count to a codec that C++ knows."""
    known = np.array([codec.name in NATIVE for codec in codecs], np.bool_)
    return known[numbers] if len(codecs) else np.zeros(len(numbers), np.bool_)


def _compression(streams: NDArray[Any]) -> NDArray[np.float64]:
    """All that is known of a foreign codec's stream without decoding it: a packer saves bytes, chance seldom does so
    over more than a few dozen bytes of input."""
    packed, size = streams["packed_size"].astype(np.float64), streams["size"].astype(np.float64)
    saved = np.clip(1 - packed / size, 0, 0.75)
    return saved * np.sqrt(packed) * 1.5
