"""Applying the plugins' game profiles to one ROM: its name, and the offsets that known tables lead to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from halscope_hooks import NO_TRANSFORM, TRANSFORMS, Codec, CodecError, Decoder, GameProfile, PointerTable, Transform
from numpy.typing import NDArray

from halscope.games import Match, match_file, match_game, table_entries
from halscope.rom.block_transforms import BlockTransforms
from halscope.rom.edges import EdgeRules
from halscope.rom.image import Rom
from halscope.rom.ranking import KnownStarts
from halscope.rom.references import ENTRY_DTYPE, NO_BANK, KnownTable, known_offsets

log: Final = logging.getLogger("halscope.games")

_ENOUGH: Final = 0.5
"""Share of a table's entries that must lead to streams. By chance, a stream begins at one ROM byte in ten."""

_SHORT: Final = 4
"""Below this many entries the share means little: then all must lead to streams, and the game must be certain."""


@dataclass(frozen=True, slots=True)
class KnownGame:
    """A profile that matches a ROM, and the parts of it that the ROM confirms.

    Args:
        match: The profile, and how it matched.
        starts: ROM offsets that its tables lead to, by codec.
        tables: The confirmed tables, with the entries that lead to streams.
        edges: How its decoders read across bank edges, by codec, as far as it is known.
        notes: Lines for the user: the parts of the profile that do not fit this ROM.
        block_transforms: How it converts the tiles of its blocks, as far as its decoders and tables say.
    """

    match: Match
    starts: KnownStarts = field(repr=False)
    tables: tuple[KnownTable, ...] = field(repr=False)
    notes: tuple[str, ...]
    edges: EdgeRules = field(default_factory=dict)
    block_transforms: BlockTransforms = field(default_factory=BlockTransforms)

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """The transforms that every ROM has, and those that the profile describes."""
        return (*TRANSFORMS, *self.match.profile.transforms)

    def describe(self) -> dict[str, Any]:
        """The JSON form."""
        profile = self.match.profile
        return {
            "id": profile.id,
            "name": profile.name,
            "by": self.match.by,
            "decoders": [
                {
                    "address": f"{one.snes_address >> 16:02X}:{one.snes_address & 0xFFFF:04X}",
                    "codec": one.codec,
                    "edge": self.edges.get(one.codec),
                }
                for one in self.match.decoders
            ],
            "known_starts": {name: len(offsets) for name, offsets in self.starts.items()},
            "notes": list(self.notes),
        }


def known_game(
    rom: Rom, profiles: Sequence[GameProfile], codecs: Sequence[Codec], given: GameProfile | None = None
) -> KnownGame | None:
    """Return the profile that matches the ROM and where its tables lead, or `None` if none matches.

    A profile is used only where the ROM confirms it: a table whose entries lead to no streams is ignored.

    Args:
        rom: The ROM.
        profiles: The profiles that may match.
        codecs: The codecs that tables may name.
        given: The profile that the user gave for this ROM; the others are not asked then.
    """
    read = rom.read
    match = match_game(profiles, rom.title, rom.sha256, read) if given is None else match_file(given, read)
    if match is None:
        return None
    profile = match.profile
    tables: list[KnownTable] = []
    notes = []
    if profile.mapping is not None and profile.mapping != rom.mapping.name.lower():
        notes.append(f"{profile.name} has the mapping {profile.mapping}, this ROM {rom.mapping.name.lower()}")
    elif profile.decoders and not match.decoders:
        notes.append(f"no code where {profile.name} has its decoder: another version, or another game")
    edges = {} if notes else _agreed(match, lambda decoder: decoder.edge)
    named = {} if notes else _agreed(match, lambda decoder: decoder.transform)
    transforms = {NO_TRANSFORM, *(transform.name for transform in (*TRANSFORMS, *profile.transforms))}
    of_codec = {codec: name for codec, name in named.items() if name is not None and name in transforms}
    of_block: dict[tuple[str, int], str] = {}
    rom = replace(rom, edges=edges)
    by_name = {codec.name: codec for codec in codecs}
    for table in profile.tables:
        codec = by_name.get(table.codec)
        found = None if notes or codec is None else _believed(rom, match, table, codec, read)
        if found is None:
            notes.append(f"the table at {table.low:06X} of {profile.name} does not fit this ROM and is ignored")
            continue
        tables.append(found)
        if table.transform is not None and table.transform in transforms:
            of_block |= {(table.codec, offset): table.transform for offset in found.entries["target"].tolist()}
    for note in notes:
        log.info("%s: %s", rom.name, note)
    starts = {name: _ascending(known_offsets(tables, name)) for name in {table.codec for table in tables}}
    return KnownGame(match, starts, tuple(tables), tuple(notes), edges, BlockTransforms(of_codec, of_block))


def _agreed[T](match: Match, value: Callable[[Decoder], T]) -> dict[str, T]:
    """Return this value of each codec whose decoders agree: of those whose code is there, or else of a certain
    match."""
    decoders = match.decoders or (match.profile.decoders if match.by != "title" else ())
    answers: dict[str, set[T]] = {}
    for decoder in decoders:
        answers.setdefault(decoder.codec, set()).add(value(decoder))
    return {codec: next(iter(found)) for codec, found in answers.items() if len(found) == 1}


def _believed(
    rom: Rom, match: Match, table: PointerTable, codec: Codec, read: Callable[[int], int | None]
) -> KnownTable | None:
    """Return the table with its entries that lead to streams, or `None` if the ROM does not confirm it."""
    rows, offsets, streams = [], set(), set()
    for entry in table_entries(table, read):
        offset = rom.to_offset(entry.target)
        offsets.add(offset)
        if offset is None or not (offset in streams or _is_stream(codec, rom, offset)):
            continue
        streams.add(offset)
        places = [NO_BANK if place is None else rom.to_offset(place) for place in entry[:3]]
        rows.append((*places, entry.target, offset))
    if table.count < _SHORT:
        sure = match.by != "title" or bool(match.decoders)
        believed = sure and streams == offsets
    else:
        believed = len(streams) >= _ENOUGH * len(offsets)
    return KnownTable(table.codec, table.stride, np.array(rows, ENTRY_DTYPE)) if rows and believed else None


def _is_stream(codec: Codec, rom: Rom, offset: int) -> bool:
    try:
        return rom.decode(codec, offset).data.size > 0
    except CodecError:
        return False


def _ascending(offsets: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The offsets in ascending order, without duplicates."""
    return np.array(sorted(set(offsets.tolist())), np.uint32)
