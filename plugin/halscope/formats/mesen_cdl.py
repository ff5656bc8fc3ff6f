"""Mesen's code/data log (`.cdl`): for each byte of the ROM whether it was executed or read.

Format: "CDLv2", the CRC32 of the image without copier header (little-endian), and a byte for each of the image's bytes:
bit 0 executed, bit 1 read as data, the others more about code. Mesen rounds an image up to whole 4 KiB with zeros.
Source: Core/Debugger/CodeDataLogger.cpp, Core/Debugger/DebugTypes.h and Core/SNES/BaseCartridge.cpp in
https://github.com/SourMesen/Mesen2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from halscope_hooks import FormatError
from numpy.typing import NDArray

CDL_BYTES: Final = (16 << 20) + 9
"""Largest file in bytes: a log of 16 MiB."""

_MAGIC: Final = b"CDLv2"
_HEADER: Final = 9
_CODE: Final = 0x01
_DATA: Final = 0x02
_OTHERS: Final = {b"BIZHAWK": "BizHawk", b"CDL\x01": "another emulator"}


@dataclass(frozen=True, slots=True)
class CodeDataLog:
    """A code/data log.

    Args:
        rom_crc32: CRC32 of the image without copier header that it was recorded with.
        executed: bool[n], by offset in that image.
        read: bool[n], likewise: bytes that were read as data and not executed.
    """

    rom_crc32: int
    executed: NDArray[np.bool_] = field(repr=False)
    read: NDArray[np.bool_] = field(repr=False)


def read_cdl(data: bytes, source: str) -> CodeDataLog:
    """Read a `.cdl` file of Mesen.

    Args:
        data: The file; its contents are not trusted.
        source: Its name, for messages.

    Raises:
        FormatError: It is of another kind, or empty.
    """
    for magic, program in _OTHERS.items():
        if data.startswith(magic):
            raise FormatError(f"{source}: a code/data log of {program}, which is not read; give one of Mesen 2")
    if not data.startswith(_MAGIC) or len(data) <= _HEADER:
        raise FormatError(
            f"{source}: not a code/data log of Mesen: it begins with {data[:5]!r}, not {_MAGIC!r}; "
            "save it again in Mesen 2, which stores the ROM's CRC32 with it"
        )
    flags = np.frombuffer(data, np.uint8, offset=_HEADER)
    executed = (flags & _CODE) != 0
    return CodeDataLog(
        int.from_bytes(data[len(_MAGIC) : _HEADER], "little"), executed, (flags & _DATA != 0) & ~executed
    )
