"""Transform: a rule by which a game converts stored tiles on their way into VRAM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from halscope_hooks._errors import UsageError
from halscope_hooks._sizes import TILE_BYTES, VRAM_BYTES

NO_TRANSFORM: Final = "none"
"""Transform name of an origin whose bytes stand in VRAM as they are stored."""

Depth = Literal[2, 4, 8, "mode7"]
"""How the PPU reads a tile: planar with so many bits per pixel, or as mode 7 does."""

TILE_SIZES: Final[Mapping[int | str, int]] = {2: 16, 4: 32, 8: 64, "mode7": 128}
"""Bytes of VRAM that a tile takes."""

_MOST_PARTS: Final = 3
_STORED_SIZES: Final = range(8, 65)


@dataclass(frozen=True, slots=True)
class Transform:
    """How a game converts stored tiles on their way into VRAM, as data: every byte in VRAM is an OR of stored bytes.

    Args:
        name: As in `Origin.transform`.
        depth: How the PPU reads the tile: 2, 4 or 8 (bits per pixel), or "mode7".
        stored_bytes: Size of a stored tile, 8 to 64 bytes.
        parts: For each byte of a tile in VRAM, the stored bytes that are ORed into it (at most three): `()` means zero,
            `None` a byte of VRAM that is not part of the tile (in mode 7, the map). Every stored byte must be the only
            part of some byte, so that the rule can be undone.

    Raises:
        UsageError: The parts do not fit the depth, or a stored byte is lost.
    """

    name: str
    depth: Depth
    stored_bytes: int
    parts: tuple[tuple[int, ...] | None, ...] = field(repr=False)

    def __post_init__(self) -> None:
        size = TILE_SIZES.get(self.depth)
        if size is None or len(self.parts) != size or self.stored_bytes not in _STORED_SIZES:
            raise UsageError(
                f"transform {self.name}: a tile of the depth {self.depth} has {size} bytes in VRAM and 8 to 64 bytes "
                f"stored, not {len(self.parts)} and {self.stored_bytes}"
            )
        used = {part for parts in self.parts for part in parts or ()}
        if any(len(parts or ()) > _MOST_PARTS for parts in self.parts) or not used <= set(range(self.stored_bytes)):
            raise UsageError(
                f"transform {self.name}: a byte has more than {_MOST_PARTS} parts, or one that is not stored"
            )
        alone = {parts[0] for parts in self.parts if parts is not None and len(parts) == 1}
        if len(alone) != self.stored_bytes:
            raise UsageError(
                f"transform {self.name}: {self.stored_bytes - len(alone)} stored bytes cannot be recovered"
            )

    @property
    def vram_bytes(self) -> int:
        """Bytes of VRAM that a tile takes."""
        return len(self.parts)

    def expand(self, stored: bytes, around: bytes | None = None) -> bytes:
        """Convert stored tiles to their form in VRAM.

        Args:
            stored: Whole tiles, `stored_bytes` each.
            around: What VRAM holds there now; needed if some of its bytes are not part of the tiles.

        Raises:
            UsageError: A length does not fit.
        """
        count, rest = divmod(len(stored), self.stored_bytes)
        if rest or (around is not None and len(around) != count * self.vram_bytes):
            raise UsageError(f"transform {self.name}: {len(stored)} bytes are not whole tiles of {self.stored_bytes}")
        gather, known = _arrays(self)
        padded = np.zeros((count, self.stored_bytes + 1), np.uint8)
        padded[:, :-1] = np.frombuffer(stored, np.uint8).reshape(count, self.stored_bytes)
        tiles = np.bitwise_or.reduce(padded[:, gather], axis=2)
        if around is not None:
            tiles = np.where(known, tiles, np.frombuffer(around, np.uint8).reshape(count, self.vram_bytes))
        return bytes(tiles.tobytes())

    def collapse(self, vram: bytes) -> bytes | None:
        """Convert tiles in VRAM back to their stored form: the inverse of `expand`, proven by expanding again.

        Args:
            vram: Whole tiles, `vram_bytes` each.

        Returns:
            The stored bytes, or `None` if no stored bytes expand to these tiles.

        Raises:
            UsageError: The length does not fit.
        """
        stored = self.recover(vram)
        return stored if self.expand(stored, vram) == vram else None

    def recover(self, vram: bytes) -> bytes:
        """Return the stored bytes that come closest to tiles in VRAM: what `collapse` returns, but without the proof.

        Raises:
            UsageError: The length does not fit.
        """
        count, rest = divmod(len(vram), self.vram_bytes)
        if rest:
            raise UsageError(f"transform {self.name}: {len(vram)} bytes are not whole tiles of {self.vram_bytes}")
        places = {parts[0]: at for at, parts in enumerate(self.parts) if parts is not None and len(parts) == 1}
        tiles = np.frombuffer(vram, np.uint8).reshape(count, self.vram_bytes)
        return tiles[:, [places[part] for part in range(self.stored_bytes)]].tobytes()


@cache
def _arrays(transform: Transform) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return intp[vram_bytes, 3], the stored bytes that are ORed into each byte (past the last for zero), and
    bool[vram_bytes], which bytes are part of the tile."""
    gather = np.full((transform.vram_bytes, _MOST_PARTS), transform.stored_bytes, np.intp)
    for at, parts in enumerate(transform.parts):
        gather[at, : len(parts or ())] = parts or ()
    return gather, np.array([parts is not None for parts in transform.parts])


