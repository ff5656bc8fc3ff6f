"""Where runs of colours are in another build of the ROM, each by itself: found again by their own bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from halscope_hooks import RAW_CODEC

from halscope.inject import COLOURS, TileChange
from halscope.project._carried_blocks import Block, BlockFinder, Place, is_telling


class LostColoursError(Exception):
    """The ROM has no place for a run of colours that is certain to be its own."""


def are_plain_colours(changes: Sequence[TileChange]) -> bool:
    """Whether all changes of uncompressed bytes are of colours."""
    plain = [change for change in changes if change.origin.codec == RAW_CODEC]
    return bool(plain) and all(change.origin.transform == COLOURS for change in plain)


def places_of_colours(finder: BlockFinder, changes: Sequence[TileChange]) -> dict[Block, Place]:
    """Return where each change of uncompressed colours is now, by `Block("raw", its offset)`.

    A run stays where its bytes are. Else it is where they stand outside of proven blocks, if they stand there as often
    as runs with these bytes are missing: one that stands more often might be another palette.

    Args:
        finder: The new ROM.
        changes: The changes of an edit.

    Raises:
        LostColoursError: It is not certain where a run is; the message says why.
    """
    content = finder.content(Block(RAW_CODEC, 0)) or b""
    missing: dict[bytes, list[int]] = defaultdict(list)
    staying: dict[bytes, set[int]] = defaultdict(set)
    runs = _runs(changes)
    for at, data in runs:
        if content[at : at + len(data)] == data:
            staying[data].add(at)
        else:
            missing[data].append(at)
    shifts = {at: 0 for places in staying.values() for at in places}
    for data, before in missing.items():
        shifts |= _shifts(finder, data, before, staying[data])
    places: dict[Block, Place] = {}
    for change in changes:
        at = change.origin.block_offset
        if change.origin.codec == RAW_CODEC:
            run = max(first for first, _ in runs if first <= at)
            places[Block(RAW_CODEC, at)] = Place(Block(RAW_CODEC, at), shifts[run], None)
    return places


def _runs(changes: Sequence[TileChange]) -> list[tuple[int, bytes]]:
    """Return the uncompressed runs with their offsets, ascending; those that follow one another are one."""
    runs: list[tuple[int, bytes]] = []
    for at, old in sorted({(one.origin.block_offset, one.old) for one in changes if one.origin.codec == RAW_CODEC}):
        if runs and runs[-1][0] + len(runs[-1][1]) == at:
            runs[-1] = (runs[-1][0], runs[-1][1] + old)
        else:
            runs.append((at, old))
    return runs


def _shifts(finder: BlockFinder, data: bytes, before: Sequence[int], taken: set[int]) -> dict[int, int]:
    colours = f"{len(data) // 2} colour{'s' * (len(data) > 2)}"
    where = ", ".join(f"{at:#x}" for at in before)
    if not is_telling([data]):
        raise LostColoursError(
            f"its {colours} at {where} are no longer there, and cannot be told from others elsewhere: fewer than three "
            "differ"
        )
    found = [at for at in finder.occurrences(data, len(before) + len(taken) + 1) if at not in taken]
    if len(found) != len(before):
        stand = f"stand in {len(found)} or more places" if len(found) > len(before) else "are nowhere"
        if 0 < len(found) < len(before):
            stand = f"stand in {len(found)} place{'s' * (len(found) > 1)} alone"
        unknown = ", and it is not known which is theirs" * bool(found)
        raise LostColoursError(f"its {colours} at {where} are no longer there; they {stand} in this ROM{unknown}")
    return {old: new - old for old, new in zip(before, found, strict=True)}
