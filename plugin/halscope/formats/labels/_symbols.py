"""Symbol files (`.sym`) of assemblers and debuggers: a SNES address and a name a line, perhaps in sections.

- wla-dx, and asar with `--symbols=wla`: `[labels]`, lines `00:8000 name`; asar adds `[rom checksum]`, the CRC32 of the
  image that it made (src/asar/main.cpp, create_symbols_file, in https://github.com/RPGHacker/asar).
- no$sns, and asar with `--symbols=nocash`: lines `00008000 name` without sections.
- bsnes-plus and fma (`.cpu.sym`): `#SNES65816`, `[SYMBOL]` or `[labels]`, lines `00:8000 name ANY 1`, and `[COMMENT]`
  (as read by Diz.Import/src/bsnes in https://github.com/IsoFrieze/DiztinGUIsh).
- ld65's `-Ln`, which VICE reads: lines `al 008000 .name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from halscope.formats.labels._model import Label, LabelFile, clean

_LINE: Final = re.compile(
    r"(?:al\s+(?:C:)?)?(?:([0-9A-Fa-f]{2}):?([0-9A-Fa-f]{4})|00([0-9A-Fa-f]{6}))\s+\.?(\S+)(?:\s.*)?"
)
_OWN_SCOPE: Final = ("@", ":")
"""How ca65's cheap local labels and asar's `+` and `-` labels begin: they name no place for others."""
_SECTION: Final = re.compile(r"\[([A-Za-z0-9 _-]+)\]")
_OF_LABELS: Final = ("", "labels", "symbol", "symbols")
_CHECKSUM: Final = re.compile(r"[0-9A-Fa-f]{8}")


def is_symbols(lines: list[str]) -> bool:
    """Whether these lines are a symbol file."""
    return any(_LINE.fullmatch(line) or _SECTION.fullmatch(line) for line in map(_bare, lines[:50]))


def parse_symbols(lines: Iterable[str]) -> LabelFile:
    """Read the lines of a symbol file. Sections without labels are left out; they are no wrong lines."""
    section, labels, skipped, crc32 = "", [], 0, None
    for line in map(_bare, lines):
        if not line:
            continue
        if (head := _SECTION.fullmatch(line)) is not None:
            section = head[1].lower()
        elif section == "rom checksum" and _CHECKSUM.fullmatch(line):
            crc32 = int(line, 16)
        elif section in _OF_LABELS:
            match = _LINE.fullmatch(line)
            name = "" if match is None else clean(match[4])
            if match is None or not name:
                skipped += 1
                continue
            if name.startswith(_OWN_SCOPE):
                continue
            address = int(match[3] or match[1] + match[2], 16)
            labels.append(Label(name, snes_address=address))
    return LabelFile("symbols", tuple(labels), skipped, crc32)


def _bare(line: str) -> str:
    """Return the line without comments and spaces around it."""
    return "" if line.startswith("#") else line.partition(";")[0].strip()
