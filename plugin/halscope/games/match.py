"""Match a profile to a ROM and check its addresses. The ROM is read through a function, so that this package does not
depend on cartridge mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from halscope_hooks import Decoder, GameProfile, PointerTable

ReadByte = Callable[[int], int | None]
"""Returns the ROM byte at a 24-bit SNES address, or None if no ROM is mapped there."""

_LOOK: Final = 24
"""Number of bytes checked at a decoder's address."""

_CODE: Final = 0x200
"""Number of bytes of a decoder's code that are searched. Those that are known have 150 to 400."""

# No routine begins with BRK, COP, RTI, WDM, RTS, RTL, STP, or SBC long,X (which is what erased memory reads as).
_NO_BEGINNING: Final = frozenset({0x00, 0x02, 0x40, 0x42, 0x60, 0x6B, 0xDB, 0xFF})


@dataclass(frozen=True, slots=True)
class Match:
    """A profile that matches a ROM.

    Args:
        profile: The profile.
        by: What matched: the hash of the whole image (certain), the title in the internal header (which hacks and
            other games may share), or that the user gave a game file for this ROM.
        decoders: The decoders of the profile whose address seems to hold code.
    """

    profile: GameProfile
    by: Literal["sha256", "title", "file"]
    decoders: tuple[Decoder, ...]


def match_game(profiles: Iterable[GameProfile], title: str, sha256: str, read: ReadByte) -> Match | None:
    """Return the first profile with this hash, otherwise the first with a pattern for this title, otherwise None.

    Among profiles that match the title, one that names a decoder comes last if there is no code at its address.

    Args:
        profiles: The profiles in order of preference.
        title: Title in the internal header, without trailing blanks.
        sha256: SHA-256 of the headerless image, lower-case hex.
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


def match_file(profile: GameProfile, read: ReadByte) -> Match:
    """Return the match of a profile that the user gave for this ROM, whatever its titles and hashes say."""
    return Match(profile, "file", _decoders(profile, read))


def fits(profile: GameProfile, title: str, sha256: str) -> bool:
    """Whether a profile is for a ROM with this title and hash. One that names neither is for any ROM."""
    by_title = bool(title) and any(fnmatchcase(title, pattern) for pattern in profile.titles)
    return sha256 in profile.sha256 or by_title or not (profile.titles or profile.sha256)


def code_at(read: ReadByte, snes_address: int) -> bool:
    """Whether a routine may begin there: it is ROM, not all one value, and starts with a plausible instruction."""
    found = [read(snes_address & 0xFF0000 | (snes_address + step) & 0xFFFF) for step in range(_LOOK)]
    return None not in found and len(set(found)) > _LOOK // 4 and found[0] not in _NO_BEGINNING


def reads_pointer(read: ReadByte, decoder: Decoder) -> bool | None:
    """Whether a decoder's code reads through its pointer (`LDA [dp]` or `LDA [dp],Y`).

    Returns:
        `None` if the pointer comes in elsewhere than in the direct page.
    """
    pointer = decoder.pointer
    if pointer is None or not pointer.address.startswith("dp+"):
        return None
    place = int(pointer.address.removeprefix("dp+"), 16)
    start = decoder.snes_address
    code = [read(start & 0xFF0000 | (start + step) & 0xFFFF) for step in range(_CODE)]
    return any(opcode in (0xA7, 0xB7) and operand == place for opcode, operand in pairwise(code))


class TableEntry(NamedTuple):
    """An entry of a pointer table. All fields are 24-bit SNES addresses.

    Args:
        low: Address of its low byte.
        high: Address of its high byte.
        bank: Address of its bank byte, or `None` if the table has a fixed bank.
        target: The address that it points to.
    """

    low: int
    high: int
    bank: int | None
    target: int


def table_entries(table: PointerTable, read: ReadByte) -> Sequence[TableEntry]:
    """Return the entries of a table, in order. Entries outside the ROM are left out."""
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
