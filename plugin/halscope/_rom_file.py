"""A ROM file's bytes: how much a place looks like the internal header, and whether a copier header precedes the image.

Hosts and `halscope.rom` both ask here, so that a core never runs another image than the one that is searched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halscope._boot_code import boots

COPIER_BYTES: Final = 512
HEADER_BYTES: Final = 0x40
"""From the title at $FFC0 to the last vector."""

LIKELY: Final = 0.45
"""The lowest score accepted as a header. Noise gets 0.25 for a plausible reset vector and sizes, and looks like a title
(21 printable bytes) in only one of 25,000 places. A header whose checksum was never filled in still gets 0.6."""

PLACES: Final = {0x7FC0: (0x0, 0x2, 0x3), 0xFFC0: (0x1, 0xA), 0x407FC0: (0x2,), 0x40FFC0: (0x5,)}
"""File offsets at which a header can be → the low halves of the map mode byte that belong there."""

# First instructions of a reset routine: those that games use, and those that no game uses.
_LIKELY_OPCODES: Final = frozenset(
    {
        0x78,  # SEI
        0x18,  # CLC (then XCE)
        0x38,  # SEC (then XCE)
        0x9C,  # STZ addr
        0x4C,  # JMP
        0x5C,  # JML
        0x80,  # BRA
        0x20,  # JSR
        0x22,  # JSL
        0xC2,  # REP
        0xE2,  # SEP
        0xA9,  # LDA #
        0xA2,  # LDX #
        0xA0,  # LDY #
        0xAD,  # LDA addr
        0xD8,  # CLD
        0xEA,  # NOP
        0x4B,  # PHK
        0xFB,  # XCE
    }
)
_IMPOSSIBLE_OPCODES: Final = frozenset(
    {
        0x00,  # BRK
        0x02,  # COP
        0x40,  # RTI: nothing to return to yet, as for RTS and RTL
        0x42,  # WDM
        0x60,  # RTS
        0x6B,  # RTL
        0xCB,  # WAI
        0xDB,  # STP
        0xFF,  # SBC long: erased memory
    }
)


def score_header(
    image: NDArray[np.uint8], at: int, fits: bool, sum_matches: Callable[[], bool] = lambda: False
) -> float:
    """Score the header at a file offset, 0 to 1. A reset vector below $8000 rules it out: no ROM is mapped there.

    Args:
        image: uint8[n], the headerless image. It must hold all `HEADER_BYTES`.
        at: File offset of the header, a multiple of 0x8000 plus 0x7FC0.
        fits: Whether the map mode byte belongs to this place.
        sum_matches: Computes whether the checksum is that of the image. Only called if it can be.
    """
    raw = image[at : at + HEADER_BYTES].tobytes()
    reset = raw[0x3C] | raw[0x3D] << 8
    if reset < 0x8000:
        return 0.0
    opcode = int(image[at - 0x7FC0 + (reset & 0x7FFF)])
    score = 0.15 if opcode in _LIKELY_OPCODES else -0.25 if opcode in _IMPOSSIBLE_OPCODES else 0.03
    complement, checksum = raw[0x1C] | raw[0x1D] << 8, raw[0x1E] | raw[0x1F] << 8
    if complement ^ checksum == 0xFFFF and checksum not in (0, 0xFFFF):
        score += 0.25
        if sum_matches():
            score += 0.15
    if fits:
        score += 0.2
    if is_title(raw[:21]):
        score += 0.15
    if 1024 << min(raw[0x17], 20) == 1 << (image.size - 1).bit_length():
        score += 0.05
    if raw[0x18] <= 8 and raw[0x19] <= 0x14:  # up to 256 KiB of save RAM; destinations end at $14
        score += 0.05
    return max(0.0, round(score, 2))


def has_sa1(image: bytes | bytearray | NDArray[np.uint8]) -> bool:
    """Whether the header of a headerless image names the SA-1: map mode $23 or $33, cartridge type $3x."""
    return len(image) >= 0x8000 and image[0x7FD5] & 0xEF == 0x23 and image[0x7FD6] >> 4 == 3


def is_title(title: bytes) -> bool:
    """Whether these bytes are printable in JIS X 0201, trailing blanks aside."""
    text = title.rstrip(b"\0 ")
    return bool(text) and all(0x20 <= byte <= 0x7E or 0xA1 <= byte <= 0xDF for byte in text)


def is_map_mode(value: int) -> bool:
    """Whether a byte can be a map mode: $20 to $3F."""
    return value & 0xE0 == 0x20


def copier_header_bytes(file: bytes) -> int:
    """Return how many bytes a copier stored before the image: 512 or 0.

    A copier header is 512 bytes and images are whole KiB, so the file's length tells, unless the image is cut or has
    trailing bytes. Then the internal header decides, which is 512 bytes further on behind a copier header.
    """
    if len(file) <= COPIER_BYTES:
        return 0
    whole, bare = _best(file, 0), _best(file, COPIER_BYTES)
    if len(file) % 1024 == COPIER_BYTES:
        return 0 if whole >= LIKELY > bare else COPIER_BYTES
    return COPIER_BYTES if bare >= LIKELY > whole else 0


def for_a_core(image: bytes) -> bytes:
    """Return the image as a libretro core must get it: a core takes the first 512 bytes off whatever has the length of
    an image with a copier header, so an image that happens to have it is padded with zeros."""
    return image + bytes(COPIER_BYTES) if len(image) % 1024 == COPIER_BYTES else image


def _best(file: bytes, start: int) -> float:
    """Return the best score of any header in the image that begins at `start`; plausible boot code counts like one."""
    image = np.frombuffer(file, np.uint8, offset=start)
    best = 0.0
    for at, nibbles in PLACES.items():
        if at + HEADER_BYTES <= image.size:
            mode = int(image[at + 0x15])
            best = max(best, score_header(image, at, is_map_mode(mode) and mode & 0xF in nibbles))
            if best < LIKELY and boots(image, at - 0x7FC0):
                best = LIKELY
    return best
