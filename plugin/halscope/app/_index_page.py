"""The page `index.html` of a folder of edit sheets: each sheet enlarged, its name, and where its tiles are from."""

from __future__ import annotations

import html
import struct
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

from halscope._files import write_atomic

INDEX_PAGE: Final = "index.html"
SIDE: Final = 160
"""Pixels of a picture's longer side, as far as a whole factor allows."""
_STYLE: Final = (
    "body{background:#11131b;color:#e9ecf5;font:15px system-ui,sans-serif;margin:24px}"
    "h1{font-size:22px}h2{font-size:17px;margin:28px 0 8px}section{display:flex;flex-wrap:wrap;gap:12px}"
    "figure{margin:0;padding:12px;background:#1a1d29;border:1px solid #303548;border-radius:8px;text-align:center}"
    "img{image-rendering:pixelated;background:repeating-conic-gradient(#3a4054 0 25%,#464d64 0 50%) 0 0/16px 16px}"
    "figcaption{margin-top:8px;max-width:260px}small{color:#98a1ba}a{color:inherit}"
)


def write_index_page(folder: Path, title: str, notes: Mapping[str, str]) -> Path:
    """Write the page of all sheets in a folder and its subfolders, and return its path.

    Args:
        folder: The folder.
        title: Heading of the page.
        notes: A line for each sheet, by its path relative to the folder, with slashes.

    Raises:
        HalscopeError: The page cannot be written.
    """
    blocks: dict[str, list[str]] = {}
    count = 0
    for png in sorted(folder.rglob("*.png")):
        size = _size(png)
        if size is None or not png.with_suffix(".json").exists():
            continue  # not a sheet, or not a whole one
        count += 1
        name = png.relative_to(folder).as_posix()
        blocks.setdefault(PurePosixPath(name).parent.as_posix(), []).append(_figure(name, size, notes.get(name, "")))
    heading = f"{title}: {count} sheet{'s' * (count != 1)}"
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(heading)}</title>',
        f"<style>{_STYLE}</style><h1>{html.escape(heading)}</h1>",
        "<p>Edit a PNG in any image editor and keep its .json beside it. Reload this page to see what is new.</p>",
    ]
    for block in sorted(blocks):
        heading = "" if block == "." else f"<h2>{html.escape(block)}</h2>"
        parts += [f"{heading}<section>", *blocks[block], "</section>"]
    page = folder / INDEX_PAGE
    write_atomic(page, "\n".join(parts).encode("utf-8", "replace") + b"\n")
    return page


def _figure(name: str, size: tuple[int, int], note: str) -> str:
    factor = max(1, SIDE // max(size))
    picture = f'<img src="{quote(name)}" width="{size[0] * factor}" height="{size[1] * factor}" alt="">'
    words = html.escape(PurePosixPath(name).stem)
    return (
        f'<figure><a href="{quote(name)}">{picture}</a>'
        f"<figcaption>{words}<br><small>{html.escape(note)}</small></figcaption></figure>"
    )


def _size(png: Path) -> tuple[int, int] | None:
    """Return width and height of a PNG, or `None` for another file or one that is being replaced."""
    try:
        with png.open("rb") as file:
            start = file.read(24)
    except OSError:
        return None
    if len(start) < 24 or start[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", start, 16)
    return (width, height) if width and height else None
