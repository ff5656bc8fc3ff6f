"""BPS: a patch format that identifies its ROM. Create and apply patches, checking all checksums and bounds.

Format (byuu's specification of 2012): "BPS1"; source size, target size and metadata size as variable-length numbers;
metadata; actions until 12 bytes before the end; CRC32 of the source, the target and the patch up to there.
"""

from __future__ import annotations

import zlib
from collections.abc import Buffer
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from halscope_hooks import PatchError

from halscope.export._delta import Kind, actions

LIMIT: Final = 64 << 20
"""Largest target in bytes: four times the largest ROM. Needed because a patch of 20 bytes can claim any size."""

_MAGIC: Final = b"BPS1"
_FOOTER: Final = 12
_COPIER_BYTES: Final = 512
_LONGEST_NUMBER: Final = 9
"""Maximum bytes of a variable-length number; nine hold 2^63."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header and footer fields of a patch.

    Args:
        source_size: Size in bytes of the ROM that the patch was made for.
        target_size: Size in bytes of the result.
        metadata: Arbitrary bytes; the specification suggests XML.
        source_crc32: CRC32 of the ROM that the patch was made for.
        target_crc32: CRC32 of the result.
        actions_at: Offset of the actions in the patch.
    """

    source_size: int
    target_size: int
    metadata: bytes = field(repr=False)
    source_crc32: int
    target_crc32: int
    actions_at: int


def create(source: Buffer, target: Buffer, *, metadata: bytes = b"") -> bytes:
    """Create a small patch that turns `source` into `target`. Moved and repeated data is copied, not stored.

    Raises:
        PatchError: The target is larger than 64 MiB.
    """
    before, after = np.frombuffer(source, np.uint8), np.frombuffer(target, np.uint8)
    if after.size > LIMIT:
        raise PatchError(f"the target has {after.size} bytes, more than the limit of {LIMIT}")
    patch = bytearray(_MAGIC)
    for number in (before.size, after.size, len(metadata)):
        patch += _encode_number(number)
    patch += metadata
    heads = {Kind.SOURCE_COPY: 0, Kind.TARGET_COPY: 0}
    position = 0
    for action in actions(before, after):
        patch += _encode_number((action.length - 1) << 2 | action.kind)
        match action.kind:
            case Kind.TARGET_READ:
                patch += after[position : position + action.length].tobytes()
            case Kind.SOURCE_COPY | Kind.TARGET_COPY:
                patch += _encode_signed(action.start - heads[action.kind])
                heads[action.kind] = action.start + action.length
        position += action.length
    patch += zlib.crc32(before).to_bytes(4, "little") + zlib.crc32(after).to_bytes(4, "little")
    patch += zlib.crc32(patch).to_bytes(4, "little")
    return bytes(patch)


def read_header(patch: Buffer) -> Header:
    """Read a patch's header and verify the patch's own checksum.

    Raises:
        PatchError: It is damaged or not BPS.
    """
    data = bytes(patch)
    if not data.startswith(_MAGIC):
        raise PatchError(f"not a BPS patch: it begins with {data[:4]!r}, not {_MAGIC!r}; give a .bps file")
    source_crc32, target_crc32, patch_crc32 = (
        int.from_bytes(data[at : at + 4], "little") for at in (len(data) - 12, len(data) - 8, len(data) - 4)
    )
    actual = zlib.crc32(data[:-4])
    if len(data) < len(_MAGIC) + 3 + _FOOTER or actual != patch_crc32:
        raise PatchError(
            f"the BPS patch is damaged or truncated: its CRC32 is {actual:08x} but should be {patch_crc32:08x}; "
            "get it again"
        )
    reader = _Reader(data[:-_FOOTER], len(_MAGIC))
    source_size, target_size, metadata_size = reader.number(), reader.number(), reader.number()
    metadata = reader.take(metadata_size)
    return Header(source_size, target_size, metadata, source_crc32, target_crc32, reader.at)


