"""Find other ROM locations that hold the tiles of an edit, and compressed data that an edit must not overwrite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from typing import Final

from halscope_hooks import RAW_CODEC, Codec, CodecError, InjectError, Origin

from halscope.inject._sheet_edit import COLOURS
from halscope.inject.edits import BlockEdit
from halscope.rom.edges import Ranges, overlap
from halscope.rom.image import Rom

Known = Mapping[bytes, tuple[Origin, ...]]
"""All known origins of a tile, keyed by the tile's bytes."""

_NOTED_PLACES: Final = 4


def other_places(
    plan: Sequence[BlockEdit],
    rom: Rom,
    codecs: Mapping[str, Codec],
    known: Known,
    without: Set[tuple[str, int, int]] = frozenset(),
) -> list[str]:
    """Return a note, or none, on the edited tiles that also occur in places that the plan does not change.

    `without` are edited places of which no others are noted: parts of maps, which are no tiles, and tiles of which the
    other places are settled already.
    """
    edited = {block.place(change) for block in plan for change in block.changes}
    tiles = 0
    noted: list[BlockEdit] = []
    places: Counter[str] = Counter()  # in the order in which they are found, so that equal counts have one order

    @cache  # many tiles name the same block
    def ranges_of(codec: str, block_offset: int) -> Ranges | None:
        return _ranges(rom, codecs, codec, block_offset)

    for block in plan:
        before = tiles
        for change in block.changes:
            if COLOURS in change.transforms:
                continue  # other places of colours are found by `ColourIndex`
            if block.place(change) in without:
                continue
            origins = known.get(change.old, ())
            if block.codec == RAW_CODEC and not origins:
                origins = tuple(Origin(RAW_CODEC, at, 0, "content") for at in _occurrences(rom, change.old))
            others = dict.fromkeys(
                _place_name(origin, block)
                for origin in _apart(origins, block, change.size, ranges_of)
                if (origin.codec, origin.block_offset, origin.byte_offset) not in edited
            )
            places.update(others.keys())
            tiles += bool(others)
        if tiles > before:
            noted.append(block)
    if not places:
        return []
    shown = ", ".join(name for name, _ in places.most_common(_NOTED_PLACES))
    more = f" and {len(places) - _NOTED_PLACES} more places" if len(places) > _NOTED_PLACES else ""
    total = sum(len(block.changes) for block in noted)
    what = f"{tiles} of {total} edited tiles" if total > 1 else "the edited tile"
    first = noted[0]
    where = f" of the {first.name}" if first.codec != RAW_CODEC else f" at {first.block_offset:#x}"
    if len(noted) > 1:
        where = f" in {len(noted)} places"
    occur = "occurs" if tiles == 1 else "occur"
    return [f"{what}{where} also {occur} in {shown}{more}; those copies stay as they are; --everywhere edits them too"]


def _place_name(origin: Origin, block: BlockEdit) -> str:
    if (origin.codec, origin.block_offset) == (block.codec, block.block_offset):
        return "other tiles of that block"
    what = "uncompressed bytes" if origin.codec == RAW_CODEC else f"the {origin.codec} block"
    return f"{what} at {origin.block_offset:#x}"


def _apart(
    origins: Sequence[Origin], block: BlockEdit, tile_bytes: int, ranges_of: Callable[[str, int], Ranges | None]
) -> list[Origin]:
    """Return the distinct origins, best first, without those that overlap the stream of a better one."""
    kept: list[Origin] = []
    taken = {(block.codec, block.block_offset): block.ranges}
    for origin in origins:
        source = (origin.codec, origin.block_offset)
        if source not in taken:
            if origin.codec == RAW_CODEC:
                ranges: Ranges | None = ((origin.block_offset, origin.block_offset + tile_bytes),)
            else:
                ranges = ranges_of(origin.codec, origin.block_offset)
            if ranges is None or any(overlap(ranges, others) for others in taken.values()):
                continue
            taken[source] = ranges
        kept.append(origin)
    return kept


def _ranges(rom: Rom, codecs: Mapping[str, Codec], codec: str, block_offset: int) -> Ranges | None:
    """Return the stretches of the file that hold a block's packed bytes, or `None` if it cannot be decoded."""
    if codec not in codecs:
        return None
    try:
        return rom.read_stream(codecs[codec], block_offset).ranges
    except CodecError:
        return None


def _occurrences(rom: Rom, tile: bytes) -> list[int]:
    """Return the first occurrences of a tile's bytes in the image, at any alignment."""
    image, at = rom.data.tobytes(), -1
    found: list[int] = []
    while len(found) < 2 * _NOTED_PLACES and (at := image.find(tile, at + 1)) >= 0:
        found.append(at)
    return found


def refuse_raw_over_block(rom: Rom, block: BlockEdit, streams: Sequence[Origin]) -> None:
    """Refuse to write raw bytes over a compressed stream: the game would read them as commands.

    Args:
        rom: The ROM.
        block: The edited plain bytes.
        streams: The proven blocks whose packed bytes share any with them.

    Raises:
        InjectError: There is one.
    """
    for stream in streams:
        raise InjectError(
            f"{rom.name}: the uncompressed {block.name} is inside the {stream.codec} block at "
            f"{stream.block_offset:#x}; export the tile from that block"
        )


def shared_bytes(rom: Rom, block: BlockEdit, streams: Sequence[Origin], *, force: bool) -> list[str]:
    """Return a note, or none, on other proven blocks that have packed bytes in common with an edited one.

    Args:
        rom: The ROM.
        block: The edited block.
        streams: The proven blocks whose packed bytes share any with it.
        force: Note it, where it would otherwise be refused.

    Raises:
        InjectError: There is such a block, the edited one is not known any better, and no `force`.
    """
    # A stream of another codec at the same byte is the same block, read in another way: the pointers lead to both.
    others = [stream for stream in streams if stream.block_offset != block.block_offset]
    if not others:
        return []
    names = ", ".join(f"the {one.codec} block at {one.block_offset:#x}" for one in others[:_NOTED_PLACES])
    more = f" and {len(others) - _NOTED_PLACES} more" if len(others) > _NOTED_PLACES else ""
    text = f"the {block.name} shares packed bytes with {names}{more}, whose start is proven too"
    # Seen being read counts for more than a pointer, which may be no pointer.
    if not force and not (block.start == "traced" and all(other.start == "pointer" for other in others)):
        raise InjectError(
            f"{rom.name}: {text}: the edit would damage what the game reads there; check it, then repeat with --force"
        )
    return [f"{text}; what the game reads there is changed, too"]
