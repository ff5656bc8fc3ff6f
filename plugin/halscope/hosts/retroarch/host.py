"""RetroArchHost: RetroArch or any other libretro frontend, by the tap core that runs inside it."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    IRAM_BYTES,
    MOST_BWRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    FormatError,
    HostError,
    HostGoneError,
    HostInfo,
    MemorySpace,
    Outline,
    PpuRegisters,
    RomIdentity,
    Snapshot,
    Touched,
    Write,
    WriteReceipt,
    capabilities_of,
)
from numpy.typing import NDArray

from halscope._rom_file import copier_header_bytes, has_sa1
from halscope.hosts._receipts import OpenReceipts
from halscope.hosts._ring import NETPLAY, NO_STATES, RUN_AHEAD, STATES_OFF, RingClient, RingFrame, RingWrite, Space
from halscope.hosts.libretro.picture import PixelFormat, to_rgb
from halscope.hosts.retroarch._states import StateParts, parser_for
from halscope.hosts.retroarch._tracing import TapTracing

_FORMATS: Final[dict[int, PixelFormat]] = {0: "rgb1555", 1: "xrgb8888", 2: "rgb565"}
_RING_SPACES: Final[dict[MemorySpace, Space]] = {"rom": "rom", "vram": "vram", "wram": "wram", "bwram": "save"}
"""Memories that the emulator writes itself; the others are written into the core's state."""
_ANSWER: Final = 3.0
"""Seconds that the emulator may take for a state; it answers at its next frame."""
_BLIND_AFTER: Final = 120
"""Frames without OAM and CGRAM after which the log says why."""
_logger = logging.getLogger("halscope.hosts.retroarch")


class _Memories(NamedTuple):
    """What a snapshot takes from one frame of the ring."""

    number: int
    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    wram: NDArray[np.uint8] | None
    bwram: NDArray[np.uint8] | None
    iram: NDArray[np.uint8] | None
    parts: StateParts | None
    ages: dict[str, int]


