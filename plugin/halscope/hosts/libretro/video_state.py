"""CGRAM, OAM and the PPU registers, which cores do not expose as memory: one reader per core family."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    IRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    CpuRegisters,
    FormatError,
    HostError,
    PpuRegisters,
)
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.formats import bsnes, snes9x
from halscope.hosts.libretro import process_memory
from halscope.hosts.libretro.machine import Machine
from halscope.hosts.libretro.snes9x_places import CHECK_EVERY, Snes9xPlaces

type RegisterBytes = snes9x.RegisterBytes | bsnes.RegisterBytes


@dataclass(frozen=True, slots=True, eq=False)
class VideoState:
    """CGRAM and OAM (private arrays) and the registers of the frame that was just shown.

    `registers` are their bytes, which are read only when `ppu` or `cpu` (those of HDMA and IRQs) are asked for; `field`
    is the displayed field. Both are `None` if they were not read.
    `iram`: the SA-1's internal memory, where the state has it (snes9x).
    `late`: the core has gone on for some lines since it showed the picture, and the game may have written meanwhile.
    """

    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    registers: RegisterBytes | None = None
    field: int | None = None
    late: bool = False
    iram: NDArray[np.uint8] | None = None

    @property
    def ppu(self) -> PpuRegisters:
        """The PPU's registers."""
        return PpuRegisters() if self.registers is None else self.registers.ppu

    @property
    def cpu(self) -> CpuRegisters | None:
        """The CPU's registers."""
        return None if self.registers is None else self.registers.cpu


class VideoReader(Protocol):
    """Reads one core family's video state, and makes its cores notice writes."""

    state_moves: bool
    """Whether saving a state moves the core on, so that what it changes in memory then is not of the frame."""

    @property
    def state_format(self) -> str:
        """Name and version of the core's state format."""

    def read(self, *, registers: bool) -> VideoState:
        """Read the state of the frame that was just shown. Without `registers`, all registers are `None`."""

    def read_memory(self, rom: int | None) -> None:
        """Read the core's own memory from now on, where states have proven it: this process does nothing else.

        Args:
            rom: Address of the core's copy of the ROM, or `None`.
        """

    def state_loaded(self) -> None:
        """Compare memory with the next state: one was loaded, or the console was reset."""

    def after_write(self) -> None:
        """Make the core draw what was written into its VRAM; call once after all writes."""

    def iram(self) -> NDArray[np.uint8] | None:
        """Return the SA-1's current IRAM as a private uint8[2048], or `None` if the core does not show it."""

    def write_iram(self, iram: NDArray[np.uint8], /) -> None:
        """Replace the whole IRAM (uint8[2048]). Raises HostError."""

    def cgram(self) -> NDArray[np.uint8]:
        """Return the current CGRAM as a private uint8[512]. Raises HostError."""

    def write_cgram(self, cgram: NDArray[np.uint8]) -> None:
        """Replace the whole CGRAM (uint8[512]). Raises HostError."""


def reader_for(machine: Machine) -> VideoReader:
    """Return the reader for a machine's core. Raises HostError if the core's family is not supported."""
    if machine.library_name == "Snes9x":
        return Snes9xReader(machine)
    if machine.library_name == "bsnes-mercury":
        for profile in bsnes.LAYOUTS:
            if f"({profile.capitalize()})" in machine.library_version:
                return MercuryReader(machine, profile)
    raise HostError(
        f"{machine.core_path}: Halscope cannot read {machine.library_name} {machine.library_version}: it knows "
        "where CGRAM, OAM and the registers are in Snes9x and in bsnes-mercury v094"
    )


