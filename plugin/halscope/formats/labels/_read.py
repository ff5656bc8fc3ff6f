"""Reading a file of labels, whatever program wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from halscope_hooks import FormatError

from halscope.formats.labels._diztinguish import is_table, parse_project, parse_table, unpacked
from halscope.formats.labels._mesen import is_mesen, parse_mesen
from halscope.formats.labels._model import LabelFile
from halscope.formats.labels._symbols import is_symbols, parse_symbols

LABEL_BYTES: Final = 64 << 20
"""Largest file of labels in bytes: the largest disassemblies have some hundred thousand."""

_FORMS: Final[tuple[tuple[Callable[[list[str]], bool], Callable[[Iterable[str]], LabelFile]], ...]] = (
    (is_mesen, parse_mesen),
    (is_symbols, parse_symbols),
    (is_table, parse_table),
)
_KNOWN: Final = "Mesen's .mlb, a .sym of wla-dx, asar or bsnes-plus, ld65's -Ln, or DiztinGUIsh's .csv, .diz or .dizraw"


def read_labels(data: bytes, source: str) -> LabelFile:
    """Read a file of labels, told apart by its contents.

    Args:
        data: The file; its contents are not trusted.
        source: Its name, for messages.

    Raises:
        FormatError: It is damaged, of no known kind, or has no label.
    """
    if data[:2] == b"\x1f\x8b":
        data = unpacked(data, source)
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return _with_labels(parse_project(data, source), source)
    if b"\0" in data[:4096]:
        raise FormatError(f"{source}: not a file of labels, it is not text; give {_KNOWN}")
    lines = data.decode("utf-8-sig", "replace").splitlines()
    for is_form, parse in _FORMS:
        if is_form([line for line in lines if line.strip()]):
            return _with_labels(parse(lines), source)
    raise FormatError(f"{source}: no label in it that can be read; give {_KNOWN}")


def _with_labels(file: LabelFile, source: str) -> LabelFile:
    if not file.labels:
        raise FormatError(f"{source}: {file.kind} without a label of the ROM; nothing was learnt")
    return file
