"""Which profile fits a ROM, and what its addresses say there. Everything is read through a function, so that this room
need not know how a cartridge is mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, NamedTuple

from halscope_hooks import Decoder, GameProfile, PointerTable

ReadByte = Callable[[int], int | None]
"""The ROM byte at a 24-bit SNES address, or None where no ROM is."""

_LOOK: Final = 24
"""Bytes from a decoder's address that are looked at."""

# What no routine begins with: BRK, COP, RTI, WDM, RTS, RTL, STP, and SBC long,X as erased memory reads.
_NO_BEGINNING: Final = frozenset({0x00, 0x02, 0x40, 0x42, 0x60, 0x6B, 0xDB, 0xFF})


@dataclass(frozen=True, slots=True)
class Match:
    """A profile that fits a ROM.

    Args:
        profile: It.
        by: What fits: the hash of the whole image (certain), or the title in the internal header (hacks and other
            games may bear it too).
        decoders: Those decoders of the profile at whose address something like code stands.
    """

    profile: GameProfile
    by: Literal["sha256", "title"]
    decoders: tuple[Decoder, ...]


def match_game(profiles: Iterable[GameProfile], title: str, sha256: str, read: ReadByte) -> Match | None:
    """The first profile with this hash, else the first with a pattern for this title, else None.

    Among profiles that know the title, one that names a decoder goes last where no code stands there.

    Args:
        profiles: In the order of preference.
        title: Of the internal header, trailing blanks cut.
        sha256: Of the headerless image, lower-case hex.
        read: Reads the ROM.
    """
    profiles = tuple(profiles)
    for profile in profiles:
        if sha256 in profile.sha256:
            return Match(profile, "sha256", _decoders(profile, read))
    by_title = [
        Match(profile, "title", _decoders(profile, read))
        for profile in profiles
        if title and any(fnmatchcase(title, pattern) for pattern in profile.titles)
    ]
    borne_out = (match for match in by_title if match.decoders or not match.profile.decoders)
    return next(borne_out, by_title[0] if by_title else None)


def code_at(read: ReadByte, snes_address: int) -> bool:
    """Whether a routine may begin there: ROM, not all one value, and no first instruction that none begins with."""
    found = [read(snes_address & 0xFF0000 | (snes_address + step) & 0xFFFF) for step in range(_LOOK)]
    return None not in found and len(set(found)) > _LOOK // 4 and found[0] not in _NO_BEGINNING


class TableEntry(NamedTuple):
    """An entry of a table of pointers; all are 24-bit SNES addresses.

    Args:
        low: Where its low byte stands.
        high: Where its high byte stands.
        bank: Where its bank stands, `None` for the table's fixed bank.
        target: What it holds.
    """

    low: int
    high: int
    bank: int | None
    target: int


def table_entries(table: PointerTable, read: ReadByte) -> Sequence[TableEntry]:
    """The entries of a table, in order; those outside the ROM are left out."""
    entries = []
    for at in range(0, table.count * table.stride, table.stride):
        places = (table.low + at, table.high + at, None if table.bank is None else table.bank + at)
        low, high = read(places[0]), read(places[1])
        bank = table.fixed_bank if places[2] is None else read(places[2])
        if low is not None and high is not None and bank is not None:
            entries.append(TableEntry(*places, bank << 16 | high << 8 | low))
    return entries


def _decoders(profile: GameProfile, read: ReadByte) -> tuple[Decoder, ...]:
    return tuple(decoder for decoder in profile.decoders if code_at(read, decoder.snes_address))
