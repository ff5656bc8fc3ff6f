"""Helpers of the commands: offsets, progress bars, JSON, output folders."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from halscope_hooks import HalscopeError, UsageError

from halscope.app import to_rom_offset
from halscope.cli._arguments._kinds import number
from halscope.cli._output import on_terminal, print_json
from halscope.rom.image import Rom

__all__ = ["everywhere_from", "out_folder", "print_json", "progress_bar", "refuse_unused", "rom_offset"]


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


def refuse_unused(options: argparse.Namespace, names: Sequence[str], why: str) -> None:
    """Refuse options that would have no effect. Raises UsageError for the first one that is given.

    Args:
        options: The options of a command.
        names: Names of options that are absent by default: `None`, `False` or no values.
        why: What the option is for, and what to do: "is for blocks; give OFFSETs".
    """
    for name in names:
        value = getattr(options, name.replace("-", "_"))
        if value is not None and value is not False and value != []:
            raise UsageError(f"--{name} {why}")


def everywhere_from(options: argparse.Namespace) -> bool | None:
    """Return what --everywhere and --only-here say; `None` without them: as a sheet's edit was made before."""
    if options.everywhere:
        return True
    return False if getattr(options, "only_here", False) else None


def check_obsel(value: int | None) -> None:
    """Check the value of --obsel. Raises UsageError if it has more than one byte."""
    if value is not None and value > 0xFF:
        raise UsageError(f"--obsel {value:#x}: the register has one byte, 0 to 0xff")


def out_folder(path: Path, option: str = "--out") -> Path:
    """Create the folder and its parents, and return it.

    Args:
        path: The folder.
        option: The option that gave it.

    Raises:
        UsageError: The path or one of its parents is a file.
        HalscopeError: The folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{path}: is not a folder; give {option} a new or existing folder") from None
    except OSError as error:
        raise HalscopeError(f"{path}: cannot be created: {error.strerror or error}") from error
    return path


@contextlib.contextmanager
def progress_bar(text: str, unit: str = "") -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar if standard error is a terminal; yields a function (done, total) that updates it.

    Args:
        text: What is being done.
        unit: What is counted: "B" for bytes, or a noun in the singular.
    """
    if not on_terminal(sys.stderr):
        yield lambda _done, _total: None
        return
    from halscope.cli._terminal import terminal_progress

    with terminal_progress(text, unit) as move:
        yield move
