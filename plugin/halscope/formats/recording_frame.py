"""One frame of a recording: a snapshot as one array of bytes, and that array packed whole or as what changed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import fields
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import FormatError, PpuRegisters, RasterEffects, RomIdentity, Snapshot, UsageError
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.formats.memories import CGRAM_BYTES, OAM_BYTES, VRAM_BYTES, WRAM_BYTES

PAGE: Final = 64
MOST_PICTURE_SIDE: Final = 1024
REGISTER_NAMES: Final = tuple(field.name for field in fields(PpuRegisters))
_VRAM, _CGRAM, _OAM, _REGISTERS, _WRAM, _PICTURE = range(6)
_SECTIONS: Final = 6
_RASTER: Final[tuple[RasterEffects, ...]] = ("none", "some", "unknown")


class Layout(NamedTuple):
    """What a frame holds; a keyframe and its deltas have the same."""

    wram: bool
    height: int
    width: int
    registers: int

    def size(self) -> int:
        """Bytes of the frame, a multiple of the page."""
        used = VRAM_BYTES + CGRAM_BYTES + OAM_BYTES + 3 * self.registers + 1
        used += (WRAM_BYTES if self.wram else 0) + self.height * self.width * 3
        return -(-used // PAGE) * PAGE


def from_snapshot(snapshot: Snapshot) -> tuple[Layout, NDArray[np.uint8]]:
    """Put a snapshot's arrays and registers into one array. Raises UsageError for a picture that is too large."""
    registers = [getattr(snapshot.ppu, name) for name in REGISTER_NAMES]
    height, width = snapshot.picture.shape[:2] if snapshot.picture is not None else (0, 0)
    if max(height, width) > MOST_PICTURE_SIDE:
        raise UsageError(f"a picture of {width}×{height} pixels is too large for a recording ({MOST_PICTURE_SIDE})")
    layout = Layout(snapshot.wram is not None, height, width, len(registers))
    parts: list[NDArray[Any]] = [
        snapshot.vram,
        snapshot.cgram.astype("<u2", copy=False).view(np.uint8),
        snapshot.oam,
        np.array([value or 0 for value in registers], "<u2").view(np.uint8),
        np.array([value is not None for value in registers], np.uint8),
        np.array([_RASTER.index(snapshot.raster_effects)], np.uint8),
    ]
    if snapshot.wram is not None:
        parts.append(snapshot.wram)
    if snapshot.picture is not None:
        parts.append(snapshot.picture.reshape(-1))
    data = np.zeros(layout.size(), np.uint8)
    np.concatenate(parts, out=data[: sum(map(len, parts))])
    return layout, data


def pack(data: NDArray[np.uint8], previous: NDArray[np.uint8] | None) -> bytes:
    """Pack a frame: whole without `previous`, else the pages that differ (empty where none does)."""
    if previous is None:
        return zlib.compress(data, 1)
    difference = _codec.snes_page_difference(previous, data, PAGE)
    return zlib.compress(difference, 1) if difference else b""


class Playback:
    """The frames of a recording one after the other. What a delta leaves alone stays the same array, so that whoever
    follows the snapshots sees at once that it did not change.

    Args:
        register_names: As the recording has them; those that are no register of ours are left out.
        rom: The recording's ROM.
    """

    def __init__(self, register_names: Sequence[str], rom: RomIdentity | None) -> None:
        self._registers = [(at, name) for at, name in enumerate(register_names) if name in REGISTER_NAMES]
        self._rom = rom
        self._layout = Layout(wram=False, height=0, width=0, registers=len(register_names))
        self._state: NDArray[np.uint8] | None = None
        self._edges = np.empty(0, np.int64)
        self._stale = [True] * _SECTIONS
        self._parts: list[Any] = [None] * _SECTIONS

    def advance(self, layout: Layout, payload: bytes, *, key: bool) -> None:
        """Go on to the next frame.

        Raises:
            FormatError: The payload is damaged, or does not continue the frame before it: begin anew with a keyframe.
        """
        if key:
            size = layout.size()
            self._state = np.frombuffer(bytearray(_inflate(payload, size, size)), np.uint8)
            self._edges = _edges(layout)
            self._layout = layout
            self._stale = [True] * _SECTIONS
            return
        state, self._state = self._state, None  # not to be gone on from where this fails
        if state is None or layout != self._layout:
            raise FormatError("the frame does not continue the one before it")
        if payload:
            try:
                difference = _inflate(payload, -(-len(state) // PAGE // 8) + len(state))
                pages = _codec.snes_apply_difference(state, difference, PAGE)
            except ValueError as error:
                raise FormatError("the frame unpacks to another size than it should") from error
            first = pages.searchsorted(self._edges).tolist()
            for section in range(_SECTIONS):
                self._stale[section] |= first[2 * section] < first[2 * section + 1]
        self._state = state

    def snapshot(self, frame: int) -> Snapshot:
        """Return the frame as a snapshot.

        Raises:
            FormatError: The raster effects are none of the known.
        """
        state = self._state
        assert state is not None  # `advance` comes first
        for section, (begin, end) in enumerate(_bounds(self._layout)):
            if self._stale[section]:
                part = state[begin:end].copy()
                part.flags.writeable = False
                self._parts[section] = self._meaning(section, part)
                self._stale[section] = False
        vram, cgram, oam, (ppu, raster), wram, picture = self._parts
        return Snapshot(
            vram=vram,
            cgram=cgram,
            oam=oam,
            ppu=ppu,
            frame=frame,
            wram=wram,
            picture=picture,
            rom=self._rom,
            raster_effects=raster,
        )

    def _meaning(self, section: int, part: NDArray[np.uint8]) -> Any:
        """What a snapshot holds of a section's bytes."""
        layout = self._layout
        if section == _CGRAM:
            return part.view("<u2")
        if section == _REGISTERS:
            values, known = part[: 2 * layout.registers].view("<u2").tolist(), part[2 * layout.registers :].tolist()
            raster = known.pop()
            if raster >= len(_RASTER):
                raise FormatError(f"unknown raster effects {raster}")
            return PpuRegisters(**{name: values[at] for at, name in self._registers if known[at]}), _RASTER[raster]
        if section in (_WRAM, _PICTURE) and not len(part):
            return None
        return part.reshape(layout.height, layout.width, 3) if section == _PICTURE else part


def _bounds(layout: Layout) -> list[tuple[int, int]]:
    """Where each section of a frame begins and ends."""
    sizes = (
        VRAM_BYTES,
        CGRAM_BYTES,
        OAM_BYTES,
        3 * layout.registers + 1,
        WRAM_BYTES if layout.wram else 0,
        layout.height * layout.width * 3,
    )
    ends = list(accumulate(sizes))
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _edges(layout: Layout) -> NDArray[np.int64]:
    """The first page of each section and the first one behind it; a page that two sections share belongs to both."""
    return np.array([edge for begin, end in _bounds(layout) for edge in (begin // PAGE, -(-end // PAGE))])


def _inflate(payload: bytes, most: int, least: int = 0) -> bytes:
    """Unpack zlib data that may not become larger than `most` bytes, whatever it claims."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(payload, most + 1)  # the byte more lets it come to the end of the stream
    except zlib.error as error:
        raise FormatError(f"the frame does not unpack: {error}") from error
    if not unpacker.eof or unpacker.unused_data or not least <= len(data) <= most:
        raise FormatError("the frame unpacks to another size than it should")
    return data
