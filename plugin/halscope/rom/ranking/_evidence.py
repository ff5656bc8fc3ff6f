"""Evidence: how much a stream of any codec looks like the output of a packer, in nats.

The evidence of native codecs comes from one model in C++ (cpp/locate/economy.hpp), so it is comparable between them. Of
any other codec only the bytes saved are known. A codec is native by its type, not by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from halscope_hooks import Codec
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._codec import CancelToken
from halscope.codecs import NativeCodec
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.image import Rom
from halscope.rom.ranking._styles import mixed_styles


def native_handles(codecs: Sequence[Codec]) -> list[_codec.NativeCodec]:
    """Return the C++ handles of the native codecs, in order."""
    return [codec.handle for codec in codecs if isinstance(codec, NativeCodec)]


def scan(rom: Rom, codec: Codec, cancel: CancelToken | None, threads: int = 0) -> NDArray[Any]:
    """Find every strictly valid stream. The result has at least offset, packed_size and size."""
    stop_if_cancelled(cancel)
    if isinstance(codec, NativeCodec):
        return codec.scan(rom.data, window=rom.window(codec.name), cancel=cancel, threads=threads)
    return codec.scan(rom.data, window=rom.window(codec.name), cancel=cancel)


def first_look(
    rom: Rom, codec: Codec, candidates: NDArray[Any], cancel: CancelToken | None, threads: int = 0
) -> NDArray[np.float64]:
    """Return a cheap estimate of each candidate's evidence, without decoding it."""
    if isinstance(codec, NativeCodec):
        offsets = np.ascontiguousarray(candidates["offset"], np.uint32)
        look = _codec.locate_command_evidence(rom.data, offsets, codec.handle, cancel, threads)
        return look.astype(np.float64)
    return _compression(candidates)


def full_evidence(
    rom: Rom, codecs: Sequence[Codec], starts: NDArray[Any], cancel: CancelToken | None, threads: int = 0
) -> NDArray[np.float64]:
    """Return the evidence of starts; their field `codec` is an index into `codecs`."""
    evidence = _compression(starts)
    native = is_native(codecs, starts["codec"])
    offsets = np.ascontiguousarray(starts["offset"][native])
    # C++ numbers only the native codecs.
    place = np.cumsum([isinstance(codec, NativeCodec) for codec in codecs], dtype=np.int64) - 1
    numbers = place[starts["codec"][native]].astype(np.uint8)
    parts = _codec.locate_stream_evidence(rom.data, offsets, native_handles(codecs), numbers, cancel, threads)
    evidence[native] = mixed_styles(starts[native], parts[:, 0] + parts[:, 1], parts[:, 2:], cancel)
    return evidence


def is_native(codecs: Sequence[Codec], numbers: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which of these codec numbers belong to native codecs."""
    known = np.array([isinstance(codec, NativeCodec) for codec in codecs], np.bool_)
    return known[numbers] if len(codecs) else np.zeros(len(numbers), np.bool_)


def _compression(streams: NDArray[Any]) -> NDArray[np.float64]:
    """Estimate the evidence of a third-party codec's stream without decoding it: a packer saves bytes, while chance
    rarely does so over more than a few dozen bytes of input."""
    packed, size = streams["packed_size"].astype(np.float64), streams["size"].astype(np.float64)
    saved = np.clip(1 - packed / size, 0, 0.75)
    return saved * np.sqrt(packed) * 1.5
