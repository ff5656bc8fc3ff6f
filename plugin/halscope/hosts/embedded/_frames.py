"""Snapshots in the ring that the tap uses too: the child publishes them, the parent reads them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    IRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    CpuRegisters,
    HostError,
    HostInfo,
    PpuRegisters,
    RomIdentity,
    Snapshot,
)
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.hosts._ring import RingClient, RingFrame
from halscope.hosts.embedded._notes import Notes, pack_notes, unpack_notes
from halscope.hosts.embedded._platform import remove_open

if TYPE_CHECKING:  # the game's process needs none of what runs a core
    from halscope.hosts.libretro.host import FrameParts

RING: Final = "frames.ring"
"""The ring's file, in the folder of the child."""
SLOTS: Final = 16  # a quarter of a second: frames are taken some together, and a busy machine delays that
_MOST_PICTURE_BYTES: Final = 3 * 512 * 478  # hi-res and interlaced
_MOST_NOTES_BYTES: Final = 1 << 14
_COMMAND_BYTES: Final = 4096  # none are given: requests go through the pipe, which also carries errors
_NUMBERS: Final = struct.Struct("<QQ")  # of the frame, and of the reads of the ROM that were observed until its end
_MOST_TOUCHES: Final = 4096  # of one frame; more are asked for by the pipe
_TOUCH_BYTES: Final = 8  # offset of the read, and of its page
_RGB: Final = 3  # pixel format: libretro's numbers end with 2


@dataclass(frozen=True, slots=True)
class Published:
    """The reply to a step: the number of its frame in the ring."""

    number: int


@final
class FrameWriter:
    """The child's end.

    Args:
        folder: The child's folder.
        info: The host whose snapshots are published.
        most_bwram: Size of the cartridge's BW-RAM in bytes, or 0.

    Raises:
        HostError: The system gives no memory, for example because of a limit on the size of files (`ulimit -f`).
    """

    def __init__(self, folder: Path, info: HostInfo, most_bwram: int) -> None:
        sizes = {"vram": VRAM_BYTES, "cgram": CGRAM_BYTES, "oam": OAM_BYTES, "state": _MOST_NOTES_BYTES}
        sizes["touches"] = _MOST_TOUCHES * _TOUCH_BYTES
        optional = {"wram": WRAM_BYTES, "picture": _MOST_PICTURE_BYTES, "iram": IRAM_BYTES}
        sizes |= {name: size for name, size in optional.items() if name in info.readable}
        if "bwram" in info.readable:
            sizes["save"] = most_bwram
        self._ring = _new_ring(folder, sizes)
        self._packed = Notes(None, None, {}), pack_notes(Notes(None, None, {}))

    @property
    def is_read(self) -> bool:
        """Whether the parent has looked within the last two seconds."""
        return self._ring.reader_is_there

    def publish(self, frame: FrameParts, touched: int = 0, touches: Sequence[tuple[int, int]] = ()) -> Published:
        """Publish a frame. Never waits.

        Args:
            frame: The frame.
            touched: How many reads of the ROM have been observed so far.
            touches: Those of this frame: the offset of each read, and that of its page.
        """
        notes = Notes(frame.registers, frame.field, frame.ages)
        if notes != self._packed[0]:
            self._packed = notes, pack_notes(notes)
        parts: dict[str, Any] = {
            "vram": frame.vram,
            "cgram": frame.cgram.view(np.uint8),
            "oam": frame.oam,
            "wram": frame.wram,
            "save": frame.bwram,
            "iram": frame.iram,
            "state": _NUMBERS.pack(frame.frame, touched) + self._packed[1],
            "picture": frame.picture,
            "touches": np.array(touches, "<u4").tobytes() if 0 < len(touches) <= _MOST_TOUCHES else None,
        }
        size = (0, 0, 0, 0)
        if frame.picture is not None:
            height, width, _ = frame.picture.shape
            size = (width, height, 3 * width, _RGB)
        there = {name: part for name, part in parts.items() if part is not None}
        return Published(self._ring.publish(there, picture=size))


