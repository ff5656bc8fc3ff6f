"""What a file is that was given as a ROM and is none: many have a beginning that tells."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from halscope_hooks import RomError

_ARCHIVE: Final = "an archive; unpack it and give the ROM in it"
_STATE: Final = (
    "a savestate, which has no ROM in it; give the ROM, and the state with --state where a command takes one"
)
_PATCH: Final = "a patch; give the ROM that it is for"
# Written out: the room of the formats would be loaded for every file that is no ROM, such as a bare stream.
_KINDS: Final[dict[bytes, str]] = {
    b"HALSREC\0": "a recording, which has no ROM in it; `halscope replay` decodes it, and --rom names its ROM there",
    b"#!s9xsnp:": _STATE,
    b"BST1": _STATE,
    b"MSS": _STATE,
    b"ZSNES Save State File": _STATE,
    b"RASTATE": _STATE,  # RetroArch's containers
    b"#RZIPv": _STATE,
    b"PK\3\4": _ARCHIVE,
    b"7z\xbc\xaf\x27\x1c": _ARCHIVE,
    b"Rar!\x1a\x07": _ARCHIVE,
    b"\x1f\x8b\x08": "compressed with gzip; unpack it",
    b"BPS1": _PATCH,
    b"PATCH": _PATCH,
    b"\x89PNG\r\n\x1a\n": "a picture; give the ROM first",
}


def refuse_other_kind(path: Path, error: RomError) -> None:
    """Raise a RomError that says what a file is that is no ROM, if its first bytes tell.

    Args:
        path: The file.
        error: Why it is no ROM.
    """
    with path.open("rb") as file:
        head = file.read(max(map(len, _KINDS)))
    for magic, kind in _KINDS.items():
        if head.startswith(magic):
            raise RomError(f"{path}: is {kind}") from error
