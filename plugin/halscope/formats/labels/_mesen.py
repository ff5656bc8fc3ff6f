r"""Mesen's labels (`.mlb`): `MEMORY:ADDRESS[-LAST]:NAME[:COMMENT]`, one a line, addresses in hex.

Mesen 2 names the memories as its debugger does (SnesPrgRom, SnesWorkRam, …), Mesen-S as PRG, WORK and so on; both are
read. An address in SnesPrgRom is an offset in the image without copier header. Line breaks in a comment are `\n`.
Source: UI/Debugger/Labels/CodeLabel.cs and LabelManager.cs in https://github.com/SourMesen/Mesen2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from halscope.formats.labels._model import Label, LabelFile, clean

_LINE: Final = re.compile(r"([A-Za-z][A-Za-z0-9]*):([0-9A-Fa-f]{1,8})(?:-[0-9A-Fa-f]{1,8})?:([^:]*)(?::.*)?")
_ROM: Final = ("SnesPrgRom", "PRG")
_REFUSED: Final = re.compile(r"[^@_a-zA-Z0-9]")
"""Characters that Mesen does not allow in a name; it replaces them by `_`."""


def is_mesen(lines: list[str]) -> bool:
    """Whether these lines are Mesen's labels."""
    return any(_LINE.fullmatch(line) for line in lines[:50])


def parse_mesen(lines: Iterable[str]) -> LabelFile:
    """Read the lines of a `.mlb` file. Labels of other memories are left out; they are no wrong lines."""
    labels, skipped = [], 0
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            skipped += bool(line.strip())
            continue
        memory, address, name = match.groups()
        if memory in _ROM and clean(name):  # a comment alone has no name
            labels.append(Label(clean(name), rom_offset=int(address, 16)))
    return LabelFile("Mesen labels", tuple(labels), skipped)


def write_mesen_labels(named: Iterable[tuple[int, int, str, str]]) -> bytes:
    """Return a `.mlb` file for Mesen 2.

    Args:
        named: File offset in the headerless image, number of bytes, name and comment of each label.
    """
    lines, used = [], set[str]()
    for offset, size, name, comment in sorted(named):
        kept = _REFUSED.sub("_", name)
        kept = f"_{kept}" if kept[:1].isdigit() or not kept else kept
        number, base = 2, kept
        while kept in used:  # Mesen keeps one place a name
            kept, number = f"{base}_{number}", number + 1
        used.add(kept)
        last = f"-{offset + size - 1:04X}" if size > 1 else ""
        text = re.sub(r"\r\n|\r|\n", r"\\n", comment)
        lines.append(f"SnesPrgRom:{offset:04X}{last}:{kept}" + (f":{text}" if text.strip() else ""))
    return "".join(f"{line}\n" for line in lines).encode()
