"""The page `index.html` of a folder of edit sheets: each sheet enlarged, its name, and where its tiles are from."""

from __future__ import annotations

import html
import os
import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import quote

from halscope_hooks import UsageError

from halscope._files import write_atomic
from halscope.app._file_changes import Signature, edited_files

INDEX_PAGE: Final = "index.html"
MARK: Final = '<meta name="generator" content="halscope">'
"""In every page of ours: a file without it is the user's, and is not replaced."""
_PNG: Final = ".png"
SIDE: Final = 160
"""Pixels of a picture's longer side, as far as a whole factor allows."""
_STYLE: Final = (
    "body{background:#11131b;color:#e9ecf5;font:15px system-ui,sans-serif;margin:24px}"
    "h1{font-size:22px}h2{font-size:17px;margin:28px 0 8px}section{display:flex;flex-wrap:wrap;gap:12px}"
    "figure{margin:0;padding:12px;background:#1a1d29;border:1px solid #303548;border-radius:8px;text-align:center}"
    "img{image-rendering:pixelated;background:repeating-conic-gradient(#3a4054 0 25%,#464d64 0 50%) 0 0/16px 16px}"
    ".sheet{position:relative;display:inline-block;line-height:0}"
    ".sheet svg{position:absolute;inset:0;width:100%;height:100%}"
    ".locked{fill:url(#locked);stroke:#ff4d6d}.unproven{fill:none;stroke:#ffb020;stroke-dasharray:2 1}"
    ".locked,.unproven{stroke-width:.5}.key{display:inline-block;width:14px;height:14px;vertical-align:-2px}"
    "figcaption{margin-top:8px;max-width:260px}small{color:#98a1ba}a{color:inherit}"
)
_TILE: Final = 8
# Stripes that both a dark and a light picture leave visible; every picture of the page refers to this one pattern.
_PATTERN: Final = (
    '<svg width="0" height="0" style="position:absolute"><defs><pattern id="locked" width="2" height="2" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="2" fill="#11131b99"/>'
    '<rect width="1" height="2" fill="#ff4d6d99"/></pattern></defs></svg>'
)
LEGEND: Final = {
    "locked": "striped: locked, painting it is refused",
    "unproven": "outlined: where its block starts is not proven, so an edit needs --force",
}

type Place = tuple[int, int]
"""Upper left corner of a tile in a sheet, x and y in pixels."""


class SheetNote(NamedTuple):
    """What the page says about a sheet.

    Args:
        text: A line for people.
        locked: The tiles that cannot be edited, because their place in the ROM is not known.
        unproven: The tiles that can be edited only with --force.
    """

    text: str
    locked: tuple[Place, ...] = ()
    unproven: tuple[Place, ...] = ()


def write_index_page(folder: Path, title: str, notes: Mapping[str, SheetNote]) -> Path:
    """Write the page of all sheets in a folder and its subfolders, and return its path.

    Args:
        folder: The folder.
        title: Heading of the page.
        notes: What is said about each sheet, by its path relative to the folder, with slashes.

    Raises:
        UsageError: A page that is not ours is there.
        HalscopeError: The page cannot be written.
    """
    check_page(folder)
    blocks: dict[str, list[str]] = {}
    count = 0
    lead = len(str(folder / "x")) - 1
    for path, signature in sorted(edited_files(folder).items(), key=_place):
        if not path.endswith(_PNG):
            continue
        size = _size(path, signature)
        if size is None or not os.path.exists(f"{path[: -len(_PNG)]}.json"):  # noqa: PTH110 - no object of each name
            continue  # not a sheet, or not a whole one
        count += 1
        name = path[lead:].replace(os.sep, "/")
        blocks.setdefault(name.rpartition("/")[0] or ".", []).append(_figure(name, size, notes.get(name)))
    heading = f"{title}: {count} sheet{'s' * (count != 1)}"
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8">{MARK}<title>{html.escape(heading)}</title>',
        f"<style>{_STYLE}</style><h1>{html.escape(heading)}</h1>",
        "<p>Edit a PNG in any image editor and keep its .json beside it. Reload this page to see what is new.</p>",
        *_legend(notes.values()),
    ]
    for block in sorted(blocks):
        heading = "" if block == "." else f"<h2>{html.escape(block)}</h2>"
        parts += [f"{heading}<section>", *blocks[block], "</section>"]
    page = folder / INDEX_PAGE
    write_atomic(page, "\n".join(parts).encode("utf-8", "replace") + b"\n")
    return page


def check_page(folder: Path) -> None:
    """Raise UsageError if the folder has an index page that is not ours."""
    if is_foreign(folder / INDEX_PAGE, MARK):
        raise UsageError(
            f"{folder / INDEX_PAGE}: was not written by Halscope, so it is not replaced; give another folder"
        )


def is_foreign(path: Path, mark: str) -> bool:
    """Whether a file is there that does not begin with this mark of ours, within 256 bytes."""
    try:
        with path.open("rb") as file:
            start = file.read(256)
    except OSError:
        return False  # none is there; or whoever writes it says why it cannot
    return bool(start) and mark.encode() not in start


def _figure(name: str, size: tuple[int, int], note: SheetNote | None) -> str:
    factor = max(1, SIDE // max(size))
    picture = f'<img src="{quote(name)}" width="{size[0] * factor}" height="{size[1] * factor}" alt="">'
    words = html.escape(PurePosixPath(name).stem)
    return (
        f'<figure><a class="sheet" href="{quote(name)}">{picture}{_marks(size, note)}</a>'
        f"<figcaption>{words}<br><small>{html.escape(note.text if note else '')}</small></figcaption></figure>"
    )


def _marks(size: tuple[int, int], note: SheetNote | None) -> str:
    """Return the marks that lie over a picture. The PNG itself stays as it is, because it is read back."""
    paths = [
        f'<path class="{kind}" d="{"".join(f"M{x} {y}h{_TILE}v{_TILE}h-{_TILE}z" for x, y in places)}"/>'
        for kind, places in _kinds(note)
        if places
    ]
    return f'<svg viewBox="0 0 {size[0]} {size[1]}">{"".join(paths)}</svg>' if paths else ""


def _legend(notes: Iterable[SheetNote]) -> list[str]:
    """Return the explanation of the marks that the page has, and the pattern of the stripes."""
    used = {kind for note in notes for kind, places in _kinds(note) if places}
    key = f'<svg class="key" viewBox="-1 -1 {_TILE + 2} {_TILE + 2}"><path class="{{}}" d="M0 0h8v8h-8z"/></svg> {{}}'
    words = [key.format(kind, html.escape(text)) for kind, text in LEGEND.items() if kind in used]
    return [_PATTERN, f"<p>Tiles that are marked here, not in the PNGs: {'; '.join(words)}.</p>"] if words else []


def _kinds(note: SheetNote | None) -> tuple[tuple[str, tuple[Place, ...]], ...]:
    return () if note is None else (("locked", note.locked), ("unproven", note.unproven))


def _place(file: tuple[str, Signature]) -> tuple[list[str], str]:
    """Sort by folder, and a name before its variants."""
    *parents, name = Path(file[0]).parts
    return parents, name.removesuffix(_PNG)


@lru_cache(maxsize=1 << 14)  # the page is written again for each new sheet
def _size(png: str, _signature: Signature) -> tuple[int, int] | None:
    """Return width and height of a PNG, or `None` for another file or one that is being replaced."""
    try:
        with open(png, "rb") as file:  # noqa: PTH123 - no object of each name
            start = file.read(24)
    except OSError:
        return None
    if len(start) < 24 or start[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", start, 16)
    return (width, height) if width and height else None
