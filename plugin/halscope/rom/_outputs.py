"""The decoded outputs of all starts of an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from halscope_hooks import Codec, CodecError
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._codec import CancelToken
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.edges import crossing
from halscope.rom.image import Rom
from halscope.rom.ranking import Starts, native_handles


class BestOutputs(NamedTuple):
    """The decoded bytes of the best start of each family.

    Args:
        starts: START_DTYPE, one row per start.
        data: uint8[n], the outputs one after the other.
        ends: int64, where each ends.
        packed: bool[size of the ROM], the bytes inside the streams of plausible families.
    """

    starts: Starts
    data: NDArray[np.uint8]
    ends: NDArray[np.int64]
    packed: NDArray[np.bool_]


def decode_outputs(
    rom: Rom, codecs: Sequence[Codec], families: Starts, cancel: CancelToken | None
) -> tuple[Starts, NDArray[np.uint8], NDArray[np.uint32]]:
    """Return the concatenated outputs of all starts and their bounds. Starts that do not decode are left out."""
    handles = native_handles(codecs)
    wrapped = _wrapped(rom, codecs, families)
    if len(handles) == len(codecs) and not wrapped.any():
        offsets, numbers = np.ascontiguousarray(families["offset"]), np.ascontiguousarray(families["codec"])
        outputs, bounds = _codec.locate_decode_all(rom.data, offsets, handles, numbers, cancel)
        return families, outputs, bounds
    parts: list[NDArray[np.uint8]] = []
    kept = np.ones(len(families), np.bool_)
    for row, start in enumerate(families):
        stop_if_cancelled(cancel)
        codec, offset = codecs[int(start["codec"])], int(start["offset"])
        try:
            block = rom.decode(codec, offset) if wrapped[row] else codec.decode(rom.data, offset)
        except CodecError as error:
            _disagrees(codec, offset, f"decode refuses it: {error.reason}")
            kept[row] = False
            continue
        parts.append(np.asarray(block.data, np.uint8))
        decoded, scanned = (block.consumed, len(parts[-1])), (int(start["packed_size"]), int(start["size"]))
        if decoded != scanned:
            _disagrees(
                codec, offset, "of {} bytes with {} bytes of output; decode says {} and {}".format(*scanned, *decoded)
            )
    families = families[kept]
    families["size"] = [len(part) for part in parts]
    bounds = np.cumsum([0, *(len(part) for part in parts)]).astype(np.uint32)
    return families, np.concatenate(parts) if parts else np.empty(0, np.uint8), bounds


def _wrapped(rom: Rom, codecs: Sequence[Codec], families: Starts) -> NDArray[np.bool_]:
    """Return which starts are not contiguous in the file, because their decoder wraps at the end of a bank."""
    wraps = np.array([rom.edges.get(codec.name) == "wrap" for codec in codecs], np.bool_)
    if not wraps.any():
        return np.zeros(len(families), np.bool_)
    crosses = crossing(rom.mapping, families["offset"], families["packed_size"])
    found: NDArray[np.bool_] = crosses & wraps[families["codec"]]
    return found


def _disagrees(codec: Codec, offset: int, what: str) -> None:
    """Report a stream that a codec's `scan` lists and its `decode` contradicts, to a codec that takes such reports."""
    report = getattr(codec, "report_stream", None)
    if report is not None:
        report(offset, what)
