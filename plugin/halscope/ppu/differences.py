"""What differs between two moments of a game: tiles, colours, sprites, registers, work RAM, the picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from halscope_hooks import TILE_BYTES, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu.oam import OamEntry, parse_oam

_GAP: Final = 4  # equal bytes of WRAM between two different ones that are joined into one range


@dataclass(frozen=True, slots=True)
class ColourChange:
    """A colour that differs: its index in CGRAM (0 to 255), and both BGR555 values."""

    index: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class SpriteChange:
    """An OAM entry that differs: its index (0 to 127), both entries, and the names of the fields that differ."""

    index: int
    before: OamEntry
    after: OamEntry
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """A PPU register that differs. A value is `None` where it is not known."""

    name: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """What differs between two snapshots.

    Args:
        tiles: int64[n], VRAM byte addresses of the 32-byte units that differ, ascending.
        colours: The colours that differ.
        sprites: The OAM entries that differ.
        registers: The PPU registers that differ.
        wram: Ranges of WRAM that differ, [first byte, length]; at most four equal bytes lie inside. `None` if one of
            the snapshots has no WRAM.
        wram_bytes: Number of bytes of WRAM that differ.
        pixels: Number of pixels of the emulators' pictures that differ; `None` if one has none, or another size.
    """

    tiles: NDArray[np.int64] = field(repr=False)
    colours: tuple[ColourChange, ...]
    sprites: tuple[SpriteChange, ...]
    registers: tuple[RegisterChange, ...]
    wram: tuple[tuple[int, int], ...] | None
    wram_bytes: int
    pixels: int | None

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "tiles": self.tiles.tolist(),
            "colours": [asdict(one) for one in self.colours],
            "sprites": [
                {
                    "index": one.index,
                    "before": one.before._asdict(),
                    "after": one.after._asdict(),
                    "fields": list(one.fields),
                }
                for one in self.sprites
            ],
            "registers": [asdict(one) for one in self.registers],
            "wram": None
            if self.wram is None
            else {"bytes": self.wram_bytes, "ranges": [list(one) for one in self.wram]},
            "pixels": self.pixels,
        }


def compare_snapshots(before: Snapshot, after: Snapshot) -> Differences:
    """Return what differs between two snapshots, of one game or of two."""
    wram, count = _wram(before, after)
    return Differences(
        tiles=_codec.snes_changed(before.vram, after.vram, TILE_BYTES) * TILE_BYTES,
        colours=tuple(
            ColourChange(index, int(before.cgram[index]), int(after.cgram[index]))
            for index in np.flatnonzero(before.cgram != after.cgram).tolist()
        ),
        sprites=_sprites(before, after),
        registers=_registers(before, after),
        wram=wram,
        wram_bytes=count,
        pixels=_pixels(before, after),
    )


def _sprites(before: Snapshot, after: Snapshot) -> tuple[SpriteChange, ...]:
    found = []
    for index, (one, other) in enumerate(zip(parse_oam(before.oam), parse_oam(after.oam), strict=True)):
        if one != other:
            names = tuple(name for name in OamEntry._fields if getattr(one, name) != getattr(other, name))
            found.append(SpriteChange(index, one, other, names))
    return tuple(found)


def _registers(before: Snapshot, after: Snapshot) -> tuple[RegisterChange, ...]:
    theirs = asdict(after.ppu)
    return tuple(
        RegisterChange(name, value, theirs[name]) for name, value in asdict(before.ppu).items() if value != theirs[name]
    )


def _wram(before: Snapshot, after: Snapshot) -> tuple[tuple[tuple[int, int], ...] | None, int]:
    if before.wram is None or after.wram is None:
        return None, 0
    places = np.flatnonzero(before.wram != after.wram)
    if not places.size:
        return (), 0
    splits = np.flatnonzero(np.diff(places) > _GAP + 1)
    firsts = places[np.concatenate([[0], splits + 1])].tolist()
    lasts = places[np.concatenate([splits, [places.size - 1]])].tolist()
    return tuple((first, last - first + 1) for first, last in zip(firsts, lasts, strict=True)), int(places.size)


def _pixels(before: Snapshot, after: Snapshot) -> int | None:
    one, other = before.picture, after.picture
    if one is None or other is None or one.shape != other.shape:
        return None
    return int(np.count_nonzero((one != other).any(axis=2)))
