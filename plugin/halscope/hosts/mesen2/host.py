"""MesenHost: Mesen 2 or MesenCE, whose script pushes what changes in each frame."""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Self

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    IRAM_BYTES,
    MOST_BWRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    CpuRegisters,
    Decoder,
    HostAbsentError,
    HostError,
    HostGoneError,
    HostInfo,
    MemorySpace,
    Outline,
    PpuRegisters,
    Snapshot,
    Touched,
    UsageError,
    Write,
    WriteReceipt,
    capabilities_of,
)

from halscope.formats.mesen_registers import cpu_registers, ppu_registers
from halscope.hosts._clipping import clipped, utf8
from halscope.hosts._receipts import OpenReceipts
from halscope.hosts.mesen2._identity import rom_identity
from halscope.hosts.mesen2._listener import Listener, RomReport, read_rom
from halscope.hosts.mesen2._memory import Memory
from halscope.hosts.mesen2._stale import without_stale_tables
from halscope.hosts.mesen2._tracing import (
    BufferWriter,
    DecoderCall,
    Observations,
    Transfer,
    known_decoders,
    pack_request,
)
from halscope.hosts.mesen2._wire import Fields, text

NO_SPRITE: Final = 255
_SPACES: Final[tuple[MemorySpace, ...]] = ("vram", "cgram", "oam", "wram", "rom", "bwram", "iram")  # by their ids
_REGISTERS: Final = 0x80
_UNKNOWN: Final = -0x80000000
_SENT: Final[tuple[MemorySpace, ...]] = ("vram", "cgram", "oam", "wram", "bwram", "iram")
_OPTIONAL: Final = ("wram", "bwram", "iram")
_ANSWER_WAIT: Final = 3.0  # seconds
_MOST_WRITES: Final = 0xFFFF
_MOST_OUTLINES: Final = 256


