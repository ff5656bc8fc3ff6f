"""The shared-memory ring between an emulator and Halscope: finding rings, claiming one, its frames and its commands.

The layout is in docs/reference/ring.md. An emulator owns a ring for each game that it has loaded; one reader at a time
claims it. The emulator never waits: a reader that is slow loses the oldest frames.
"""

from __future__ import annotations

import os
import secrets
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, final

import numpy as np
from halscope_hooks import HostError, HostGoneError, Outline
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.hosts._clipping import clipped, utf8

RUN_AHEAD: Final = 1
NETPLAY: Final = 2
STATES_OFF: Final = 4
NO_STATES: Final = 8
PLACES_PROVEN: Final = 16
REGISTERS_PROVEN: Final = 32
"""Bits of `RingClient.context`: what the frontend does with the core."""

_WANT_STATE, _WANT_WRAM, _WANT_PICTURE, _WANT_SAVE, _WANT_TOUCHES = 1, 2, 4, 8, 16
_WRITE, _MESSAGE, _OUTLINES, _LOAD_STATE, _RESET = 1, 2, 3, 4, 5
Space = Literal["rom", "vram", "wram", "state", "save", "iram"]
_SPACES: Final[tuple[Space, ...]] = ("rom", "vram", "wram", "state", "save", "iram")
_MOST_MESSAGE_BYTES: Final = 1024
_MOST_OUTLINES: Final = 256
_MOST_LABEL_BYTES: Final = 255
_MOST_PIECES: Final = 8
_RETRY: Final = 0.0005  # seconds after a frame that was written over while it was read
_OWNER_EVERY: Final = 0.2
"""Seconds without a frame after which the owner is looked at."""

_OUTCOMES: Final[Mapping[int, str]] = {
    2: "the core does not show this memory",
    3: "the place is outside the memory",
    4: "the expected bytes are not there; nothing was written",
    5: "the emulator did not understand the command; update Halscope and its tap (halscope retroarch install)",
    6: "the game is played over the network, where a write would part the players' machines",
    7: "the core refused the state",
}


@dataclass(frozen=True, slots=True)
class FoundRing:
    """A ring whose owner is alive.

    Args:
        path: Its file.
        pid: Process id of the emulator, as that one says it.
        reader: Process id of the Halscope that has claimed it, or 0.
        text: What the owner says about itself: "core", "version", "inner", "content" …
    """

    path: Path
    pid: int
    reader: int
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class RingFrame:
    """A published frame. Every array is private and read-only.

    Args:
        number: From 1; each published frame counts.
        parts: The memories, uint8[n] each: "vram", "cgram", "oam", "state", "wram", "picture", "save", "iram".
        ages: For each part: frames since it was read.
        width, height, pitch, pixel_format: The picture's; the format is a number of libretro's.
        pads: Held buttons of four pads, bit n as libretro numbers them.
        missed: Frames before this one that were lost.
        whole_state: Whether "state" is complete; else there are zeros between the wanted pieces.
        touches_lost: Reads of the ROM that were seen and are not in "touches".
    """

    number: int
    parts: Mapping[str, NDArray[np.uint8]]
    ages: Mapping[str, int]
    width: int
    height: int
    pitch: int
    pixel_format: int
    pads: Sequence[int]
    missed: int
    whole_state: bool
    touches_lost: int


@dataclass(frozen=True, slots=True)
class RingWrite:
    """A write for `RingClient.write`; `expected` is empty if it does not matter what is there."""

    space: Space
    offset: int
    data: bytes
    expected: bytes = b""


def find_rings(folder: Path | None = None) -> list[FoundRing]:
    """Return the rings of the user's running emulators, oldest first; rings of dead emulators are removed.

    Raises HostError if the folder for rings cannot be trusted.
    """
    try:
        paths = _codec.live_rings(_codec.ring_folder() if folder is None else folder)
    except RuntimeError as error:
        raise HostError(str(error)) from error
    found = []
    for path in paths:
        try:
            reader = _codec.RingReader(path)
        except RuntimeError:
            continue  # it has just ended, or is of another version
        found.append(FoundRing(path, reader.pid, reader.reader >> 32, _text(reader)))
        reader.close()
    return found