def check_memory(folder: Path) -> None:
    """Check that the system gives the memory for a ring in this folder. Raises HostError."""
    _new_ring(folder, {"wram": WRAM_BYTES, "picture": _MOST_PICTURE_BYTES}).close()


def _new_ring(folder: Path, sizes: Mapping[str, int]) -> _codec.RingWriter:
    try:
        return _codec.RingWriter(folder / RING, dict(sizes), slots=SLOTS, command_bytes=_COMMAND_BYTES)
    except RuntimeError as error:
        raise HostError(
            f"memory to share with the core's process cannot be allocated: {error}; a limit on the size of files "
            "(ulimit -f) applies to it as well"
        ) from error


@final
class FrameReader:
    """The parent's end. One thread uses it.

    Args:
        folder: The child's folder.
        rom: The ROM that runs.

    Raises:
        HostError: The child's ring is not there.
    """

    def __init__(self, folder: Path, rom: RomIdentity) -> None:
        self._ring = RingClient(folder / RING)
        self._rom = rom
        self._notes = b"", Notes(None, None, {})  # as packed, and as read
        self._registers: tuple[PpuRegisters, CpuRegisters | None] = PpuRegisters(), None
        self.touched = 0
        """How many reads of the ROM had been observed when the last frame ended that was read."""
        self._touches: list[tuple[int, int, int]] = []  # of the last frames; `touched` counts the last of them too
        self.missed = 0
        """Frames that `next` lost because it was not called for a quarter of a second."""
        remove_open(folder / RING)

    def read(self, published: Published) -> Snapshot:
        """Return a frame that the child has just published. Calling it again returns the same."""
        frame = self._ring.frame(published.number)
        if frame is None:
            raise HostError(f"frame {published.number} is not in the shared memory")
        return self._snapshot(frame)

    def next(self) -> Snapshot | None:
        """Return the next frame, or `None` if there is none yet. It also tells the child that somebody looks."""
        frame = self._ring.next_frame(0)
        if frame is None:
            return None
        self.missed += frame.missed
        return self._snapshot(frame)

    def touches(self, first: int) -> list[tuple[int, int, int]] | None:
        """Return the reads of the ROM from number `first` on, oldest first: the arguments of a `Touched` each.

        `None` if the frames that were read do not have them all. Earlier ones are dropped.
        """
        wanted = self.touched - first
        if wanted > len(self._touches):
            return None
        del self._touches[: len(self._touches) - wanted]
        return self._touches.copy()

    def close(self) -> None:
        """Unmap the memory. Idempotent."""
        self._ring.close()

    def _snapshot(self, frame: RingFrame) -> Snapshot:
        parts = frame.parts
        state = parts["state"].tobytes()
        number, touched = _NUMBERS.unpack_from(state)
        self._note_touches(number, touched, parts.get("touches"))
        packed = state[_NUMBERS.size :]
        if packed != self._notes[0]:
            self._notes = packed, unpack_notes(packed)
            named = self._notes[1].registers
            self._registers = (PpuRegisters(), None) if named is None else (named.ppu, named.cpu)
        notes = self._notes[1]
        picture = parts.get("picture")
        return Snapshot(
            vram=parts["vram"],
            cgram=parts["cgram"].view(np.uint16),
            oam=parts["oam"],
            ppu=self._registers[0],
            frame=number,
            wram=parts.get("wram"),
            picture=None if picture is None else picture.reshape(frame.height, frame.width, 3),
            rom=self._rom,
            bwram=parts.get("save"),
            iram=parts.get("iram"),
            ages=notes.ages,
            cpu=self._registers[1],
            field=notes.field,
        )

    def _note_touches(self, frame: int, touched: int, pairs: NDArray[np.uint8] | None) -> None:
        """Keep the touches of a frame, if they follow those of the frame that was read before."""
        if touched <= self.touched:  # none, or it is read again
            return
        new = [] if pairs is None else pairs.view("<u4").reshape(-1, 2).tolist()
        if touched - self.touched != len(new):  # a frame was missed, or it had too many
            self._touches = []
        self._touches += [(frame, offset, page) for offset, page in new]
        del self._touches[:-_MOST_TOUCHES]  # nobody may take them
        self.touched = touched