def apply(source: Buffer, patch: Buffer) -> bytes:
    """Return the patched image after checking its CRC32.

    Raises:
        PatchError: The patch is damaged, belongs to another ROM, or would make more than 64 MiB.
    """
    before, data = bytes(source), bytes(patch)
    header = read_header(data)
    _check_source(before, header)
    if header.target_size > LIMIT:
        raise PatchError(
            f"the BPS patch would make a file of {header.target_size} bytes, but no ROM is larger than {LIMIT}; "
            "it is damaged or made for something else"
        )
    after = bytearray()
    heads = {Kind.SOURCE_COPY: 0, Kind.TARGET_COPY: 0}
    reader = _Reader(data[:-_FOOTER], header.actions_at)
    while reader.at < len(reader.data):
        action_at = reader.at
        number = reader.number()
        kind, length = Kind(number & 3), (number >> 2) + 1
        if len(after) + length > header.target_size:
            raise _damaged(action_at, f"it writes past the target's {header.target_size} bytes")
        if kind is Kind.TARGET_READ:
            after += reader.take(length)
            continue
        start = len(after)
        if kind is not Kind.SOURCE_READ:
            start = heads[kind] + reader.signed()
            heads[kind] = start + length
        if kind is Kind.TARGET_COPY:
            if not 0 <= start < len(after):
                raise _damaged(action_at, f"it copies from {start} of {len(after)} bytes written")
            period = len(after) - start  # a copy that runs into its own output repeats it
            after += (after[start : start + length] * (length // min(length, period) + 1))[:length]
        else:
            if start < 0 or start + length > len(before):
                raise _damaged(action_at, f"it reads {length} bytes at {start} of the source's {len(before)}")
            after += before[start : start + length]
    return _check_target(bytes(after), header)


class _Reader:
    """A cursor over the patch without its footer."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise _damaged(self.at, f"{count} bytes are missing")
        self.at += count
        return taken

    def number(self) -> int:
        """Read a number: 7 bits per byte, lowest first; bit 7 marks the last.."""
        value, shift = 0, 0
        for at in range(self.at, min(self.at + _LONGEST_NUMBER, len(self.data))):
            byte = self.data[at]
            value += (byte & 0x7F) << shift
            shift += 7
            if byte & 0x80:
                self.at = at + 1
                return value
            value += 1 << shift
        raise _damaged(self.at, "a number has no end")

    def signed(self) -> int:
        number = self.number()
        return -(number >> 1) if number & 1 else number >> 1


def _encode_number(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F)
        value = (value >> 7) - 1
    encoded.append(value | 0x80)
    return bytes(encoded)


def _encode_signed(value: int) -> bytes:
    return _encode_number(abs(value) << 1 | (value < 0))


def _damaged(at: int, reason: str) -> PatchError:
    return PatchError(f"the BPS patch is wrong at {at:#x}: {reason}; get it again, or tell its author")


def _check_source(before: bytes, header: Header) -> None:
    actual = zlib.crc32(before)
    if len(before) == header.source_size and actual == header.source_crc32:
        return
    if len(before) == header.target_size and actual == header.target_crc32:
        raise PatchError("the patch is already applied to this ROM; use the original ROM")
    hint = "use the ROM that it was made for"
    if header.source_size == len(before) + _COPIER_BYTES:
        hint = "it was made for an image with a 512-byte copier header; make it again for the headerless image"
    raise PatchError(
        f"the patch was made for another ROM: its source CRC32 is {header.source_crc32:08x} ({header.source_size} "
        f"bytes), this ROM's is {actual:08x} ({len(before)} bytes); {hint}"
    )


def _check_target(after: bytes, header: Header) -> bytes:
    actual = zlib.crc32(after)
    if len(after) != header.target_size or actual != header.target_crc32:
        raise PatchError(
            f"the BPS patch makes {len(after)} bytes with CRC32 {actual:08x} but should make {header.target_size} with "
            f"{header.target_crc32:08x}; the patch is wrong, tell its author"
        )
    return after
