"""Names of the sheets in a project: short paths that are the same on every machine, wherever the files lie."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from halscope_hooks import UsageError

_ANIMATED: Final = ".apng"
_MOST_LETTERS: Final = 200
_FIGURES: Final = re.compile(r"(unknown|[a-z0-9_-]+-[0-9a-f]{6})")
"""Name of the folder that Halscope writes a block's figures into: `hal-035d23`."""
_RESERVED: Final = frozenset('<>:"|?*\\')
"""Characters that no file's name on Windows may have."""
_DEVICES: Final = re.compile(r"con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]", re.IGNORECASE)
"""What no file on Windows may be called, whatever its extension: these are devices."""


def is_sheet_name(name: str) -> bool:
    """Whether a name is the relative path of a sheet, a palette or raw tiles that stays inside its folder.

    It is one on every system.
    """
    parts = name.split("/")
    return (
        len(name) <= _MOST_LETTERS
        and name.isprintable()
        and name.lower().endswith(_suffixes())
        and not _RESERVED.intersection(name)
        and all(part and not part.startswith(".") and part == part.strip(" .") for part in parts)
        and not any(_DEVICES.fullmatch(part.partition(".")[0].rstrip()) for part in parts)
    )


def same_file(name: str) -> str:
    """Return what two names share if they are one file where case, or the form of accents, does not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def sheet_name(png: Path, folders: Iterable[Path]) -> str:
    """Return the name that a sheet has in a project: its path in one of the folders, or else the name of its file, with
    the block's folder that Halscope has put a figure into. Accents are composed (NFC), as systems differ in that.

    Args:
        png: The sheet.
        folders: Folders whose contents have the same names as in the project.

    Raises:
        UsageError: It cannot be a name on every system.
    """
    for folder in folders:
        if png.absolute().is_relative_to(folder.absolute()):
            name = png.absolute().relative_to(folder.absolute()).as_posix()
            break
    else:
        parent = png.absolute().parent.name
        name = f"{parent}/{png.name}" if _FIGURES.fullmatch(parent) else png.name
    name = unicodedata.normalize("NFC", name)
    if name.lower().endswith(_ANIMATED):
        name = f"{name[: -len(_ANIMATED)]}.png"  # the project keeps a sheet as PNG
    if not is_sheet_name(name):
        raise UsageError(
            f"{png}: its name cannot be that of a sheet in a project; rename it to end in {', '.join(_suffixes())}, "
            f"without any of {' '.join(sorted(_RESERVED))} without a dot or a space at either end, and with no "
            "part that is a device on Windows, such as CON, NUL or COM1"
        )
    return name


def _suffixes() -> tuple[str, ...]:
    """Return the ends of the names of sheets, palettes and raw tiles."""
    from halscope.formats.palettes import PALETTE_SUFFIXES  # only now: most commands never name a sheet
    from halscope.formats.tile_files import RAW_SUFFIXES

    return (".png", *PALETTE_SUFFIXES, *sorted(RAW_SUFFIXES))
