"""Coverage: how much of what a frame, or a run, shows has a known place in the ROM, and why the rest has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, final, get_args

import numpy as np
from halscope_hooks import TILE_BYTES, VRAM_TILES, Frame, Snapshot, UsageError, VramOrigins
from numpy.typing import NDArray

from halscope.ppu._visible import LayerTiles, layer_tiles, sprite_pixels

Reason = Literal["known", "plain", "no_index", "bwram", "expanded", "wram", "before", "elsewhere"]
"""What is known about the place of a tile in the ROM.

`known`: its place is proven. `plain`: blank, of one colour, or too simple to be told from other tiles. `no_index`: the
ROM is not indexed (yet). `bwram`: its bytes stand in the SA-1's BW-RAM, where the game converts or unpacks graphics.
`expanded`: its fourth plane is empty or the union of the others, so it may be stored with three planes or fewer.
`wram`: its bytes stand in WRAM. `before`: it was in VRAM when the run began, so its arrival was not seen. `elsewhere`:
it is nowhere, so the game draws it, converts it on the way, or keeps it in a memory that is not at hand.
"""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

_MODE_7_UNITS: Final = 4
_FEW: Final = 3  # different pixels below which the index does not look for a tile (kDistinctBytes in cpp/locate)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of the graphics on the screen.

    Args:
        sprites: Pixels of sprites, by reason. Of a run: of all its frames.
        layers: 32-byte tiles of the displayed background layers, by reason. Of a run: each different tile once.
        frames: Number of frames.
        uncounted: Why sprites were not counted, or `None`.
    """

    sprites: Mapping[Reason, int]
    layers: Mapping[Reason, int]
    frames: int = 1
    uncounted: str | None = None


def coverage(frame: Frame, origins: VramOrigins | None, earliest: NDArray[np.uint8] | None = None) -> Coverage:
    """Return the coverage of a frame.

    Args:
        frame: The frame; its snapshot's WRAM and BW-RAM are searched for tiles that are not in the ROM.
        origins: The origins of its VRAM, or `None` while the ROM is not indexed.
        earliest: uint8[65536], the VRAM when the run began: what was there already was not seen arriving.
    """
    reasons = _Reasons(earliest)
    sprites, layers, uncounted = _shown(frame)
    return _counted(reasons.of(frame.snapshot, origins, sprites, layers), sprites, layers.shown, uncounted)


class SceneReasons(NamedTuple):
    """What is known of the tiles of a frame.

    Args:
        coverage: How many there are, by reason.
        units: The 32-byte units of VRAM that are shown, 0 to 2047, ascending, by reason.
    """

    coverage: Coverage
    units: Mapping[Reason, tuple[int, ...]]


@final
class SceneCoverage:
    """Says of single frames which tiles are known and why others are not. Frames may be in any order.

    Args:
        earliest: uint8[65536], the VRAM when the run began: what was there already was not seen arriving.
    """

    def __init__(self, earliest: NDArray[np.uint8] | None) -> None:
        self._reasons = _Reasons(earliest)

    def of(self, frame: Frame, origins: VramOrigins | None) -> SceneReasons:
        """Return what is known of a frame's tiles; arguments as for `coverage`."""
        sprites, layers, uncounted = _shown(frame)
        found = self._reasons.of(frame.snapshot, origins, sprites, layers)
        shown = (sprites > 0) | layers.shown
        units = {
            reason: tuple(np.flatnonzero(shown & (found == number)).tolist()) for number, reason in enumerate(REASONS)
        }
        counted = _counted(found, sprites, layers.shown, uncounted)
        return SceneReasons(counted, {reason: one for reason, one in units.items() if one})


@final
class RunCoverage:
    """The coverage of a run. Frames are added in their order; not every frame must be added.

    The first frame that is added is where the run begins, unless `begin` was called before.
    """

    def __init__(self) -> None:
        self._reasons: _Reasons | None = None
        self._sprites = dict.fromkeys(REASONS, 0)
        self._layers: dict[bytes, Reason] = {}
        self._frames = 0
        self._uncounted: str | None = None

    def begin(self, snapshot: Snapshot) -> None:
        """Take this snapshot as the state before the run. Without effect once the run has begun."""
        if self._reasons is None:
            self._reasons = _Reasons(snapshot.vram)

    def add(self, frame: Frame, origins: VramOrigins | None) -> Coverage:
        """Add a frame, and return its own coverage."""
        self.begin(frame.snapshot)
        assert self._reasons is not None
        sprites, layers, uncounted = _shown(frame)
        found = self._reasons.of(frame.snapshot, origins, sprites, layers)
        one = _counted(found, sprites, layers.shown, uncounted)
        for reason, pixels in one.sprites.items():
            self._sprites[reason] += pixels
        tiles = frame.snapshot.vram.reshape(VRAM_TILES, TILE_BYTES)
        for unit in np.flatnonzero(layers.shown).tolist():
            content = (tiles[unit, 1::2] if layers.mode_7[unit] else tiles[unit]).tobytes()  # without mode 7's map
            if self._layers.get(content) != "known":  # a tile that was found once is known
                self._layers[content] = REASONS[found[unit]]
        self._frames += 1
        self._uncounted = self._uncounted or uncounted
        return one

    @property
    def total(self) -> Coverage:
        """The coverage of all added frames."""
        layers = dict.fromkeys(REASONS, 0)
        for reason in self._layers.values():
            layers[reason] += 1
        return Coverage(_without_zeros(self._sprites), _without_zeros(layers), self._frames, self._uncounted)


