"""IPS: the old patch format that every tool reads. It does not identify its ROM, so prefer BPS.

Format: "PATCH", then records of a 24-bit big-endian offset, a 16-bit length and the bytes; a length of 0 means a run (a
16-bit length and one byte); then "EOF" and, as an extension, a 24-bit length to truncate the result to.
"""

from __future__ import annotations

from collections.abc import Buffer, Iterator
from typing import Final

import numpy as np
from halscope_hooks import PatchError
from numpy.typing import NDArray

LIMIT: Final = 1 << 24
"""Number of bytes that a 24-bit offset can address: the format's largest result."""

_MAGIC: Final = b"PATCH"
_END: Final = b"EOF"
_END_OFFSET: Final = int.from_bytes(_END, "big")
"""A record at this offset (4.5 MB) would be read as the end marker, so none may begin there."""

_RECORD: Final = 5
_RUN_RECORD: Final = 8
_LONGEST: Final = 0xFFFF


def create(source: Buffer, target: Buffer) -> bytes:
    """Create a patch that turns `source` into `target`.

    Raises:
        PatchError: One of them is larger than 16 MiB, which IPS cannot address.
    """
    before, after = np.frombuffer(source, np.uint8), np.frombuffer(target, np.uint8)
    if max(before.size, after.size) > LIMIT:
        raise PatchError(
            f"IPS is limited to {LIMIT} bytes, but the ROM has {max(before.size, after.size)}; write a BPS patch"
        )
    patch = bytearray(_MAGIC)
    for start, stop in _differences(before, after):
        for piece_start, piece_stop, is_run in _pieces(after, start, stop):
            _append(patch, after, piece_start, piece_stop, is_run=is_run)
    patch += _END
    if after.size < before.size:
        patch += after.size.to_bytes(3, "big")
    return bytes(patch)


def apply(source: Buffer, patch: Buffer) -> bytes:
    """Return the patched image. The format cannot tell whether `source` is the right ROM.

    Raises:
        PatchError: The patch is damaged or not IPS.
    """
    data = bytes(patch)
    if not data.startswith(_MAGIC):
        raise PatchError(f"not an IPS patch: it begins with {data[:5]!r}, not {_MAGIC!r}; give an .ips file")
    target = bytearray(source)
    at = len(_MAGIC)
    while data[at : at + 3] != _END:
        at = _apply_record(target, data, at)
    rest = data[at + 3 :]
    if len(rest) == 3:
        del target[int.from_bytes(rest, "big") :]
    elif rest:
        raise PatchError(f"IPS patch: {len(rest)} bytes follow the end marker at {at:#x}; it is damaged, get it again")
    return bytes(target)


def _apply_record(target: bytearray, data: bytes, at: int) -> int:
    """Apply the record at `at` and return the offset of the next one."""
    head = data[at : at + _RECORD]
    offset, length = int.from_bytes(head[:3], "big"), int.from_bytes(head[3:], "big")
    stop = at + (_RECORD + length if length else _RUN_RECORD)
    if len(head) < _RECORD or stop > len(data):
        raise PatchError(f"IPS patch: it ends inside the record at {at:#x}; it is truncated, get it again")
    written = data[at + _RECORD : stop]
    if length == 0:
        written = written[2:] * int.from_bytes(written[:2], "big")
    if not written or offset + len(written) > LIMIT:
        raise PatchError(f"IPS patch: the record at {at:#x} is empty or leads past 16 MiB; it is damaged, get it again")
    if offset > len(target):
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(written)] = written
    return stop


def _differences(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of `after` to write, bridging unchanged bytes where a new record would cost more."""
    common = min(before.size, after.size)
    changed = np.ones(after.size + 2, np.int8)
    changed[[0, -1]] = 0
    changed[1 : common + 1] = before[:common] != after[:common]
    edges = np.diff(changed)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    apart = starts[1:] - stops[:-1] > _RECORD
    first, last = np.r_[True, apart][: starts.size], np.r_[apart, True][: stops.size]
    yield from zip(starts[first].tolist(), stops[last].tolist(), strict=True)


def _pieces(after: NDArray[np.uint8], start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
    """Split a stretch into runs of one byte that are worth a record and the bytes between: (start, stop, is a run)."""
    edges = np.flatnonzero(np.diff(after[start:stop])) + 1
    runs = np.concatenate([[0], edges, [stop - start]]) + start
    literal = start
    for at in np.flatnonzero(np.diff(runs) > _RUN_RECORD - _RECORD).tolist():
        run_start, run_stop = int(runs[at]), int(runs[at + 1])
        neighbours = (run_start > literal) + (run_stop < stop)  # the bytes on either side need a record of their own
        if run_stop - run_start <= _RUN_RECORD - _RECORD + neighbours * _RECORD:
            continue
        if run_start > literal:
            yield literal, run_start, False
        yield run_start, run_stop, True
        literal = run_stop
    if literal < stop:
        yield literal, stop, False


def _append(patch: bytearray, after: NDArray[np.uint8], start: int, stop: int, *, is_run: bool) -> None:
    """Append records for one piece, split at 65,535 bytes; none may begin at the offset that spells "EOF"."""
    while start < stop:
        if start == _END_OFFSET:
            _append_record(patch, after, start - 1, start + 1, is_run=False)
            start += 1
            continue
        end = min(start + _LONGEST, stop)
        _append_record(patch, after, start, end, is_run=is_run)
        start = end


def _append_record(patch: bytearray, after: NDArray[np.uint8], start: int, stop: int, *, is_run: bool) -> None:
    patch += start.to_bytes(3, "big")
    if is_run:
        patch += bytes(2) + (stop - start).to_bytes(2, "big") + after[start : start + 1].tobytes()
    else:
        patch += (stop - start).to_bytes(2, "big") + after[start:stop].tobytes()