def _planar(name: str, depth: Literal[2, 4], stored: int, planes: Iterable[tuple[int, ...]]) -> Transform:
    """Return the transform of planar tiles: for each plane in VRAM, the stored planes that are ORed into it.

    Planes are stored as the console has them: pairs interleaved by row, a last single plane in 8 bytes by itself.
    """

    def place(plane: int, row: int) -> int:
        single = plane == stored - 1 and stored % 2
        return plane // 2 * 16 + (row if single else row * 2 + plane % 2)

    rows = [tuple(planes)[pair : pair + 2] for pair in range(0, depth, 2)]
    parts = tuple(tuple(place(one, row) for one in part) for pair in rows for row in range(8) for part in pair)
    return Transform(name, depth, 8 * stored, parts)


TRANSFORMS: Final = (
    _planar("3bpp-low", 4, 3, ((0,), (1,), (2,), ())),
    _planar("3bpp-high", 4, 3, ((0,), (1,), (2,), (0, 1, 2))),
    _planar("2bpp", 4, 2, ((0,), (1,), (), ())),
    _planar("1bpp", 2, 1, ((0,), ())),
    _planar("1bpp-colour2", 2, 1, ((), (0,))),
    _planar("1bpp-colour3", 2, 1, ((0,), (0,))),
    _planar("1bpp-4bpp", 4, 1, ((0,), (), (), ())),
    _planar("1bpp-4bpp-colour15", 4, 1, ((0,), (0,), (0,), (0,))),
    Transform("mode7", "mode7", 64, tuple(part for pixel in range(64) for part in (None, (pixel,)))),
)
"""The transforms that every index knows.

"3bpp-low" and "3bpp-high" expand three planes to four, the fourth empty or the union of the others. "2bpp" expands to
4bpp with two empty planes. "1bpp" fills plane 0 of a 2bpp tile (colour 1), "1bpp-colour2" plane 1, "1bpp-colour3" both;
"1bpp-4bpp" and "1bpp-4bpp-colour15" are the same for 4bpp. "mode7" stores one byte per pixel, which VRAM interleaves
with the map.
"""

MODE7_BYTES: Final = VRAM_BYTES // 2
"""Mode 7 reads its map and its tiles from the first 32 KiB of VRAM."""


def stored_unit(transform: Transform) -> int:
    """Return the stored bytes for each unit of 32 bytes of VRAM."""
    return transform.stored_bytes * TILE_BYTES // transform.vram_bytes
