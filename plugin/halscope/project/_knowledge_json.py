"""Knowledge as JSON, validated when read (docs/reference/knowledge.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from halscope_hooks import FormatError, UsageError

import halscope._fields as read
from halscope._fields import Fields
from halscope.project._knowledge import MOST_TEXT, FigureName, FigureSplit, Knowledge, ProvenStart, SeenPalette
from halscope.project._rom_notes import Ranges, RomLabel

FORMAT: Final = "halscope-knowledge"
VERSION: Final = 6
"""The version that is written. Version 1, whose starts have no "by", version 2, whose starts have no "callers",
"buffers" and "writers", version 3 without "read_padding", "labels", "executed" and "read", version 4 without "splits",
and version 5 without "read_colours" can also be read."""

_MOST: Final = 1 << 20
_OFFSETS: Final = read.listed(_MOST, read.rom_offset, least=0)
_TEXT: Final = read.any_text(MOST_TEXT)
_ADVICE: Final = "repair the file by hand, or continue without its contents"


class NewerVersionError(FormatError):
    """The file was written by a newer Halscope. It is intact and must not be changed."""


def knowledge_to_json(knowledge: Knowledge) -> str:
    """Return the knowledge as one line of ASCII JSON."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "rom_sha256": knowledge.rom_sha256,
        "starts": [
            {
                "codec": one.codec,
                "block_offset": one.block_offset,
                "start": one.start,
                "places": list(one.places),
                "by": list(one.by),
                "callers": list(one.callers),
                "buffers": list(one.buffers),
                "writers": list(one.writers),
            }
            for one in knowledge.starts
        ],
        "palettes": [
            {
                "codec": one.codec,
                "block_offset": one.block_offset,
                "bgr555": list(one.colours),
                "times": one.times,
            }
            for one in knowledge.palettes
        ],
        "names": [{"figure": one.figure, "name": one.name, "made": one.made.isoformat()} for one in knowledge.names],
        "merges": [{"figures": list(group)} for group in knowledge.merges],
        "splits": [
            {"figure": one.figure, "split": one.is_split, "made": one.made.isoformat()} for one in knowledge.splits
        ],
        "read_padding": list(knowledge.read_padding),
        "read_colours": list(knowledge.read_colours),
        "labels": [_labels_of_one_file(group) for group in _by_time(knowledge.labels)],
        "executed": [edge for stretch in knowledge.executed for edge in stretch],
        "read": [edge for stretch in knowledge.read for edge in stretch],
    }
    return json.dumps(document, separators=(",", ":"))


def knowledge_from_json(text: str | bytes, source: str) -> Knowledge:
    """Read knowledge back.

    Args:
        text: The document; its contents are not trusted.
        source: Where it was read from, for messages.

    Raises:
        FormatError: It is not a knowledge file, or a field is missing, unknown or out of range. The subclass
            `NewerVersionError` means that a newer Halscope wrote it.
    """
    root = read.document(text, source, FormatError, _ADVICE)
    if root.take("format", read.anything) != FORMAT:
        raise root.wrong(f'"format" is not "{FORMAT}": this is not a Halscope knowledge file')
    version = root.take("version", read.whole(1, 1 << 31))
    if version > VERSION:
        raise NewerVersionError(
            f"{source}: was written by a newer Halscope, as version {version}; this one reads 1 to {VERSION}: update it"
        )
    rom_sha256 = root.take("rom_sha256", read.sha256)
    starts = tuple(_start(fields, version) for fields in root.each("starts", _MOST))
    palettes = tuple(_palette(fields) for fields in root.each("palettes", _MOST))
    names = tuple(_name(fields) for fields in root.each("names", _MOST))
    merges = tuple(_merges(root))
    padding: tuple[int, ...] = ()
    labels: tuple[RomLabel, ...] = ()
    executed: Ranges = ()
    was_read: Ranges = ()
    if version > 3:
        padding = tuple(root.take("read_padding", _OFFSETS))
        labels = tuple(label for fields in root.each("labels", _MOST) for label in _labels(fields))
        executed, was_read = _ranges(root, "executed"), _ranges(root, "read")
    splits = tuple(_split(fields) for fields in root.each("splits", _MOST)) if version > 4 else ()
    colours = tuple(root.take("read_colours", _OFFSETS)) if version > 5 else ()
    root.finish()
    try:
        return Knowledge(
            *(rom_sha256, starts, palettes, names, merges, padding, labels, executed, was_read), splits, colours
        )
    except UsageError as error:
        raise root.wrong(str(error)) from None


