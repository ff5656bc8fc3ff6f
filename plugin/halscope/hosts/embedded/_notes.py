"""What a frame holds besides memories, packed for the ring.

The registers go as the bytes that the core's state has of them: the child does not read them, and the parent reads them
once for as long as they stay the same.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from typing import Final, NamedTuple

from halscope.formats import bsnes, snes9x

_KINDS: Final = (snes9x.RegisterBytes, bsnes.RegisterBytes)


class Notes(NamedTuple):
    """What is no memory; see `Snapshot`. `registers` are `None` if they were not read."""

    registers: snes9x.RegisterBytes | bsnes.RegisterBytes | None
    field: int | None
    ages: Mapping[str, int]


def pack_notes(notes: Notes) -> bytes:
    """Return the notes as bytes, for `unpack_notes` of the same program."""
    registers, field, ages = notes
    plain = None if registers is None else (_KINDS.index(type(registers)), *registers)
    return marshal.dumps((plain, field, dict(ages)))


def unpack_notes(packed: bytes) -> Notes:
    """Return the notes that `pack_notes` has packed."""
    plain, field, ages = marshal.loads(packed)  # noqa: S302 - the two processes are one program
    return Notes(None if plain is None else _KINDS[plain[0]](*plain[1:]), field, ages)
