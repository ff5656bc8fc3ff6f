"""`halscope compare`: what differs between two moments that recordings or savestates hold."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from halscope._files import write_atomic
from halscope.app import ChangedSprite, ComparedMoments, compare_files, compared_pictures
from halscope.cli._common import check_obsel, out_folder, print_json
from halscope.cli._output import say
from halscope.cli._table import Cell, Column, index_ranges, print_table
from halscope.export.pictures import png_bytes

_MOST_ROWS = 40
"""Rows of a table; the JSON has all."""


def run(options: argparse.Namespace) -> int:
    """Compare and print."""
    check_obsel(options.obsel)
    found = compare_files(options.before, options.after, options.obsel)
    written = None if options.out is None else _write_pictures(found, out_folder(options.out))
    if options.json:
        print_json(found.describe() | ({} if written is None else {"pictures": written}))
        return 0
    _print(found)
    for moment, path in zip((found.before, found.after), written or (), strict=False):
        say(f"{path}: {moment.text}" if path else f"no picture of {moment.text}: it lacks registers")
    return 0


def _write_pictures(found: ComparedMoments, folder: Path) -> list[str | None]:
    written: list[str | None] = []
    for name, picture in zip(("before.png", "after.png"), compared_pictures(found), strict=True):
        if picture is None:
            written.append(None)
            continue
        write_atomic(folder / name, png_bytes(Image.fromarray(picture)))
        written.append(str(folder / name))
    return written


def _print(found: ComparedMoments) -> None:
    one, other, differences = found.before, found.after, found.differences
    say(f"{one.text} (frame {one.snapshot.frame}) and {other.text} (frame {other.snapshot.frame})", "bold")
    tiles = differences.tiles
    say(f"VRAM: {tiles.size} of 2048 tiles differ" + (f": {_places(tiles.tolist())}" if tiles.size else ""))
    colours = differences.colours
    say(
        f"CGRAM: {len(colours)} of 256 colours differ"
        + (f": {index_ranges([c.index for c in colours])}" if colours else "")
    )
    say(f"OAM: {len(differences.sprites)} of 128 sprites differ")
    rows: list[list[str | Cell]] = [
        [
            str(sprite.index),
            *(
                f"{getattr(sprite.before, name):d} > {getattr(sprite.after, name):d}" if name in sprite.fields else ""
                for name in _FIELDS
            ),
        ]
        for sprite in differences.sprites[:_MOST_ROWS]
    ]
    if rows:
        print_table([Column("sprite"), *(Column(name, right=True) for name in _FIELDS)], rows)
    if len(differences.sprites) > _MOST_ROWS:
        say(f"and {len(differences.sprites) - _MOST_ROWS} more; --json has all", "dim")
    for moment, marks in zip((one, other), found.marks, strict=True):
        say(f"on the screen of {moment.text}: {_marked(marks)}")
    say(f"registers: {len(differences.registers)} differ")
    for register in differences.registers:
        say(f"  {register.name}: {_value(register.before)} > {_value(register.after)}")
    if differences.wram is None:
        say("WRAM: not in both", "dim")
    else:
        say(f"WRAM: {differences.wram_bytes} bytes in {len(differences.wram)} places differ")
    if differences.pixels is not None:
        say(f"picture: {differences.pixels} pixels differ")


_FIELDS = ("x", "y", "tile", "palette", "priority", "hflip", "vflip", "large")


def _marked(marks: Sequence[ChangedSprite]) -> str:
    """Return which sprites differ, by what differs of them: `entry 3-5, tiles 7, colours none`."""
    parts = []
    for what, name in (("oam", "entry"), ("tiles", "tiles"), ("colours", "colours")):
        found = [one.sprite for one in marks if getattr(one, what)]
        parts.append(f"{name} of sprites {index_ranges(found)}" if found else f"{name} of none")
    return ", ".join(parts)


def _places(addresses: list[int]) -> str:
    """Return VRAM byte addresses as `$4000-$407f $5000`: ranges of tiles that follow each other."""
    ranges: list[list[int]] = []
    for address in addresses:
        if ranges and address == ranges[-1][1] + 32:
            ranges[-1][1] = address
        else:
            ranges.append([address, address])
    shown = [f"${first:04x}" if first == last else f"${first:04x}-${last + 31:04x}" for first, last in ranges]
    return " ".join(shown[:_MOST_ROWS]) + (f" and {len(shown) - _MOST_ROWS} more" if len(shown) > _MOST_ROWS else "")


def _value(value: int | None) -> str:
    return "unknown" if value is None else f"${value:02x}"