class RetroArchHost:
    """A Host (see `halscope_hooks.Host`) for a running libretro frontend: pushing, stateful, with an overlay.

    It is tracing where the tap has found the core's copy of the ROM (docs/explanation/tracing.md).

    Snapshots are those of `LibretroHost`. The frontend decides when the game runs. While it runs ahead or plays over
    the network, no state is saved for Halscope: OAM, CGRAM and the registers are then of the last state that the
    frontend itself has saved, which `ages` say, or are `None`; and frames of which OAM or CGRAM is unknown are skipped.

    Writes to CGRAM, OAM and IRAM go into the core's state, which is loaded back at once. What is written to BW-RAM is
    taken back when the frontend asks for it to store the save file, unless the game has written it anew.

    Args:
        ring: The emulator's ring, see `find_taps`.
        registers: Whether snapshots hold the PPU registers.
        wram: Whether snapshots hold WRAM and, of a game with an SA-1, BW-RAM and IRAM.
        picture: Whether snapshots hold the picture.
        force: Whether the emulator is taken from another Halscope that is attached to it.

    Raises:
        HostGoneError: The emulator has ended meanwhile.
        HostError: Another Halscope is attached, or the core is not supported.
    """

    def __init__(
        self,
        ring: Path,
        *,
        registers: bool = True,
        wram: bool = True,
        picture: bool = True,
        force: bool = False,
    ) -> None:
        # The state is wanted in any case: OAM and CGRAM come from it, or their place in memory is proven by it.
        self._ring = RingClient(ring, wram=wram, picture=picture, force=force)
        self._registers = registers
        self._open = OpenReceipts()
        self._waiting: list[tuple[int, WriteReceipt]] = []  # behind the ids of their commands
        self._late: _Memories | None = None
        self._state: NDArray[np.uint8] | None = None
        self._blind = 0
        try:
            text = self._ring.text
            self._parser = parser_for(text.get("core", ""), text.get("version", ""))
            loaded = self._ring.rom()
        except BaseException:
            self._ring.close()
            raise
        self.rom_image: bytes = loaded[copier_header_bytes(loaded) :]
        """The image that the emulator loaded, without a copier header; empty if its core was given none."""
        self.missed = 0
        """Frames that were lost because nobody polled for an eighth of a second."""
        self._tracing = TapTracing(self._ring, len(self.rom_image))
        sa1 = has_sa1(self.rom_image)
        saved = text.get("save", "")  # which the first taps did not say
        self._sizes: dict[MemorySpace, int] = {
            "vram": VRAM_BYTES,
            "cgram": CGRAM_BYTES,
            "oam": OAM_BYTES,
            "wram": WRAM_BYTES,
            "rom": len(self.rom_image) if text.get("writable") == "rom" else 0,
            "bwram": min(int(saved), MOST_BWRAM_BYTES) if sa1 and saved.isdecimal() else 0,
            "iram": IRAM_BYTES if sa1 and self._parser.has_iram else 0,
        }
        if wram and self._sizes["bwram"]:
            self._ring.want_save()
        optional = {
            "wram": wram,
            "bwram": wram and self._sizes["bwram"] > 0,
            "iram": wram and self._sizes["iram"] > 0,
            "ppu": registers,
            "cpu": registers,
            "picture": picture,
        }
        self._info = HostInfo(
            name="retroarch",
            emulator=f"{text.get('core')} {text.get('version')} in process {self._ring.pid}",
            readable=frozenset({"vram", "cgram", "oam"} | {name for name, wanted in optional.items() if wanted}),
            writable=frozenset(space for space, size in self._sizes.items() if size),
            rom=_identity(self.rom_image, text.get("content") or None),
            capabilities=capabilities_of(self) - (set() if self._tracing.possible else {"tracing"}),
        )

    @property
    def info(self) -> HostInfo:
        """The emulator, and the memories that can be read and written."""
        return self._info

    @property
    def pid(self) -> int:
        """Process id of the emulator."""
        return self._ring.pid

    def poll(self, timeout: float) -> Snapshot | None:
        """Return the next snapshot, or `None` if none arrives within `timeout` seconds.

        Raises HostGoneError once the game was closed, the emulator has ended, or another Halscope has taken it over.
        """
        until = time.monotonic() + timeout
        while True:
            frame = self._next_frame(max(0.0, until - time.monotonic()))
            self._complete_writes()
            if frame is None:
                return None
            self.missed += frame.missed
            snapshot = self._snapshot(frame)
            if snapshot is not None:
                return snapshot
            if time.monotonic() >= until:
                return None

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Write into the running game before its next frame. The receipt completes at a later `poll`.

        Raises:
            HostError: A memory is not writable here, or an offset is outside it.
        """
        command = self._ring.write([self._translated(one) for one in writes])
        receipt = self._open.new()
        self._waiting.append((command, receipt))
        return receipt

    def draw_outlines(self, outlines: Sequence[Outline]) -> None:
        """Show exactly these outlines and their labels from the next frame on. Raises HostError."""
        self._ring.draw_outlines(outlines)

    def show_message(self, text: str) -> None:
        """Show a line of text for a few seconds. Raises HostError."""
        self._ring.show_message(text)

    def save_state(self) -> bytes:
        """Return the core's state of the newest frame, for `load_state`. Raises HostError if no frame has one."""
        until = time.monotonic() + _ANSWER
        self._ring.want_pieces([])
        while (remaining := until - time.monotonic()) > 0:
            frame = self._next_frame(remaining)
            if frame is not None and frame.whole_state:
                self._ring.want_pieces(self._parser.pieces)
                return frame.parts["state"].tobytes()
        raise HostError(f"the emulator has published no state for {_ANSWER:g} s: {self._why_blind()}")

    def load_state(self, state: bytes) -> None:
        """Restore a state that `save_state` returned. Raises HostError."""
        self._late = None
        self._await(self._ring.load_state(state))

    def reset(self) -> None:
        """Press the console's reset button. Raises HostError."""
        self._late = None
        self._await(self._ring.reset())

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Watch reads of these file offset ranges (end exclusive), replacing earlier ones; none costs nothing.

        Raises HostError if one is not in the ROM, or reads cannot be observed here.
        """
        self._tracing.watch(ranges)

    def take_touches(self) -> Sequence[Touched]:
        """Return the reads observed since the last call, oldest first."""
        return self._tracing.take()

    def close(self) -> None:
        """Let go of the emulator, which goes on; open receipts complete with an error. Idempotent."""
        self._ring.close()
        self._open.close(self._info.emulator)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next_frame(self, timeout: float) -> RingFrame | None:
        """As `RingClient.next_frame`; when the emulator has gone, open receipts complete."""
        try:
            frame = self._ring.next_frame(timeout)
        except HostGoneError as gone:
            self._complete_writes()  # it may have made them before
            self._open.fail(gone)
            raise
        if frame is not None:
            self._tracing.note(frame)
        return frame

    def _await(self, command: int) -> None:
        until = time.monotonic() + _ANSWER
        while (outcome := self._ring.outcome(command)) is False:
            if time.monotonic() > until:
                raise HostError("the emulator has not answered: it may be paused")
            self._next_frame(0.02)
        if isinstance(outcome, HostError):
            raise outcome

    def _complete_writes(self) -> None:
        still = []
        for command, receipt in self._waiting:
            outcome = self._ring.outcome(command)
            if outcome is False:
                still.append((command, receipt))
            else:
                receipt.complete(outcome if isinstance(outcome, HostError) else None)
        self._waiting = still

    def _translated(self, write: Write) -> RingWrite:
        if write.space not in self._info.writable:
            why = ""
            if write.space == "rom":
                why = ": the core's copy of the ROM was not found; apply the patch to the file and load it again"
            raise HostError(f"{self._info.emulator}: {write.space} is not writable{why}")
        end, size = write.offset + len(write.data), self._sizes[write.space]
        if write.offset < 0 or end > size:
            raise HostError(f"a write to {write.space} {write.offset:#x} to {end:#x} is outside its {size:#x} bytes")
        if (space := _RING_SPACES.get(write.space)) is not None:
            self._late = None
            return RingWrite(space, write.offset, write.data, write.expected or b"")
        if self._state is None:
            raise HostError(f"{write.space} cannot be written yet: {self._why_blind()}")
        try:
            return self._parser.write(self._state, write.space, write.offset, write.data, write.expected)
        except FormatError as error:
            raise HostError(str(error)) from error

    def _snapshot(self, frame: RingFrame) -> Snapshot | None:
        """Return a frame as a snapshot, or `None` if its OAM or CGRAM is not known."""
        memories = self._memories(frame)
        if memories is None:
            self._blind += 1
            if self._blind == _BLIND_AFTER:
                _logger.warning("%d frames without OAM and CGRAM: %s", self._blind, self._why_blind())
            return None
        self._blind = 0
        picture = self._picture(frame)
        parts, ages = memories.parts, dict(memories.ages)
        field = None if parts is None or not self._registers else parts.field
        shown = memories
        late = parts is not None and parts.late
        if picture is not None and late:
            # As in LibretroHost: the game may have written what the next picture shows.
            if self._late is not None and self._late.number == frame.number - 1:
                shown = self._late
                ages = dict(shown.ages)
            else:
                ages["picture"] = 1
        self._late = memories if late else None
        registers = shown.parts if self._registers else None
        return Snapshot(
            vram=shown.vram,
            cgram=shown.cgram,
            oam=shown.oam,
            ppu=PpuRegisters() if registers is None else registers.ppu,
            frame=frame.number,
            wram=shown.wram,
            bwram=shown.bwram,
            iram=shown.iram,
            picture=picture,
            rom=self._info.rom,
            cpu=None if registers is None else registers.cpu,
            field=field,
            ages=ages,
        )

    def _memories(self, frame: RingFrame) -> _Memories | None:
        vram = frame.parts.get("vram")
        if vram is None or vram.size != VRAM_BYTES:
            return None
        parts, ages = None, {}
        state, age = frame.parts.get("state"), frame.ages.get("state", 0)
        if state is not None:
            self._state = state
            try:
                parts = self._parser.parse(state, vram, current=age == 0)
            except FormatError as error:
                raise HostError(f"{self._info.emulator}: {error}") from error
            if frame.whole_state and self._parser.pieces:
                self._ring.want_pieces(self._parser.pieces)  # a state of bsnes-mercury takes 0.1 ms to copy
        oam, colours = frame.parts.get("oam"), frame.parts.get("cgram")
        cgram = None if colours is None or colours.size != CGRAM_BYTES else colours.view("<u2")
        if age and parts is not None:
            old = ("ppu", "cpu", *(() if oam is not None else ("oam",)), *(() if cgram is not None else ("cgram",)))
            ages = dict.fromkeys(old, age)
        if oam is None or oam.size != OAM_BYTES:
            oam = None if parts is None else parts.oam
        if cgram is None:
            cgram = None if parts is None else parts.cgram
        if oam is None or cgram is None:
            return None
        wram, bwram = frame.parts.get("wram"), frame.parts.get("save")
        iram = parts.iram if parts is not None and "iram" in self._info.readable else None
        if iram is not None and age:
            ages["iram"] = age
        return _Memories(
            frame.number,
            vram,
            cgram,
            oam,
            wram if wram is None or wram.size == WRAM_BYTES else None,
            None if bwram is None else bwram[: self._sizes["bwram"]],
            iram,
            parts,
            ages,
        )

    def _picture(self, frame: RingFrame) -> NDArray[np.uint8] | None:
        raw, pixel_format = frame.parts.get("picture"), _FORMATS.get(frame.pixel_format)
        if raw is None or pixel_format is None or frame.pitch * frame.height != raw.size or not frame.width:
            return None
        if frame.width * (4 if pixel_format == "xrgb8888" else 2) > frame.pitch:
            return None
        picture = to_rgb(raw.reshape(frame.height, frame.pitch), frame.width, pixel_format)
        picture.flags.writeable = False
        return picture

    def _why_blind(self) -> str:
        context = self._ring.context
        if context & NO_STATES:
            return "the core cannot save states"
        if context & STATES_OFF:
            return 'the core option "Halscope: registers" is off'
        if context & (RUN_AHEAD | NETPLAY):
            return "the emulator runs ahead or plays over the network, and has saved no state itself"
        return "the emulator may be paused, or the game has not set up its graphics"


def _identity(image: bytes, path: str | None) -> RomIdentity:
    if not image:  # of two cartridges at once, none looks like a SNES image
        return RomIdentity()
    return RomIdentity(
        path=path,
        sha1=hashlib.sha1(image, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(image).hexdigest(),
    )
