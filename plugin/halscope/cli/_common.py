"""Helpers of the commands: offsets, progress bars, JSON, output folders."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from halscope_hooks import HalscopeError, UsageError
from tqdm import tqdm

from halscope.app import to_rom_offset
from halscope.cli._arguments._kinds import number
from halscope.rom.image import Rom


def rom_offset(rom: Rom, text: str) -> int:
    """Return the file offset that an argument of kind `place` names.

    Raises:
        UsageError: The offset is outside the ROM.
    """
    if ":" in text:
        bank, _, address = text.removeprefix("$").partition(":")
        return to_rom_offset(rom, int(bank, 16) << 16 | int(address, 16))
    offset = number(text)
    if offset >= rom.data.size:
        raise UsageError(
            f"offset {offset:#x} is past the end of {rom.name} ({rom.data.size:#x} bytes without a copier header)"
        )
    return offset


def check_obsel(value: int | None) -> None:
    """Check the value of --obsel. Raises UsageError if it has more than one byte."""
    if value is not None and value > 0xFF:
        raise UsageError(f"--obsel {value:#x}: the register has one byte, 0 to 0xff")


def print_json(value: Any) -> None:
    """Print a JSON document on one line of standard output."""
    print(json.dumps(value, separators=(", ", ": ")))


def out_folder(path: Path) -> Path:
    """Create the folder and its parents, and return it.

    Raises:
        UsageError: The path or one of its parents is a file.
        HalscopeError: The folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{path}: is not a folder; give --out a new or existing folder") from None
    except OSError as error:
        raise HalscopeError(f"{path}: cannot be created: {error.strerror or error}") from error
    return path


@contextlib.contextmanager
def progress_bar(text: str, unit: str = "") -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar if standard error is a terminal; yields a function (done, total) that updates it."""
    with tqdm(desc=text, unit=unit, unit_scale=True, leave=False, disable=not sys.stderr.isatty()) as bar:

        def move(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        yield move