@dataclass(slots=True)
class _Reasons:
    """Finds the reasons of tiles, and remembers where each was found in memory."""

    earliest: NDArray[np.uint8] | None
    _seen: dict[bytes, Reason] = field(default_factory=dict)  # of tiles that are not in the ROM

    def of(
        self, snapshot: Snapshot, origins: VramOrigins | None, sprites: NDArray[np.int64], layers: LayerTiles
    ) -> NDArray[np.int64]:
        """Return int64[2048]: indices into REASONS, for the units that are shown."""
        found = np.zeros(VRAM_TILES, np.int64)
        tiles = snapshot.vram.reshape(VRAM_TILES, TILE_BYTES)
        memories: tuple[tuple[Reason, bytes], ...] | None = None
        for unit in np.flatnonzero((sprites > 0) | layers.shown).tolist():
            content = tiles[unit].tobytes()
            pixels = None if sprites[unit] or not layers.mode_7[unit] else _mode_7_pixels(tiles, unit)
            if origins is None:
                reason: Reason = "no_index" if len(set(content if pixels is None else pixels)) > 1 else "plain"
            elif not origins.informative[unit]:
                reason = "plain"
            elif origins.origins[unit]:
                reason = "known"
            elif pixels is not None and len(set(pixels)) < _FEW:
                reason = "plain"
            else:
                key = content if pixels is None else pixels
                if key not in self._seen:
                    memories = _memories(snapshot) if memories is None else memories
                    self._seen[key] = self._why(unit, content, pixels, memories)
                reason = self._seen[key]
            found[unit] = REASONS.index(reason)
        return found

    def _why(
        self, unit: int, content: bytes, pixels: bytes | None, memories: tuple[tuple[Reason, bytes], ...]
    ) -> Reason:
        """Return why a tile has no place in the ROM. When it is first seen, it has just been copied from memory.

        Args:
            unit: Its place in VRAM, in 32 bytes.
            content: Its bytes there.
            pixels: In mode 7 the pixels of the whole tile: the other bytes are those of the map.
            memories: The memories that it may have come from.
        """
        forms = (content,) if pixels is None else (content, pixels)
        staged = next((name for name, memory in memories if any(form in memory for form in forms)), None)
        if staged != "bwram" and pixels is None and _has_three_planes(content):
            return "expanded"
        return staged or ("before" if self._was_there(unit, content, pixels) else "elsewhere")

    def _was_there(self, unit: int, content: bytes, pixels: bytes | None) -> bool:
        if self.earliest is None:
            return False
        tiles = self.earliest.reshape(VRAM_TILES, TILE_BYTES)
        return tiles[unit].tobytes() == content if pixels is None else _mode_7_pixels(tiles, unit) == pixels


def _mode_7_pixels(tiles: NDArray[np.uint8], unit: int) -> bytes:
    """Return the 64 pixels of the mode 7 tile that a unit of VRAM is a quarter of."""
    first = unit - unit % _MODE_7_UNITS
    return tiles[first : first + _MODE_7_UNITS, 1::2].tobytes()


def _has_three_planes(tile: bytes) -> bool:
    """Whether the fourth plane of a 4bpp tile is empty, or the union of the others."""
    planes = (tile[0:16:2], tile[1:16:2], tile[16::2])
    fourth = tile[17::2]
    return not any(fourth) or fourth == bytes(a | b | c for a, b, c in zip(*planes, strict=True))


def _memories(snapshot: Snapshot) -> tuple[tuple[Reason, bytes], ...]:
    named: tuple[tuple[Reason, NDArray[np.uint8] | None], ...] = (("bwram", snapshot.bwram), ("wram", snapshot.wram))
    return tuple((name, memory.tobytes()) for name, memory in named if memory is not None)


def _shown(frame: Frame) -> tuple[NDArray[np.int64], LayerTiles, str | None]:
    """Return the pixels of sprites per unit, the tiles of layers, and why sprites were not counted."""
    layers = layer_tiles(frame.snapshot)
    if frame.sprites_unknown is not None:
        return np.zeros(VRAM_TILES, np.int64), layers, frame.sprites_unknown
    try:
        return sprite_pixels(frame), layers, None
    except UsageError as error:
        return np.zeros(VRAM_TILES, np.int64), layers, str(error)


def _counted(
    found: NDArray[np.int64], sprites: NDArray[np.int64], layers: NDArray[np.bool_], uncounted: str | None
) -> Coverage:
    pixels = np.bincount(found, weights=sprites, minlength=len(REASONS)).astype(np.int64).tolist()
    tiles = np.bincount(found, weights=layers, minlength=len(REASONS)).astype(np.int64).tolist()
    return Coverage(
        _without_zeros(dict(zip(REASONS, pixels, strict=True))),
        _without_zeros(dict(zip(REASONS, tiles, strict=True))),
        uncounted=uncounted,
    )


def _without_zeros(counts: Mapping[Reason, int]) -> dict[Reason, int]:
    return {reason: count for reason, count in counts.items() if count}
