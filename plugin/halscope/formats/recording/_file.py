"""The structure around the frames: header with JSON document, chunk headers, index and trailer."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from operator import index as whole
from typing import Any, Final

import numpy as np
from halscope_hooks import FormatError, RomIdentity, UsageError

from halscope.formats.recording._sections import NAMES, Names, section_sizes

MAGIC: Final = b"HALSREC\0"
VERSION: Final = 2
"""The version that is written. Version 1 can also be read."""
HEADER: Final = struct.Struct("<8sHHII")  # magic, version, 0, length of the JSON document, CRC
CHUNK: Final = struct.Struct("<4sB3xIIqI")  # tag, kind, length of the frame, of the raster, frame number, CRC
CHUNK_1: Final = struct.Struct("<4sBBHHHIqI")  # tag, kind, contents, height, width, 0, length, frame number, CRC
TRAILER: Final = struct.Struct("<8sQII")  # magic, offset of the index, frames, CRC
TAG: Final = b"FRAM"
KEY, DELTA = 0, 1
KEY_IN_INDEX: Final = 1 << 63
MOST_DOCUMENT: Final = 1 << 16  # bytes; ours has 2 KB
ABSENT: Final = 0xFFFFFFFF
"""Size that marks a section missing from a frame."""

_END: Final = b"HALSEND\0"
_ROM_FIELDS: Final = tuple(field.name for field in fields(RomIdentity))


@dataclass(frozen=True, slots=True)
class Document:
    """The contents of the header.

    Args:
        emulator: Source of the snapshots, for users.
        rom: The ROM of the whole recording.
        sections: Name and size in bytes of each section of a frame, in order; `None` if the size varies.
        names: The registers and parts that the sections hold.
    """

    emulator: str
    rom: RomIdentity | None
    sections: tuple[tuple[str, int | None], ...]
    names: Names


def header(emulator: str, rom: RomIdentity | None) -> bytes:
    """Return the header of a recording of this version. Raises UsageError if it would be too long to read back."""
    document = {
        "emulator": emulator,
        "rom": None if rom is None else asdict(rom),
        "sections": list(section_sizes(NAMES).items()),
        "registers": NAMES.ppu,
        "cpu_registers": NAMES.cpu,
        "dma_registers": NAMES.dma,
        "ages": NAMES.ages,
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    if len(text) > MOST_DOCUMENT:
        raise UsageError(f"the header has {len(text)} bytes, too many; shorten the names of the emulator and the ROM")
    return HEADER.pack(MAGIC, VERSION, 0, len(text), header_crc(VERSION, text)) + text


def header_crc(version: int, text: bytes) -> int:
    """Return the header's CRC. Version 1 did not cover the bytes before the document."""
    return zlib.crc32(text, 0 if version == 1 else zlib.crc32(HEADER.pack(MAGIC, version, 0, len(text), 0)))


def parse_document(version: int, text: bytes) -> Document:
    """Read the JSON document. Raises FormatError."""
    try:
        document = json.loads(text)
        names = Names(tuple(map(str, document["registers"])))
        if version == 1:
            sections: tuple[tuple[str, int | None], ...] = ()
        else:
            names = Names(names.ppu, *(tuple(map(str, document[key])) for key in _MORE_NAMES))
            sections = tuple((str(name), size if size is None else whole(size)) for name, size in document["sections"])
            _check_sections(sections, names)
        return Document(str(document["emulator"]), _rom(document["rom"]), sections, names)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FormatError(f"the header is not that of a recording: {error!r}") from error


_MORE_NAMES: Final = ("cpu_registers", "dma_registers", "ages")


def _rom(document: Mapping[str, Any] | None) -> RomIdentity | None:
    if document is None:
        return None
    known = {name: document[name] for name in _ROM_FIELDS if name in document}
    for name, value in known.items():
        if not isinstance(value, str | None):
            raise TypeError(f"the ROM's {name} is {value!r}")
    return RomIdentity(**known)


def _check_sections(sections: tuple[tuple[str, int | None], ...], names: Names) -> None:
    """Raise ValueError if a known section does not have the size that follows from these names."""
    known = section_sizes(names)
    if len(dict(sections)) != len(sections):
        raise ValueError("a section occurs twice")
    for name, size in sections:
        if name in known and size != known[name]:
            raise ValueError(f"the section {name} has {size} bytes, expected {known[name]}")
        if size is not None and not 0 <= size < ABSENT:
            raise ValueError(f"the section {name} has {size} bytes")


def chunk_crc(head: bytes, payload: bytes) -> int:
    """Return the CRC of a chunk: of its header, with the CRC field (the last four bytes) as 0, and its payload."""
    return zlib.crc32(payload, zlib.crc32(head[:-4] + bytes(4)))


def chunk(kind: int, frame: int, payload: bytes, tail: bytes) -> bytes:
    """Return a chunk of this version."""
    head = CHUNK.pack(TAG, kind, len(payload), len(tail), frame, 0)
    crc = chunk_crc(head, payload + tail)
    return head[:-4] + crc.to_bytes(4, "little") + payload + tail


def ending(entries: list[int], at: int) -> bytes:
    """Return the index and trailer to write at this offset."""
    index = np.array(entries, "<u8").tobytes()
    trailer = (_END, at, len(entries))
    return index + TRAILER.pack(*trailer, zlib.crc32(TRAILER.pack(*trailer, 0), zlib.crc32(index)))


def index_place(trailer: bytes, at: int, start: int) -> int | None:
    """Return the offset of the index whose trailer is at `at`, or `None` if that is not a trailer."""
    magic, place, count, _ = TRAILER.unpack(trailer)
    return place if magic == _END and place >= start and place + 8 * count == at else None


def parse_index(data: bytes, trailer: bytes, start: int) -> list[int] | None:
    """Return the index's entries, or `None` if they cannot be trusted."""
    magic, place, count, crc = TRAILER.unpack(trailer)
    if zlib.crc32(TRAILER.pack(magic, place, count, 0), zlib.crc32(data)) != crc:
        return None
    entries = [int(entry) for entry in np.frombuffer(data, "<u8")]
    places = [entry & ~KEY_IN_INDEX for entry in entries]
    if entries and not (entries[0] & KEY_IN_INDEX and start <= places[0] and places[-1] < place):
        return None
    return entries if all(one < other for one, other in pairwise(places)) else None
