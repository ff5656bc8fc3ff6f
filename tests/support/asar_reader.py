"""Applies the part of asar's language that `halscope export` writes, independently of the writer.

`org ADDRESS`, `NAME:`, `incbin "FILE"`, `db`, `dw`, `dl` and `assert filesize(...)`, with `:` between commands; values
are labels and numbers with +, -, | and >>. Source: docs/manual in https://github.com/RPGHacker/asar.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

_WIDTHS: Final = {"db": 1, "dw": 2, "dl": 3}
_VALUE: Final = re.compile(r"[\w$+\-|>() ]+")


def assemble(source: Path, image: bytearray, to_offset: Callable[[int], int | None]) -> str:
    """Apply a source to an image.

    Args:
        source: The file; what it includes is beside it.
        image: The image without copier header; changed.
        to_offset: Returns the file offset of a SNES address.

    Returns:
        The mapping that it names.
    """
    labels: dict[str, int] = {}
    commands = [
        part.strip()
        for line in source.read_text(encoding="utf-8").splitlines()
        for part in line.partition(";")[0].split(" : ")
        if part.strip()
    ]
    mapping, rest = commands[0], commands[1:]
    for is_last in (False, True):  # labels may stand behind their uses
        address = 0

        def write(data: bytes, last: bool = is_last) -> None:
            nonlocal address
            at = to_offset(address)
            assert at is not None, hex(address)
            assert to_offset(address + len(data) - 1) == at + len(data) - 1, f"{address:x} crosses a bank"
            if last:
                image[at : at + len(data)] = data
            address += len(data)

        for command in rest:
            word, _, tail = command.partition(" ")
            if word == "org":
                address = int(tail.removeprefix("$"), 16)
            elif word.endswith(":"):
                labels[word.removesuffix(":")] = address
            elif word == "incbin":
                write((source.parent / tail.strip('"')).read_bytes())
            elif word in _WIDTHS:
                value = _evaluate(tail, labels) if is_last else 0
                write((value & (1 << 8 * _WIDTHS[word]) - 1).to_bytes(_WIDTHS[word], "little"))
            elif word == "assert":
                name, most = re.match(r'filesize\("(.+)"\) <= (\d+),', tail).groups()  # type: ignore[union-attr]
                assert (source.parent / name).stat().st_size <= int(most)
            else:
                raise AssertionError(command)
    return mapping


def _evaluate(text: str, labels: dict[str, int]) -> int:
    assert _VALUE.fullmatch(text), text
    number = re.sub(r"\$([0-9A-Fa-f]+)", r"0x\1", text)
    return int(eval(number, {"__builtins__": {}}, labels))  # only what _VALUE allows