class Snes9xReader:
    """snes9x: everything is in its save state, which has no side effects; in a process of the core's own, it is read
    from the core's memory once some states have proven where it is."""

    state_moves = False

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._finder = snes9x.BlockFinder()
        self._places: Snes9xPlaces | None = None

    def read_memory(self, rom: int | None) -> None:
        """See `VideoReader`."""
        self._places = Snes9xPlaces(self._machine.core_path, rom)

    def state_loaded(self) -> None:
        """See `VideoReader`."""
        if self._places is not None:
            self._places.doubt()

    @property
    def state_format(self) -> str:
        """See `VideoReader`."""
        try:
            return f"snes9x version {snes9x.find_blocks(self._machine.state())[0]}"
        except FormatError as error:
            raise HostError(f"{self._machine.core_path}: {error}") from error

    def read(self, *, registers: bool) -> VideoState:
        """See `VideoReader`."""
        places = self._places
        fields = None if places is None else places.read()
        if fields is None:
            fields = self._fields()
            if places is not None:
                places.prove(self._machine.last_state, fields)
        iram = fields.iram if fields.iram is None or not fields.iram.flags.writeable else fields.iram.copy()
        if not registers:
            return VideoState(fields.cgram, fields.oam, iram=iram)
        return VideoState(fields.cgram, fields.oam, fields.registers, fields.field, iram=iram)

    def after_write(self) -> None:
        """See `VideoReader`: snes9x caches decoded tiles, and drops them when a state is loaded."""
        self._machine.load(self._machine.state())

    def iram(self) -> NDArray[np.uint8] | None:
        """See `VideoReader`."""
        iram = self._fields().iram
        return None if iram is None else iram.copy()

    def write_iram(self, iram: NDArray[np.uint8]) -> None:
        """See `VideoReader`."""
        state = self._machine.state()
        at = snes9x.iram_offset(state)
        state[at : at + IRAM_BYTES] = iram.tobytes()
        self._machine.load(state)

    def cgram(self) -> NDArray[np.uint8]:
        """See `VideoReader`."""
        return self._fields().cgram.astype("<u2").view(np.uint8)

    def write_cgram(self, cgram: NDArray[np.uint8]) -> None:
        """See `VideoReader`."""
        state = self._machine.state()
        at = snes9x.cgram_offset(state)
        state[at : at + CGRAM_BYTES] = cgram.view("<u2").astype(">u2").tobytes()
        self._machine.load(state)

    def _fields(self) -> snes9x.StateFields:
        try:
            machine = self._machine
            return snes9x.parse_state(
                machine.state(), copy_memories=False, known_vram=machine.vram, finder=self._finder
            )
        except FormatError as error:
            raise HostError(f"{self._machine.core_path}: {error}") from error