class _Request(NamedTuple):
    decoders: tuple[Decoder, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    transfers: bool = False


class MesenHost:
    """A Host (see `halscope_hooks.Host`) for an emulator that runs the script: pushing, overlay, tracing and stateful.

    A snapshot is the state at the start of vblank. VRAM that DMA has written is in the snapshot of that frame. What the
    processor has written by itself is there at the latest after 32 frames, usually at once; WRAM comes in rounds of 32
    frames, as `ages` says. After a loaded state, or a scene that loads more than 24 KiB in one frame, VRAM takes up to
    three frames, and `ages` says so. A game's BW-RAM comes in rounds of 56 frames, and what DMA takes from there to the
    screen in the same frame, if no more than 24 KiB are read in all; IRAM comes in rounds of 8 frames. What is written
    to BW-RAM is taken back when the host closes, unless the game has written it anew: it is the save file too.

    Args:
        wait: Seconds to wait for an emulator.

    Raises:
        HostAbsentError: No script connected in time.
        HostError: Another Halscope waits for scripts.
    """

    def __init__(self, wait: float = 1.0) -> None:
        self._listener: Listener | None = Listener.shared()
        try:
            found = self._listener.accept(wait)
        except BaseException:
            self.close()
            raise
        if found is None:
            self._listener.stay()
            self._listener = None
            raise HostAbsentError("no Mesen has connected: its script is not running")
        self._wire, greeting = found
        self._wire.post(b"O")
        self._keys: tuple[str, ...] = greeting.keys
        self._emulator = greeting.emulator
        self._values = struct.Struct(f"<{len(greeting.keys)}i")
        self._open = OpenReceipts()
        self._receipts: dict[int, WriteReceipt] = {}  # by the numbers of their requests
        self._next_id = 0
        self._frames: deque[Snapshot] = deque()  # that arrived while an answer was waited for
        self._state = (0, b"")  # the last savestate that arrived, behind the number of its request
        self._clicks: deque[int] = deque()
        self._observed = Observations()
        self._request = _Request()
        self._hovered: int | None = None
        self._turn(greeting.rom)

    @property
    def info(self) -> HostInfo:
        """The emulator, and the memories that can be read and written."""
        return self._info

    def poll(self, timeout: float) -> Snapshot | None:
        """Return the next frame, or `None` if none arrives in time: the emulator is paused, or has just connected.

        Raises:
            HostGoneError: The emulator or its script has ended.
        """
        until = time.monotonic() + timeout
        while not self._frames:
            if not self._receive(until):
                return None
        return self._frames.popleft()

    def _receive(self, until: float) -> bool:
        """Handle the next message, or return False if none arrives in time. Raises HostGoneError."""
        wire = self._wire
        try:
            message = wire.read(max(0.0, until - time.monotonic()))
            if message is None:
                return False
            kind, payload = message
            if kind == b"F":
                snapshot = self._frame(Fields(payload))
                if snapshot is not None:
                    self._frames.append(snapshot)
            elif kind == b"A":
                self._answer(Fields(payload))
            elif kind == b"R":
                self._turn(read_rom(Fields(payload)))
            elif kind == b"E":
                self._observed.take(payload)
            elif kind == b"V":
                fields = Fields(payload)
                number = fields.number(4)
                self._state = number, fields.bytes(fields.number(4))
        except HostGoneError as gone:
            wire.close()
            self._receipts.clear()
            self._open.fail(gone)
            raise
        return True

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Send writes to the emulator, which makes them at the end of its current frame: all of them, or none.

        The receipt is completed by a later `poll`. `expected` is checked by the emulator in every memory.

        Raises:
            HostError: A memory is not writable, an offset is outside it, or there are too many bytes.
        """
        self._check(writes)
        parts = [b""]
        for write in writes:
            expected = write.expected or b""
            checked = write.expected is not None
            parts.append(struct.pack("<BIB", _SPACES.index(write.space), write.offset, checked))
            parts += [struct.pack("<I", len(part)) + part for part in (write.data, expected)]
        number = self._number()
        parts[0] = struct.pack("<IH", number, len(writes))
        self._wire.post(b"W", b"".join(parts))
        receipt = self._receipts[number] = self._open.new()
        return receipt

    def save_state(self) -> bytes:
        """Return the console's state, as Mesen's own file. Frames that arrive meanwhile are kept for `poll`.

        Raises HostError if the emulator does not answer within three seconds: it is paused.
        """
        number = self._number()
        self._wire.post(b"S", struct.pack("<I", number))
        self._wait(lambda: self._state[0] == number, "a savestate")
        state, self._state = self._state[1], (0, b"")
        return state

    def load_state(self, state: bytes) -> None:
        """Restore a state that `save_state` returned, of the same ROM. Raises HostError."""
        number = self._number()
        self._wire.post(b"Z", struct.pack("<II", number, len(state)) + state)
        receipt = self._receipts[number] = self._open.new()
        self._wait(lambda: receipt.done, "a savestate to load")
        if receipt.error is not None:
            raise receipt.error

    def reset(self) -> None:
        """Press the console's reset button. Raises HostError."""
        self._wire.post(b"K")

    def draw_outlines(self, outlines: Sequence[Outline]) -> None:
        """Show exactly these outlines from the next frame on; an empty sequence clears them. Raises HostError."""
        if len(outlines) > _MOST_OUTLINES:
            raise HostError(f"{len(outlines)} outlines; Mesen draws {_MOST_OUTLINES} at most")
        parts = [struct.pack("<H", len(outlines))]
        parts += [struct.pack("<hhHHI", *clipped(one), one.colour & 0xFFFFFF) + _short(one.label) for one in outlines]
        self._wire.post(b"L", b"".join(parts))

    def show_message(self, text_line: str) -> None:
        """Show a line of text for a few seconds. Raises HostError."""
        self._wire.post(b"M", text(text_line))

    def label_sprites(self, labels: Mapping[int, str]) -> None:
        """Say what is shown beside the sprite under the mouse, by sprite (0 to 127). Raises HostError."""
        parts = [struct.pack("<B", len(labels))]
        parts += [struct.pack("<B", sprite) + _short(label) for sprite, label in labels.items()]
        self._wire.post(b"N", b"".join(parts))

    @property
    def hovered(self) -> int | None:
        """The sprite under the mouse on the emulator's screen, 0 to 127."""
        return self._hovered

    def take_clicks(self) -> Sequence[int]:
        """Return the sprites that the user has clicked on the emulator's screen since the last call, oldest first."""
        return _taken(self._clicks)

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Watch reads of these file offset ranges (end exclusive, 32 at most), replacing earlier ones.

        The first read of each range in a frame is reported. A range should be no longer than what is asked: each read
        of it costs the emulator a call. Raises HostError.
        """
        self._request = self._request._replace(ranges=tuple(ranges))
        self._ask_to_trace()

    def take_touches(self) -> Sequence[Touched]:
        """Return the reads observed since the last call, oldest first, and the streams that the decoder was given."""
        return _taken(self._observed.touches)

    def trace(self, decoders: Sequence[Decoder], *, transfers: bool = True) -> None:
        """Observe calls of the game's decoders and, with `transfers`, DMA to VRAM and the code that fills its buffers.

        Replaces an earlier call; without decoders and transfers, tracing ends. Raises HostError.
        """
        self._request = self._request._replace(decoders=tuple(decoders), transfers=transfers)
        self._ask_to_trace()

    def take_calls(self) -> Sequence[DecoderCall]:
        """Return the calls of the decoders since the last call, oldest first."""
        return _taken(self._observed.calls)

    def take_transfers(self) -> Sequence[Transfer]:
        """Return the DMA transfers to VRAM since the last call, oldest first."""
        return _taken(self._observed.transfers)

    def take_writers(self) -> Sequence[BufferWriter]:
        """Return the code found since the last call that fills buffers which DMA brings to VRAM."""
        return _taken(self._observed.writers)

    def close(self) -> None:
        """Close the connection; the emulator goes on, and open receipts complete with an error. Idempotent."""
        wire = getattr(self, "_wire", None)
        if wire is not None:
            wire.close()
            self._open.close(self._emulator)
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _number(self) -> int:
        """Return the number of the next request, never 0."""
        self._next_id = self._next_id % 0xFFFFFFFF + 1
        return self._next_id

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + _ANSWER_WAIT
        while not done():
            if not self._receive(until):
                raise HostError(f"{self._emulator} has not answered {what} for {_ANSWER_WAIT:g} s; is it paused?")

    def _ask_to_trace(self) -> None:
        request = self._request
        self._observed.codecs = tuple(one.codec for one in known_decoders(request.decoders))
        self._wire.post(b"T", pack_request(request.decoders, request.ranges, transfers=request.transfers))

    def _turn(self, rom: RomReport) -> None:
        """Start over with a ROM. The script has ended tracing."""
        self._request = _Request()
        self._observed = Observations()  # what was seen in the ROM before is not told as this one's
        self._ppu = PpuRegisters()
        self._cpu: CpuRegisters | None = None
        has_sa1 = rom.iram_bytes == IRAM_BYTES and rom.bwram_bytes <= MOST_BWRAM_BYTES
        self._sizes: dict[MemorySpace, int] = {
            "vram": VRAM_BYTES,
            "cgram": CGRAM_BYTES,
            "oam": OAM_BYTES,
            "wram": WRAM_BYTES,
            "rom": rom.rom_bytes,
            "bwram": rom.bwram_bytes if has_sa1 else 0,  # without an SA-1 it is plain save RAM
            "iram": rom.iram_bytes if has_sa1 else 0,
        }
        self._memories = {name: Memory(self._sizes[name]) for name in _SENT if self._sizes[name]}
        self._info = HostInfo(
            name="mesen2",
            emulator=self._emulator,
            readable=frozenset({*self._memories, "ppu", "cpu"}),
            writable=frozenset(space for space, size in self._sizes.items() if size),
            rom=rom_identity(rom),
            capabilities=capabilities_of(self),
        )

    def _frame(self, fields: Fields) -> Snapshot | None:
        frame = fields.number(4)
        ages = {name: age for name in ("vram", *_OPTIONAL) if (age := fields.number(2))}
        hovered, clicked = fields.number(1), fields.number(1)
        self._hovered = hovered if hovered != NO_SPRITE else None
        if clicked != NO_SPRITE:
            self._clicks.append(clicked)
        while fields.left:
            space, at = fields.number(1), fields.number(4)
            data = fields.bytes(fields.number(2))
            if space == _REGISTERS:
                self._take_registers(data)
            elif space < len(_SPACES) and (memory := self._memories.get(_SPACES[space])) is not None:
                memory.put(at, data)
            else:
                raise HostGoneError(f"Mesen sent a memory that does not exist ({space})")
        vram, cgram, oam = (self._memories[name].frozen() for name in ("vram", "cgram", "oam"))
        if vram is None or cgram is None or oam is None:
            return None  # the script has connected just now
        colours = cgram.view("<u2").astype(np.uint16)
        colours.flags.writeable = False
        optional = {name: memory.frozen() for name in _OPTIONAL if (memory := self._memories.get(name)) is not None}
        return Snapshot(
            vram=vram,
            cgram=colours,
            oam=oam,
            ppu=self._ppu,
            frame=frame,
            wram=optional.get("wram"),
            bwram=optional.get("bwram"),
            iram=optional.get("iram"),
            rom=self._info.rom,
            cpu=self._cpu,
            ages={name: age for name, age in ages.items() if name == "vram" or optional.get(name) is not None},
        )

    def _take_registers(self, data: bytes) -> None:
        if len(data) != self._values.size:
            raise HostGoneError(f"Mesen sent {len(data)} bytes of registers, expected {self._values.size}")
        values = zip(self._keys, self._values.unpack(data), strict=True)
        known = {key: value for key, value in values if value != _UNKNOWN}
        try:
            self._ppu, self._cpu = ppu_registers(known), without_stale_tables(cpu_registers(known))
        except UsageError as error:
            raise HostGoneError(f"Mesen sent a register that cannot be: {error}") from error

    def _answer(self, fields: Fields) -> None:
        receipt = self._receipts.pop(fields.number(4), None)
        problem = fields.text()
        if receipt is not None:
            receipt.complete(HostError(f"{self._emulator}: {problem}; nothing was changed") if problem else None)

    def _check(self, writes: Sequence[Write]) -> None:
        if len(writes) > _MOST_WRITES:
            raise HostError(f"{len(writes)} writes are too many at once; at most {_MOST_WRITES}")
        for write in writes:
            size = self._sizes.get(write.space, 0)
            if not size:
                raise HostError(f"{self._emulator}: {write.space} is not writable with this game")
            end = write.offset + len(write.data)
            if write.offset < 0 or end > size:
                raise HostError(
                    f"a write to {write.space} {write.offset:#x} to {end:#x} is outside its {size:#x} bytes"
                )


def _taken[T](queue: deque[T]) -> list[T]:
    """Take what a queue holds, one by one: what an interrupt leaves is taken by the next call."""
    return [queue.popleft() for _ in range(len(queue))]


def _short(label: str) -> bytes:
    data = utf8(label, 0xFF)
    return bytes([len(data)]) + data
