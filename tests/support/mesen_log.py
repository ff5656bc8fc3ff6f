"""Replays what Mesen's callbacks told of the demo ROM: `tests/hosts/mesen2/log`, recorded in its core."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from halscope.demo import truth
from halscope_hooks import Snapshot, Write
from support.mesen import StandIn
from support.mesen_demo import SYMBOLS, variable

LOG: Final = Path(__file__).parents[1] / "hosts/mesen2/log/demo.txt"
DECODER: Final[int] = truth()["decoder"]["snes_address"]
STREAM: Final = 0x1C  # offset in the direct page of the 24-bit address that the decoder is given
_SHOWN_FRAMES: Final = 45  # of each scene, as in record.lua
_VARIABLES: Final = ("load_count", "scene", "scene_frame", "ready")


class Call(NamedTuple):
    """A call of the decoder.

    Args:
        caller: 24-bit address of the JSL.
        stream: 24-bit address of the stream.
    """

    caller: int
    stream: int


class LoggedFrame(NamedTuple):
    """A frame of the log.

    Args:
        moment: load_count, scene, scene_frame and ready at its end.
        events: What happened in it: (address, value, the channels' registers by their number), or a call.
    """

    moment: tuple[int, ...]
    events: tuple[tuple[int, int, dict[int, bytes]] | Call, ...]


def read_log(path: Path = LOG) -> list[LoggedFrame]:
    """Return the frames of a log."""
    frames = []
    for line in path.read_text("ascii").splitlines():
        if line.startswith("#"):
            continue
        words = line.split()
        frames.append(LoggedFrame(tuple(map(int, words[:4])), tuple(map(_event, words[4:]))))
    return frames


def _event(word: str) -> tuple[int, int, dict[int, bytes]] | Call:
    name, _, rest = word.partition("=")
    value, *more = rest.split(":")
    if name == "call":
        stack, stream = bytes.fromhex(value), bytes.fromhex(more[0])
        # JSL pushes the address of its last byte; it is four bytes long.
        return Call(int.from_bytes(stack, "little") - 3, int.from_bytes(stream, "little"))
    channels = {int(one[0]): bytes.fromhex(one[1:]) for one in more}
    return int(name, 16), int(value, 16), channels


class Replay:
    """Fires the log's events in the frames that they belong to, while a core runs the demo through its scenes.

    The core's frames are matched by the game's own variables: loading a scene takes each core another number of frames.
    """

    def __init__(self, emulator: StandIn) -> None:
        self.emulator = emulator
        self.frames = read_log()
        self.fired = 0
        """Events that were fired."""
        self.calls: list[Call] = []
        """The decoder's calls that were fired."""
        self._next = 0
        self._shown = 0
        self._scene = 0

    @property
    def ended(self) -> bool:
        """Whether all of the log was fired."""
        return self._next >= len(self.frames)

    def run_frame(self) -> Snapshot:
        """Run a frame with its events; return the core's state."""
        core = self.emulator.run_frame(self._fire)
        if variable(core, "ready") == 1 and variable(core, "scene") == self._scene:
            self._shown += 1
            if self._shown == _SHOWN_FRAMES:
                self._shown, self._scene = 0, self._scene + 1
                self.emulator.host.write([Write("wram", SYMBOLS["next_scene"], bytes([self._scene]))])
        return core

    def _fire(self) -> None:
        core = self.emulator.snapshot
        moment = tuple(variable(core, name) for name in _VARIABLES)
        for place in range(self._next, len(self.frames)):
            if self.frames[place].moment == moment:
                for frame in self.frames[self._next : place + 1]:
                    for event in frame.events:
                        self._fire_event(event)
                self._next = place + 1
                return

    def _fire_event(self, event: tuple[int, int, dict[int, bytes]] | Call) -> None:
        self.fired += 1
        if isinstance(event, Call):
            self.calls.append(event)
            back = (event.caller + 3).to_bytes(3, "little")
            stream = event.stream.to_bytes(3, "little")
            self.emulator.execute(DECODER, stack=back, direct={STREAM: stream})
            self.emulator.read_rom(event.stream)
            return
        address, value, channels = event
        for channel, registers in channels.items():
            self.emulator.dma[channel * 16 : channel * 16 + len(registers)] = list(registers)
        self.emulator.write_register(address, value)