def _start(fields: Fields, version: int) -> ProvenStart:
    def addresses(name: str) -> tuple[int, ...]:
        return tuple(fields.take(name, read.listed(_MOST, read.snes_address, least=0))) if version > 2 else ()

    start = ProvenStart(
        codec=fields.take("codec", read.codec_name),
        block_offset=fields.take("block_offset", read.rom_offset),
        start=fields.take("start", read.start_evidence),
        places=tuple(fields.take("places", read.listed(_MOST, read.rom_offset, least=0))),
        by=tuple(fields.take("by", read.listed(_MOST, _TEXT, least=0))) if version > 1 else (),
        callers=addresses("callers"),
        buffers=addresses("buffers"),
        writers=addresses("writers"),
    )
    fields.finish()
    return start


def _palette(fields: Fields) -> SeenPalette:
    palette = SeenPalette(
        codec=fields.take("codec", read.codec_name),
        block_offset=fields.take("block_offset", read.rom_offset),
        colours=tuple(fields.take("bgr555", read.listed(256, read.whole(0, 0x7FFF)))),
        times=fields.take("times", read.whole(1, 1 << 31)),
    )
    fields.finish()
    return palette


def _name(fields: Fields) -> FigureName:
    name = FigureName(
        figure=fields.take("figure", _TEXT), name=fields.take("name", _TEXT), made=fields.take("made", read.moment)
    )
    fields.finish()
    return name


def _split(fields: Fields) -> FigureSplit:
    split = FigureSplit(
        figure=fields.take("figure", _TEXT),
        is_split=fields.take("split", read.flag),
        made=fields.take("made", read.moment),
    )
    fields.finish()
    return split


def _merges(root: Fields) -> Iterator[tuple[str, ...]]:
    for fields in root.each("merges", _MOST):
        yield tuple(fields.take("figures", read.listed(_MOST, _TEXT)))
        fields.finish()


def _by_time(labels: Sequence[RomLabel]) -> Iterator[list[RomLabel]]:
    """Yield the labels that were made at one time together: a file has thousands."""
    for _, group in groupby(sorted(labels, key=lambda one: (one.made, one.rom_offset)), key=lambda one: one.made):
        yield list(group)


def _labels_of_one_file(labels: Sequence[RomLabel]) -> dict[str, object]:
    return {
        "made": labels[0].made.isoformat(),
        "rom_offsets": [one.rom_offset for one in labels],
        "names": [one.name for one in labels],
    }


def _labels(fields: Fields) -> Iterator[RomLabel]:
    made = fields.take("made", read.moment)
    offsets = fields.take("rom_offsets", read.listed(_MOST, read.rom_offset))
    names = fields.take("names", read.listed(_MOST, read.text))
    fields.finish()
    if len(names) != len(offsets):
        raise fields.wrong(f"{len(names)} names of labels at {len(offsets)} offsets")
    for offset, name in zip(offsets, names, strict=True):
        yield RomLabel(offset, name, made)


def _ranges(root: Fields, name: str) -> Ranges:
    edges = root.take(name, read.listed(_MOST, read.whole(0, 1 << 24), least=0))
    if len(edges) % 2 or any(before >= after for before, after in pairwise(edges)):
        raise root.wrong(f'"{name}" is no list of ascending starts and ends')
    return tuple(zip(edges[::2], edges[1::2], strict=True))
