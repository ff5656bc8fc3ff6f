"""Transform: a rule by which a game converts stored tiles on their way into VRAM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, Self, get_args

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

PlaneOrder = Literal["pairs", "planes", "rows"]
PLANE_ORDERS: Final[tuple[PlaneOrder, ...]] = get_args(PlaneOrder)
"""How the planes of a stored tile follow each other.

"pairs": as in VRAM, two planes interleaved by row, then the next two; a last single plane by itself. "planes": one
plane after the other, 8 bytes each. "rows": all planes of the first row, then of the second.
"""

MOST_FIGURE_SIDE: Final = 16
"""Most tiles along a side of a figure: a page of VRAM has 16 × 16."""

_MOST_PARTS: Final = 3
_STORED_SIZES: Final = range(8, 65)
_ROWS: Final = 8


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
        figure: The order of the tiles that are stored together: for each tile of a rectangle, row by row, its number
            in the order of storage. ((0, 2), (1, 3)) is a square of four tiles, stored column by column. A single tile
            if they are stored in the order of VRAM.

    Raises:
        UsageError: The parts do not fit the depth, a stored byte is lost, the units of 32 bytes in VRAM (the index
            looks these up) are converted differently, or the figure is no rectangle with each number once.
    """

    name: str
    depth: Depth
    stored_bytes: int
    parts: tuple[tuple[int, ...] | None, ...] = field(repr=False)
    figure: tuple[tuple[int, ...], ...] = ((0,),)

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
        _check_units(self)
        _check_figure(self)

    @classmethod
    def planar(
        cls,
        name: str,
        depth: Literal[2, 4, 8],
        planes: Sequence[Iterable[int]],
        *,
        order: PlaneOrder = "pairs",
        rows: Sequence[int] = range(_ROWS),
        figure: tuple[tuple[int, ...], ...] = ((0,),),
    ) -> Self:
        """Return the transform of tiles that are stored in bit planes.

        Args:
            name: As in `Origin.transform`.
            depth: Bits per pixel in VRAM.
            planes: For each plane in VRAM the stored planes that are ORed into it, from 0; none for an empty plane.
            order: How the planes of a stored tile follow each other, see `PLANE_ORDERS`.
            rows: For each of the 8 rows in VRAM, which stored row it is.
            figure: See `Transform`.

        Raises:
            UsageError: There are other than `depth` planes, a stored plane is used nowhere alone, or `rows` has a row
                twice.
        """
        used = [tuple(plane) for plane in planes]
        stored = max((plane for some in used for plane in some), default=-1) + 1
        if depth not in (2, 4, 8) or len(used) != depth:
            raise UsageError(
                f"transform {name}: planes are given for {len(used)} bits per pixel; it has {depth}, and tiles in VRAM "
                "have 2, 4 or 8"
            )
        if stored == 0 or any(plane < 0 for some in used for plane in some):
            raise UsageError(f"transform {name}: name the stored planes by numbers from 0 on, at least one of them")
        if missing := sorted(set(range(stored)) - {some[0] for some in used if len(some) == 1}):
            raise UsageError(
                f"transform {name}: the stored plane {missing[0]} is by itself in no plane of VRAM, so it is not known "
                "which bits it has; name each stored plane once alone"
            )
        if sorted(rows) != list(range(_ROWS)):
            raise UsageError(f"transform {name}: its rows are not the numbers 0 to 7, each once")

        def place(plane: int, row: int) -> int:
            if order == "rows":
                return row * stored + plane
            if order == "planes" or (plane == stored - 1 and stored % 2):
                return plane * _ROWS + row
            return plane // 2 * 2 * _ROWS + row * 2 + plane % 2

        pairs = [used[pair : pair + 2] for pair in range(0, depth, 2)]
        parts = tuple(tuple(place(one, row) for one in some) for pair in pairs for row in rows for some in pair)
        return cls(name, depth, _ROWS * stored, parts, figure)

    @property
    def unit_bytes(self) -> int:
        """Stored bytes for each 32 bytes of VRAM."""
        return self.stored_bytes * TILE_BYTES // self.vram_bytes

    @property
    def unit_parts(self) -> tuple[tuple[int, ...] | None, ...]:
        """`parts` of 32 bytes of VRAM: of a whole tile, of two small ones, or of the first unit of a large one."""
        tiles = max(1, TILE_BYTES // self.vram_bytes)
        return tuple(
            None if parts is None else tuple(part + tile * self.stored_bytes for part in parts)
            for tile in range(tiles)
            for parts in self.parts[:TILE_BYTES]
        )

    @property
    def changes_bytes(self) -> bool:
        """Whether a tile in VRAM differs from the stored one. If not, only the order of the tiles does."""
        return self.parts != tuple((at,) for at in range(self.stored_bytes))

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


def _check_units(transform: Transform) -> None:
    stored = transform.unit_bytes
    for at, parts in enumerate(transform.parts):
        unit, byte = divmod(at, TILE_BYTES)
        first = transform.parts[byte]
        if any(not unit * stored <= part < (unit + 1) * stored for part in parts or ()):
            raise UsageError(
                f"transform {transform.name}: byte {at} of a tile takes bytes of another part of it; each 32 bytes in "
                f"VRAM must come from {stored} consecutive stored bytes"
            )
        if unit and (None if first is None else tuple(part + unit * stored for part in first)) != parts:
            raise UsageError(f"transform {transform.name}: each 32 bytes of a tile in VRAM must be converted alike")


def _check_figure(transform: Transform) -> None:
    rows = transform.figure
    numbers = [number for row in rows for number in row]
    sides = (len(rows), len(rows[0]) if rows else 0)
    if (
        any(len(row) != sides[1] for row in rows)
        or not all(1 <= side <= MOST_FIGURE_SIDE for side in sides)
        or sorted(numbers) != list(range(len(numbers)))
    ):
        raise UsageError(
            f"transform {transform.name}: the tiles that are stored together form a rectangle of at most "
            f"{MOST_FIGURE_SIDE} tiles a side, which has each number from 0 on once"
        )


TRANSFORMS: Final = (
    Transform.planar("3bpp-low", 4, ((0,), (1,), (2,), ())),
    Transform.planar("3bpp-high", 4, ((0,), (1,), (2,), (0, 1, 2))),
    Transform.planar("2bpp", 4, ((0,), (1,), (), ())),
    Transform.planar("1bpp", 2, ((0,), ())),
    Transform.planar("1bpp-colour2", 2, ((), (0,))),
    Transform.planar("1bpp-colour3", 2, ((0,), (0,))),
    Transform.planar("1bpp-4bpp", 4, ((0,), (), (), ())),
    Transform.planar("1bpp-4bpp-colour15", 4, ((0,), (0,), (0,), (0,))),
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