@final
class RingClient:
    """A claimed ring. One thread uses it.

    Args:
        path: The ring's file.
        state: Whether frames hold the core's state.
        wram: Whether frames hold WRAM.
        picture: Whether frames hold the picture.
        force: Whether the ring is taken from another Halscope that has it.

    Raises:
        HostGoneError: There is no such ring any more.
        HostError: The file is not a ring, or another Halscope has claimed it.
    """

    def __init__(
        self, path: Path, *, state: bool = True, wram: bool = True, picture: bool = True, force: bool = False
    ) -> None:
        self.path = path
        try:
            self._reader = _codec.RingReader(path)
        except RuntimeError as error:
            raise (HostError if path.exists() else HostGoneError)(str(error)) from error
        self._id = (os.getpid() & 0xFFFFFFFF) << 32 | secrets.randbits(32) or 1
        self._wants = state * _WANT_STATE | wram * _WANT_WRAM | picture * _WANT_PICTURE
        self._looked = time.monotonic()
        self.pid = self._reader.pid
        """Process id of the emulator."""
        self.text = _text(self._reader)
        """What the emulator says about itself."""
        other = self._reader.claim(self._id, force)
        if other:
            self._reader.close()
            raise HostError(
                f"another Halscope (process {other >> 32}) is attached to this emulator (process {self.pid}); "
                "detach that one first"
            )
        self._next = self._reader.published + 1
        self._closed = False
        self._reader.want_pieces([])  # the last reader may have left some
        self._reader.beat(self._id, self._wants)

    @property
    def context(self) -> int:
        """What the frontend does with the core: bits such as RUN_AHEAD."""
        return self._open().context

    def rom(self) -> bytes:
        """Return the image that the emulator loaded, without a copier header; empty if the emulator has none."""
        return self._open().rom().tobytes()

    def next_frame(self, timeout: float) -> RingFrame | None:
        """Return the next frame, or `None` if there is none within `timeout` seconds.

        Raises HostGoneError if the emulator has closed the game, has ended, or was claimed by another Halscope.
        """
        reader = self._open()
        until = time.monotonic() + timeout
        while True:
            if not reader.beat(self._id, self._wants):
                raise HostGoneError(
                    f"another Halscope (process {reader.reader >> 32}) has taken over the emulator (process {self.pid})"
                )
            published = reader.wait(self._next - 1, min(until - time.monotonic(), _OWNER_EVERY))
            now = time.monotonic()
            if published >= self._next:
                self._looked = now
                frame = self._read(reader.slots, published)
                if frame is not None or now >= until:
                    return frame
                time.sleep(_RETRY)
                continue
            if now - self._looked >= _OWNER_EVERY:
                self._looked = now
                if not reader.owner_is_there():
                    raise HostGoneError(f"the emulator (process {self.pid}) has closed the game or has ended")
            if now >= until:
                return None

    def want_save(self) -> None:
        """Have later frames hold the cartridge's save RAM."""
        self._wants |= _WANT_SAVE
        self._open().beat(self._id, self._wants)

    def want_touches(self, wanted: bool) -> None:
        """Have later frames hold what the game was seen reading of the ROM, or not; that ends with this reader."""
        self._wants = self._wants | _WANT_TOUCHES if wanted else self._wants & ~_WANT_TOUCHES
        self._open().beat(self._id, self._wants)

    def frame(self, number: int) -> RingFrame | None:
        """Return a frame that is still in the ring, or `None`. `next_frame` goes on from where it was."""
        return self._frame(number, 0)

    def want_pieces(self, pieces: Sequence[tuple[int, int]]) -> None:
        """Have later frames hold only these pieces of the state (offset, bytes), eight at most; none: all of it."""
        if len(pieces) > _MOST_PIECES:
            raise ValueError(f"{len(pieces)} pieces; {_MOST_PIECES} at most")
        self._open().want_pieces(pieces)

    def write(self, writes: Iterable[RingWrite]) -> int:
        """Send writes, which are made before the next frame, all or none. Returns the command's id."""
        writes = list(writes)
        parts = [struct.pack("<I", len(writes))]
        for one in writes:
            head = (_SPACES.index(one.space), one.offset, len(one.data), len(one.expected))
            parts += [struct.pack("<4I", *head), one.data, one.expected]
        return self._send(_WRITE, b"".join(parts))

    def show_message(self, text: str) -> int:
        """Have the emulator show a line of text. Returns the command's id."""
        line = " ".join(text.replace("\0", "").split())
        return self._send(_MESSAGE, utf8(line, _MOST_MESSAGE_BYTES))

    def draw_outlines(self, outlines: Sequence[Outline]) -> int:
        """Have exactly these outlines drawn, with their labels if the emulator can. Returns the command's id."""
        if len(outlines) > _MOST_OUTLINES:
            raise HostError(f"{len(outlines)} outlines; the emulator draws {_MOST_OUTLINES} at most")
        rows = [struct.pack("<4iI", *clipped(one), one.colour & 0xFFFFFF) for one in outlines]
        if "labels" in self.text and any(one.label for one in outlines):
            labels = [utf8(one.label, _MOST_LABEL_BYTES) for one in outlines]
            rows += [bytes([len(label)]) + label for label in labels]
        return self._send(_OUTLINES, struct.pack("<I", len(outlines)) + b"".join(rows))

    def load_state(self, state: bytes) -> int:
        """Have a state loaded before the next frame. Returns the command's id."""
        return self._send(_LOAD_STATE, state)

    def reset(self) -> int:
        """Press the reset button. Returns the command's id."""
        return self._send(_RESET, b"")

    def outcome(self, command: int) -> HostError | bool:
        """Return how a command ended: False (it waits), True (it was done), or why it failed."""
        outcome = self._open().outcome(command)
        if outcome <= 1:
            return bool(outcome)
        return HostError(_OUTCOMES.get(outcome, f"the emulator answered with the unknown outcome {outcome}"))

    def close(self) -> None:
        """Let go of the ring, so that another Halscope can claim it. Idempotent."""
        if not self._closed:
            self._closed = True
            self._reader.release(self._id)
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, slots: int, published: int) -> RingFrame | None:
        """Read the next frame, or the newest if the emulator is about to write over the next one."""
        wanted = self._next
        if published - wanted >= slots - 1:
            wanted = published
        frame = self._frame(wanted, wanted - self._next)
        if frame is not None:  # else it was written over meanwhile; the next round takes a newer one
            self._next = wanted + 1
        return frame

    def _frame(self, number: int, missed: int) -> RingFrame | None:
        raw = self._open().read(number)
        if raw is None:
            return None
        for array in raw["parts"].values():
            array.flags.writeable = False
        picture = (raw["width"], raw["height"], raw["pitch"], raw["pixel_format"])
        return RingFrame(
            raw["number"],
            raw["parts"],
            raw["ages"],
            *picture,
            pads=raw["pads"],
            missed=missed,
            whole_state=raw["whole_state"],
            touches_lost=raw["touches_lost"],
        )

    def _send(self, kind: int, payload: bytes) -> int:
        reader = self._open()
        if len(payload) > reader.most_payload:
            raise HostError(f"a command of {len(payload)} bytes; the emulator takes {reader.most_payload} at once")
        command = reader.send(kind, payload)
        if not command:
            raise HostError("the emulator has not taken the last commands: it may be paused; try again when it runs")
        return command

    def _open(self) -> _codec.RingReader:
        if self._closed:
            raise HostError(f"{self.path}: the host is closed; attach a new one")
        return self._reader


def _text(reader: _codec.RingReader) -> Mapping[str, str]:
    """Read the owner's description: name, NUL, value, NUL …"""
    words = reader.text().tobytes().decode(errors="replace").split("\0")
    return dict(zip(words[0:-1:2], words[1::2], strict=False))