class MercuryReader:
    """bsnes-mercury: CGRAM and OAM follow VRAM in its memory; the registers are only in its save state.

    Saving the state has side effects (the machine continues to a safe point, at most an instruction or two if done once
    per frame) and takes 0.25 to 0.5 ms. So the state is saved at most once per frame, after the memories were read, and
    not at all if registers are not requested.
    """

    state_moves = True

    def __init__(self, machine: Machine, profile: bsnes.Profile) -> None:
        self._machine = machine
        self._profile = profile
        self._layout: Final = bsnes.LAYOUTS[profile]
        self._vram_at = self._find_vram()
        self._behind_is_proven = False
        self._places: _codec.RegisterPlaces | None = None
        self._age = 0  # frames since memory was compared with a state
        base = machine.vram_address()
        self._oam = np.frombuffer((ctypes.c_uint8 * OAM_BYTES).from_address(base + self._layout.oam), np.uint8)
        self._cgram = np.frombuffer((ctypes.c_uint8 * CGRAM_BYTES).from_address(base + self._layout.cgram), np.uint8)

    def read_memory(self, rom: int | None) -> None:  # noqa: ARG002 - the registers are beside VRAM and WRAM
        """See `VideoReader`."""
        machine = self._machine
        variables = process_memory.variables_of(machine.core_path.resolve())
        self._places = _codec.RegisterPlaces(machine.library_name, machine.library_version, variables)

    def state_loaded(self) -> None:
        """See `VideoReader`."""
        self._age = CHECK_EVERY

    @property
    def state_format(self) -> str:
        """See `VideoReader`."""
        return f"bsnes v094, {self._profile} profile"

    def read(self, *, registers: bool) -> VideoState:
        """See `VideoReader`."""
        if self._behind_is_proven:
            oam, cgram = self._oam.copy(), self._cgram.view("<u2").astype(np.uint16)
            if not registers:
                return VideoState(cgram, oam)
            return self._with_registers(cgram, oam, self._state_of_registers())
        state = self._machine.state()
        self._prove(state)
        oam = bsnes.read_oam(state, self._profile, self._vram_at)
        cgram = bsnes.read_cgram(state, self._profile, self._vram_at)
        if not registers:
            return VideoState(cgram, oam)
        return self._with_registers(cgram, oam, state)

    def after_write(self) -> None:
        """See `VideoReader`: performance and balanced cache decoded tiles, and drop them when a state is loaded."""
        if self._profile != "accuracy":
            self._machine.load(self._machine.state())

    def iram(self) -> NDArray[np.uint8] | None:
        """See `VideoReader`: its place in the state is not known."""
        return None

    def write_iram(self, _iram: NDArray[np.uint8]) -> None:
        """See `VideoReader`."""
        raise HostError(f"{self._machine.core_path}: this core does not show the SA-1's internal memory")

    def cgram(self) -> NDArray[np.uint8]:
        """See `VideoReader`."""
        self._need_proof()
        return self._cgram.copy()

    def write_cgram(self, cgram: NDArray[np.uint8]) -> None:
        """See `VideoReader`."""
        self._need_proof()
        self._cgram[:] = cgram

    def _state_of_registers(self) -> bytearray:
        """Return a state whose registers are those of now: an earlier one, brought up to date from the core's memory
        where that is proven, or one that is saved."""
        machine, places = self._machine, self._places
        self._age += 1
        if places is not None and self._age < CHECK_EVERY and places.proven:
            state = machine.last_state
            if places.refresh(state, machine.vram, machine.wram):
                return state
        state = machine.state()
        if places is not None:
            places.prove(state, self._vram_at, machine.vram, machine.wram)
            self._age = 0
        return state

    def _with_registers(self, cgram: NDArray[np.uint16], oam: NDArray[np.uint8], state: bytearray) -> VideoState:
        registers, field, line = bsnes.register_bytes(state, self._profile, self._vram_at)
        # With the NMI off the core returns at line 241: 16 lines after the start of vblank, with overscan one.
        late = bsnes.lines_into_vblank(registers.setini, line) > bsnes.STILL_THE_START
        if late:  # the game may have moved the address since the picture's last write by HDMA
            registers = registers._replace(knows_cgadd=False)
        return VideoState(cgram, oam, registers, field, late)

    def _find_vram(self) -> int:
        """Return VRAM's offset in the state. It depends on the cartridge, so a mark is written to VRAM and searched."""
        vram = self._machine.vram
        before = vram.copy()
        mark = np.random.default_rng(0x48414C).integers(0, 256, VRAM_BYTES, np.uint8)
        vram[:] = mark
        state = self._machine.state()
        vram[:] = before
        at = state.find(mark.tobytes())
        try:
            if at < 0:
                raise FormatError("VRAM is not in it")
            bsnes.check_state(state, self._profile, at)
        except FormatError as error:
            raise HostError(f"{self._machine.core_path}: the state of this core cannot be read: {error}") from error
        return at

    def _prove(self, state: bytearray) -> None:
        """Compare the memory behind VRAM with OAM and CGRAM in the state. Only bytes that vary prove anything."""
        oam = bsnes.read_oam(state, self._profile, self._vram_at)
        cgram = bsnes.read_cgram(state, self._profile, self._vram_at)
        tells = np.ptp(oam) > 0 and np.ptp(cgram) > 0
        same = np.array_equal(oam, self._oam) and np.array_equal(cgram, self._cgram.view("<u2"))
        self._behind_is_proven = bool(tells and same)

    def _need_proof(self) -> None:
        if not self._behind_is_proven:
            self._prove(self._machine.state())
        if not self._behind_is_proven:
            raise HostError(
                f"{self._machine.core_path}: CGRAM has not been found in the core's memory (the game may not have set "
                "it yet); run a few more frames and write again"
            )
