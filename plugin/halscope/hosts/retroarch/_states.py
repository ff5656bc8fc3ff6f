"""CGRAM, OAM and the registers from the state that the tap publishes: one parser per core family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from halscope_hooks import CpuRegisters, HostError, MemorySpace, PpuRegisters
from numpy.typing import NDArray

from halscope.formats import bsnes, snes9x
from halscope.hosts._ring import RingWrite

_TELLING_BYTES: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class StateParts:
    """What a state says about the frame that was just shown. `late` and `iram` are as in the libretro host."""

    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    ppu: PpuRegisters
    cpu: CpuRegisters | None
    field: int | None
    late: bool = False
    iram: NDArray[np.uint8] | None = None


class StateParser(Protocol):
    """Reads one core family's states."""

    def parse(self, state: NDArray[np.uint8], vram: NDArray[np.uint8], *, current: bool) -> StateParts | None:
        """Parse a state.

        Args:
            state: uint8[n].
            vram: VRAM of the same frame, uint8[65536].
            current: Whether the state is of this frame, too.

        Returns:
            The parts, or `None` if they cannot be told from this frame alone.

        Raises:
            FormatError: The state is of a version that is not known, or damaged.
        """

    @property
    def has_iram(self) -> bool:
        """Whether the states of a game with an SA-1 show its IRAM, and take writes to it."""

    @property
    def pieces(self) -> Sequence[tuple[int, int]]:
        """The pieces of a state (offset, bytes) that `parse` and `write` need; empty: all of it."""

    def write(
        self, state: NDArray[np.uint8], space: MemorySpace, offset: int, data: bytes, expected: bytes | None
    ) -> RingWrite:
        """Return the write into the core's state that writes to CGRAM, OAM or IRAM. Raises HostError or FormatError."""


def parser_for(core: str, version: str) -> StateParser:
    """Return the parser for a core by its name and version. Raises HostError if the family is not supported."""
    if core == "Snes9x":
        return _Snes9x()
    if core == "bsnes-mercury":
        for profile in bsnes.LAYOUTS:
            if f"({profile.capitalize()})" in version:
                return _Mercury(profile)
    raise HostError(
        f"the emulator runs the core {core or 'without a name'} {version}: Halscope reads CGRAM, OAM and the registers "
        "of Snes9x and of bsnes-mercury v094; choose one of these with: halscope retroarch install --inner CORE"
    )


class _Snes9x:
    has_iram = True
    pieces: Sequence[tuple[int, int]] = ()  # its states cost hundredths of a millisecond

    def parse(self, state: NDArray[np.uint8], vram: NDArray[np.uint8], *, current: bool) -> StateParts | None:
        known = vram if current else None
        fields = snes9x.parse_state(state, copy_memories=False, known_vram=known)
        return StateParts(fields.cgram, fields.oam, fields.ppu, fields.cpu, fields.field, iram=fields.iram)

    def write(
        self, state: NDArray[np.uint8], space: MemorySpace, offset: int, data: bytes, expected: bytes | None
    ) -> RingWrite:
        if space != "cgram":
            at = snes9x.oam_offset(state) if space == "oam" else snes9x.iram_offset(state)
            return RingWrite("state", at + offset, data, expected or b"")
        # CGRAM is big-endian there. Half a colour is completed with what the last frame had in the other half.
        first, end = offset & ~1, (offset + len(data) + 1) & ~1
        at = snes9x.cgram_offset(state)
        here = state[at + first : at + end].tobytes()
        fresh = bytearray(_swapped(here))
        fresh[offset - first : offset - first + len(data)] = data
        wanted = b""
        if expected is not None:
            there = bytearray(_swapped(here))
            there[offset - first : offset - first + len(expected)] = expected
            wanted = _swapped(bytes(there))
        return RingWrite("state", at + first, _swapped(bytes(fresh)), wanted)


class _Mercury:
    has_iram = False

    def __init__(self, profile: bsnes.Profile) -> None:
        self._profile = profile
        self._vram_at: int | None = None

    @property
    def pieces(self) -> Sequence[tuple[int, int]]:
        return () if self._vram_at is None else bsnes.read_pieces(self._profile, self._vram_at)

    def parse(self, state: NDArray[np.uint8], vram: NDArray[np.uint8], *, current: bool) -> StateParts | None:
        at = self._vram_at
        if at is None:
            at = self._find(state, vram) if current else None
            if at is None:
                return None
            self._vram_at = at
        ppu = bsnes.read_registers(state, self._profile, at)
        cpu, field, line = bsnes.read_cpu(state, self._profile, at)
        late = bsnes.lines_into_vblank(ppu.setini, line) > bsnes.STILL_THE_START
        if late:  # the game may have moved the address since the picture's last write by HDMA
            ppu = replace(ppu, cgadd=None)
        cgram, oam = bsnes.read_cgram(state, self._profile, at), bsnes.read_oam(state, self._profile, at)
        return StateParts(cgram, oam, ppu, cpu, field, late=late)

    def write(
        self, state: NDArray[np.uint8], space: MemorySpace, offset: int, data: bytes, expected: bytes | None
    ) -> RingWrite:
        if self._vram_at is None or state.size < self._vram_at:
            raise HostError("VRAM has not been found in the core's state yet; run a few more frames and write again")
        layout = bsnes.LAYOUTS[self._profile]
        base = self._vram_at + (layout.oam if space == "oam" else layout.cgram)
        return RingWrite("state", base + offset, data, expected or b"")

    def _find(self, state: NDArray[np.uint8], vram: NDArray[np.uint8]) -> int | None:
        """Return VRAM's offset in the state, by its content; it depends on the cartridge. `None` if it is not told.

        The game may write to VRAM between the two, so one frame may not do.
        """
        if np.count_nonzero(vram) < _TELLING_BYTES:
            return None  # blank memory is everywhere
        data, key = state.tobytes(), vram.tobytes()
        at = data.find(key)
        if at < 0 or data.find(key, at + 1) >= 0:
            return None
        bsnes.check_state(state, self._profile, at)
        return at


def _swapped(colours: bytes) -> bytes:
    return np.frombuffer(colours, "<u2").astype(">u2").tobytes()
