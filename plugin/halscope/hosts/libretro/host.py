"""LibretroHost: a libretro core in this process, read after every frame and writable while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self, Unpack

import numpy as np
from halscope_hooks import (
    HostError,
    HostInfo,
    MemorySpace,
    PpuRegisters,
    RomError,
    RomIdentity,
    Snapshot,
    Write,
    WriteReceipt,
    capabilities_of,
)
from numpy.typing import NDArray

from halscope._files import read_limited
from halscope._rom_file import COPIER_BYTES, copier_header_bytes, for_a_core
from halscope.hosts.libretro.cores import find_core
from halscope.hosts.libretro.facts import CoreFacts
from halscope.hosts.libretro.machine import Machine
from halscope.hosts.libretro.parts import SnapshotParts
from halscope.hosts.libretro.rom_memory import find_rom
from halscope.hosts.libretro.rom_touches import RomTouches
from halscope.hosts.libretro.video_state import RegisterBytes, VideoState, reader_for

_SMALLEST_ROM: Final = 0x8000
_LARGEST_ROM: Final = 0x1000000


class _State(NamedTuple):
    """What one step reads."""

    vram: NDArray[np.uint8]
    wram: NDArray[np.uint8] | None
    bwram: NDArray[np.uint8] | None
    video: VideoState


class FrameParts(NamedTuple):
    """What `LibretroHost.step` returns as a snapshot, for one who copies it at once: memories may be the core's own,
    which the next frame changes."""

    frame: int
    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    wram: NDArray[np.uint8] | None
    bwram: NDArray[np.uint8] | None
    iram: NDArray[np.uint8] | None
    picture: NDArray[np.uint8] | None
    registers: RegisterBytes | None
    field: int | None
    ages: Mapping[str, int]


class LibretroHost:
    """A Host (see `halscope_hooks.Host`) around a libretro core: driven, playable and stateful.

    A snapshot is the state at the start of vblank and the picture that was drawn from it. snes9x always returns there.
    bsnes-mercury returns there while the game has NMI enabled. With NMI disabled it returns 16 lines later, when the
    game may have written what the next picture shows; so if registers and picture are read, the snapshot has the state
    of the step before. Where there is none (after the first such step, a write or a loaded state), its `ages` say that
    the picture is older. A game that keeps writing for more than 16 lines is caught halfway.

    Every start is the same: at power-on VRAM is 0 and WRAM is $55, no save file is kept, and the core's clock stands
    still at the year 2000, because bsnes-mercury-accuracy seeds the other memories from it. Only on Linux with glibc is
    there such a clock: elsewhere that core's OAM, CGRAM and registers are random until the game sets them.

    The core runs on the caller's thread. A program that stops the console's processor (random bytes as a ROM) can make
    a core run forever, so check that a file is a SNES ROM before you pass it. `EmbeddedHost` needs no such care.

    Args:
        rom: The ROM file, or its bytes; a copier header is skipped.
        core: A core's path or name; `find_core` says which core is the default.
        parts: What snapshots hold besides VRAM, CGRAM and OAM.
        own_process: Whether this process does nothing but run the core, as `EmbeddedHost`'s child. Then its memory is
            searched for the ROM where the core does not name it (see `process_memory`), and what the core prints goes
            to this process's output instead of the log.

    Raises:
        UsageError: The ROM file cannot be read.
        RomError: It is too small or too large to be a SNES ROM.
        HostError: No usable core was found, or the core does not accept the ROM; the message says why.
    """

    def __init__(
        self,
        rom: Path | bytes,
        core: Path | str | None = None,
        *,
        own_process: bool = False,
        **parts: Unpack[SnapshotParts],
    ) -> None:
        data = rom if isinstance(rom, bytes) else read_limited(rom, _LARGEST_ROM + COPIER_BYTES, "SNES ROM")
        path = None if isinstance(rom, bytes) else rom
        image = data[copier_header_bytes(data) :]
        if not _SMALLEST_ROM <= len(image) <= _LARGEST_ROM:
            name = path or "the ROM"
            raise RomError(f"{name}: {len(image)} bytes; a SNES ROM has {_SMALLEST_ROM} to {_LARGEST_ROM}")
        self._machine = Machine(
            find_core(core), for_a_core(image), keep_output=not own_process, interrupts=not own_process
        )
        self._parts = SnapshotParts(registers=True, wram=True, picture=True) | parts
        self._frame = 0
        self._late: _State | None = None  # of the step before, if the core returned late
        self._touches: RomTouches | None = None
        try:
            self._reader = reader_for(self._machine)
            state_format = self._reader.state_format
            self._rom_memory = find_rom(self._machine, image, search=own_process)
            if own_process:
                self._reader.read_memory(None if self._rom_memory is None else self._rom_memory.address)
        except BaseException:
            self._machine.close()
            raise
        self._identity = RomIdentity(
            path=None if path is None else str(path),
            sha1=hashlib.sha1(image, usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(image).hexdigest(),
        )
        self._core = CoreFacts(
            name=self._machine.library_name,
            version=self._machine.library_version,
            state_format=state_format,
            rom_source=None if self._rom_memory is None else self._rom_memory.source,
            fixed_clock=self._machine.fixed_clock,
        )
        there: dict[MemorySpace, bool] = {
            "rom": self._rom_memory is not None,
            "bwram": self._machine.bwram is not None,
            "iram": self._reader.iram() is not None,
        }
        writable: set[MemorySpace] = {"vram", "wram", "cgram"}
        writable.update(name for name, is_there in there.items() if is_there)
        optional = {
            "wram": self._parts["wram"],
            "bwram": self._parts["wram"] and there["bwram"],
            "iram": self._parts["wram"] and there["iram"],
            "ppu": self._parts["registers"],
            "cpu": self._parts["registers"],
            "picture": self._parts["picture"],
        }
        readable = {"vram", "cgram", "oam"} | {name for name, is_asked_for in optional.items() if is_asked_for}
        self._info = HostInfo(
            name="libretro",
            emulator=f"{self._machine.library_name} {self._machine.library_version}",
            readable=frozenset(readable),
            writable=frozenset(writable),
            rom=self._identity,
            capabilities=capabilities_of(self),
        )

    @property
    def info(self) -> HostInfo:
        """The emulator, and the memories that can be read and written."""
        return self._info

    @property
    def core_path(self) -> Path:
        """The core's shared library."""
        return self._machine.core_path

    @property
    def core(self) -> CoreFacts:
        """What is known of the core."""
        return self._core

    @property
    def frames_a_second(self) -> float:
        """The console's speed, as the core says: 60.0988 for NTSC, 50.007 for PAL."""
        return self._machine.frames_a_second

    @property
    def bwram_bytes(self) -> int:
        """Size of the SA-1's BW-RAM; 0 if there is none, or the core does not show it."""
        return 0 if self._machine.bwram is None else self._machine.bwram.size

    def step(self) -> Snapshot:
        """Run one frame and return its state. The first frame has number 0. Raises HostError."""
        parts = self._run_frame(copies=True)
        shown = None if parts.picture is None else parts.picture.copy()
        for array in (parts.vram, parts.wram, parts.bwram, parts.cgram, parts.oam, parts.iram, shown):
            if array is not None:
                array.flags.writeable = False  # already private, so the snapshot need not copy it again
        return Snapshot(
            vram=parts.vram,
            cgram=parts.cgram,
            oam=parts.oam,
            ppu=PpuRegisters() if parts.registers is None else parts.registers.ppu,
            frame=parts.frame,
            wram=parts.wram,
            bwram=parts.bwram,
            iram=parts.iram,
            picture=shown,
            rom=self._identity,
            cpu=None if parts.registers is None else parts.registers.cpu,
            field=parts.field,
            ages=parts.ages,
        )

    def run_frame(self) -> FrameParts:
        """Run one frame as `step` does, and return its state before the next one changes it."""
        return self._run_frame(copies=self._reader.state_moves)

    def _run_frame(self, *, copies: bool) -> FrameParts:
        machine = self._open_machine()
        machine.run()
        if self._touches is not None:
            self._touches.stamp(self._frame)

        def taken(memory: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return memory.copy() if copies else memory

        vram = taken(machine.vram)
        wram = taken(machine.wram) if self._parts["wram"] else None
        bwram = taken(machine.bwram) if self._parts["wram"] and machine.bwram is not None else None
        video = self._reader.read(registers=self._parts["registers"])
        picture = machine.picture() if self._parts["picture"] else None
        state = earlier = _State(vram, wram, bwram, video)
        ages = {}
        if picture is not None and video.late:
            # The game may have written what the next picture shows. The state of the late step before is what it wrote
            # for this one.
            earlier = state if self._late is None else self._late
            ages = {"picture": 1} if self._late is None else {}
        self._late = state if video.late else None
        frame, self._frame = self._frame, self._frame + 1
        return FrameParts(
            frame,
            earlier.vram,
            earlier.video.cgram,
            earlier.video.oam,
            earlier.wram,
            earlier.bwram,
            earlier.video.iram if self._parts["wram"] else None,
            picture,
            earlier.video.registers,
            video.field,
            ages,
        )

    def press(self, buttons: Collection[str], port: int = 0) -> None:
        """Hold exactly these buttons of the pad in `port` (0 or 1) in the next steps; an empty set releases all.

        Names: b y select start up down left right a x l r. Raises HostError for another name or port.
        """
        self._open_machine().hold(buttons, port)

    def reset(self) -> None:
        """Press the console's reset button. The frame number keeps counting."""
        self._late = None
        self._open_machine().reset()
        self._reader.state_loaded()

    @property
    def state_frame(self) -> int:
        """Number of the first frame after the state that was saved or loaded last, if it was just now."""
        return self._frame

    def save_state(self) -> bytes:
        """Return the core's state, for `load_state` on the same core and ROM."""
        return bytes(self._open_machine().state())

    def load_state(self, state: bytes) -> None:
        """Restore a state that `save_state` returned. The frame number keeps counting. Raises HostError."""
        self._late = None
        self._open_machine().load(state)
        self._reader.state_loaded()

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Write into the running game. All writes are checked first: a refused call changes nothing.

        Writes to VRAM and CGRAM are visible from the next step. A write to the ROM is visible once the game reads those
        bytes again. The returned receipt is already complete.

        Raises:
            HostError: A memory is not writable here, an offset is outside it, or the expected bytes do not match.
        """
        machine = self._open_machine()
        memories: dict[MemorySpace, NDArray[np.uint8]] = {"vram": machine.vram, "wram": machine.wram}
        if self._rom_memory is not None:
            memories["rom"] = self._rom_memory.bytes
        if machine.bwram is not None:
            memories["bwram"] = machine.bwram
        spaces = {write.space for write in writes}
        if "cgram" in spaces:
            memories["cgram"] = self._reader.cgram()
        if "iram" in spaces and (iram := self._reader.iram()) is not None:
            memories["iram"] = iram
        for write in writes:
            self._check(write, memories)
        self._late = None  # it lacks the writes
        for write in writes:
            memories[write.space][write.offset : write.offset + len(write.data)] = np.frombuffer(write.data, np.uint8)
        if "cgram" in spaces:
            self._reader.write_cgram(memories["cgram"])
        if "iram" in spaces:
            self._reader.write_iram(memories["iram"])
        if "vram" in spaces:
            self._reader.after_write()
        return WriteReceipt(done=True)

    def watch_reads(self, ranges: Sequence[tuple[int, int]]) -> RomTouches:
        """Watch the game's reads of these ranges of the ROM (end exclusive), from the next step on.

        For `EmbeddedHost`'s child: in a process with other busy threads, a fault handler would slow them down.

        Raises:
            HostError: One is not in the ROM, or reads cannot be observed here.
        """
        machine, rom = self._open_machine(), self._rom_memory
        if self._touches is None:
            self._touches = RomTouches([] if rom is None else rom.copies(), 0 if rom is None else len(rom.bytes))
        self._touches.watch(ranges)
        machine.around_run = self._touches
        return self._touches

    def close(self) -> None:
        """Unload the core. Idempotent."""
        if self._touches is not None:
            self._touches.close()
        self._rom_memory = None
        self._machine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_machine(self) -> Machine:
        if self._machine.closed:
            raise HostError(f"{self._machine.core_path}: the host is closed; attach a new one")
        return self._machine

    def _check(self, write: Write, memories: dict[MemorySpace, NDArray[np.uint8]]) -> None:
        memory = memories.get(write.space)
        if memory is None:
            why = ""
            if write.space == "rom":
                why = ": the core exposes no memory that equals the ROM file; apply the patch to the file and restart"
            raise HostError(f"{self._info.emulator}: {write.space} is not writable{why}")
        end = write.offset + len(write.data)
        if write.offset < 0 or end > len(memory):
            raise HostError(
                f"a write to {write.space} {write.offset:#x} to {end:#x} is outside its {len(memory):#x} bytes"
            )
        if write.expected is not None:
            there = memory[write.offset : write.offset + len(write.expected)].tobytes()
            if there != write.expected:
                raise HostError(
                    f"{write.space} {write.offset:#x} does not hold the expected bytes "
                    f"({there[:8].hex()}..., expected {write.expected[:8].hex()}...); nothing was written"
                )
