"""DiztinGUIsh: its exported labels (`.csv`), and its projects (`.dizraw`: XML; `.diz`: the same, packed with gzip).

A project's labels are `Item`s of the element `Labels`, keyed by the SNES address in decimal, with the name as an
attribute or a child of their `Value`; it also holds the title and mapping of its ROM. The table of labels has the
address in hex, the name and a comment, without quotes around them.
Source: Diz.Core/serialization/xml_serializer, Diz.Core/model/Project.cs and Diz.Import/src/LabelImporterCsv.cs in
https://github.com/IsoFrieze/DiztinGUIsh.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from halscope_hooks import FormatError

from halscope.formats.labels._model import Label, LabelFile, clean

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

PROJECT_LIMIT: Final = 256 << 20
"""Largest unpacked project in bytes: it holds a few characters for each byte of the ROM."""

_ROW: Final = re.compile(r'"?([0-9A-Fa-f]{4,6})"?,([^,]*)(?:,.*)?')
_WATERMARK: Final = "DiztinGUIsh"
_MAPPINGS: Final = {
    "lorom": "lorom", "hirom": "hirom", "exlorom": "exlorom", "exhirom": "exhirom", "sa1rom": "sa1", "exsa1rom": "sa1"
}  # fmt: skip


def is_table(lines: list[str]) -> bool:
    """Whether these lines are DiztinGUIsh's table of labels."""
    return any(_ROW.fullmatch(line.strip()) for line in lines[:50])


def parse_table(lines: Iterable[str]) -> LabelFile:
    """Read the lines of an exported table of labels."""
    labels, skipped = [], 0
    for line in lines:
        match = _ROW.fullmatch(line.strip())
        name = "" if match is None else clean(match[2].strip().strip('"'))
        if match is None or not name:
            skipped += bool(line.strip())
            continue
        labels.append(Label(name, snes_address=int(match[1], 16)))
    return LabelFile("DiztinGUIsh labels", tuple(labels), skipped)


def unpacked(data: bytes, source: str) -> bytes:
    """Return what a gzip file holds. Raises FormatError if it is damaged or not the size of a project."""
    stream = zlib.decompressobj(wbits=31)
    try:
        text = stream.decompress(data, PROJECT_LIMIT)
    except zlib.error as error:
        raise FormatError(f"{source}: a damaged gzip file ({error}); save it again") from None
    if not stream.eof:
        raise FormatError(f"{source}: a gzip file that is truncated or far too large for a project; save it again")
    return text


def parse_project(data: bytes, source: str) -> LabelFile:
    """Read the labels of a project's XML. Raises FormatError if it is damaged or not a project of DiztinGUIsh."""
    from xml.etree import ElementTree as ET  # only projects need it

    if b"<!DOCTYPE" in data[:1024] or b"<!ENTITY" in data:
        raise FormatError(f"{source}: XML with definitions of its own, which no DiztinGUIsh project has; not read")
    try:
        root = ET.fromstring(data)  # noqa: S314 - without definitions nothing in it can expand
    except (ET.ParseError, ValueError, LookupError) as error:  # the latter two: an encoding that it names
        raise FormatError(f"{source}: damaged XML ({error}); save the project again") from None
    if _value(root, "Watermark") != _WATERMARK:
        raise FormatError(f"{source}: XML, but no DiztinGUIsh project; give a .diz, .dizraw, .mlb, .sym or .csv")
    labels, skipped, title, mapping = [], 0, None, None
    for element in root.iter():
        title = title or _value(element, "InternalRomGameName")
        mapping = mapping or _value(element, "RomMapMode")
        if _tag(element) != "Labels":
            continue
        for item in element:
            key, name = _value(item, "Key") or "", ""
            for value in item:
                name = name or clean(_value(value, "Name") or "")
            if not key.isascii() or not key.isdigit() or len(key) > 8 or int(key) >= 1 << 24:
                skipped += 1
            elif name:  # an entry may be a comment alone
                labels.append(Label(name, snes_address=int(key)))
    return LabelFile("DiztinGUIsh project", tuple(labels), skipped, None, title, _MAPPINGS.get((mapping or "").lower()))


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _value(element: ET.Element, name: str) -> str | None:
    """Return the attribute of this name, or the text of the child: the serializer moves long text into elements."""
    if name in element.attrib:
        return element.attrib[name]
    return next((child.text for child in element if _tag(child) == name), None)
