"""Hosts: what every emulator adapter has, and a small Protocol for each thing that only some of them can do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, final, get_args, overload, runtime_checkable

from halscope_hooks._errors import HostError
from halscope_hooks._patch import MemorySpace, Write

if TYPE_CHECKING:
    from halscope_hooks._events import Touched
    from halscope_hooks._snapshot import Snapshot

Capability = Literal["driven", "pushing", "paced", "playable", "stateful", "overlay", "tracing"]
"""What a host can do besides being read and written; each names the Protocol of the same name."""

CAPABILITIES: Final[tuple[Capability, ...]] = get_args(Capability)


@dataclass(frozen=True, slots=True, kw_only=True)
class RomIdentity:
    """What a host knows of the game that runs; hashes are of the headerless image, in lower-case hex."""

    path: str | None = None
    sha1: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class HostInfo:
    """What a host is and can do. It may change while the host is attached, for example when another ROM is loaded.

    Args:
        name: The adapter ("libretro", "recording").
        emulator: What runs behind it, with its version.
        readable: Memories and other parts that its snapshots hold ("vram", "ppu", "picture" …).
        writable: Memories that `write` takes.
        rom: The running ROM, as far as the host knows it.
        capabilities: The Protocols that the host implements. Empty: those whose methods it has, see `capabilities_of`.
    """

    name: str
    emulator: str
    readable: frozenset[str] = field(default_factory=frozenset)
    writable: frozenset[MemorySpace] = field(default_factory=frozenset)
    rom: RomIdentity = field(default_factory=RomIdentity)
    capabilities: frozenset[Capability] = field(default_factory=frozenset)


@final
class WriteReceipt:
    """What became of a write. A host in this process completes it before it returns; a remote emulator answers later.

    The host calls `complete` once, on the thread that calls the host.

    Args:
        done: Whether the bytes are written already.
    """

    __slots__ = ("_done", "_error")

    def __init__(self, *, done: bool = False) -> None:
        self._done = done
        self._error: HostError | None = None

    @property
    def done(self) -> bool:
        """Whether the emulator has answered."""
        return self._done

    @property
    def error(self) -> HostError | None:
        """Why nothing was written; `None` where it was, or where the emulator has not answered yet."""
        return self._error

    def complete(self, error: HostError | None = None) -> None:
        """The emulator has answered. Without effect after the first call."""
        if not self._done:
            self._error, self._done = error, True

    def __repr__(self) -> str:
        state = "waiting" if not self._done else "written" if self._error is None else f"failed: {self._error}"
        return f"<WriteReceipt {state}>"


@runtime_checkable
class Host(Protocol):
    """An emulator (or a recording of one) that Halscope drives or listens to. One thread calls it.

    It also implements `Driven` or `Pushing`, and those of the other Protocols that `info.capabilities` names.
    """

    @property
    def info(self) -> HostInfo:
        """What this host is and can do; another value once that changed. Cheap: it is asked every frame."""

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Write into the running game so that the picture changes; all or nothing.

        Raises HostError: a memory is not writable here, an offset is outside it, or expected bytes are not there.
        """

    def close(self) -> None:
        """Let go of the emulator. Idempotent."""


@runtime_checkable
class Driven(Protocol):
    """A host that runs a frame when it is told to."""

    def step(self) -> Snapshot | None:
        """Run to the next frame and return its state; `None` when there are no more frames (a recording's end).

        Raises HostError.
        """


@runtime_checkable
class Pushing(Protocol):
    """A host whose emulator runs by itself and sends its frames."""

    def poll(self, timeout: float) -> Snapshot | None:
        """Return the next snapshot, `None` where none came within `timeout` seconds (the emulator may be paused).

        It also handles whatever else the emulator has sent, such as answers to writes.

        Raises HostGoneError once the emulator has gone.
        """


@runtime_checkable
class Paced(Protocol):
    """A host whose emulator can be stopped and stepped by a person."""

    def pause(self) -> None:
        """Stop the emulator after the current frame. Idempotent. Raises HostError."""

    def resume(self) -> None:
        """Let it run. Idempotent. Raises HostError."""

    def step_frame(self) -> None:
        """Run one frame while paused. Raises HostError."""

    def set_speed(self, factor: float) -> None:
        """Run at this multiple of the console's speed; 0: as fast as it can. Raises HostError."""


@runtime_checkable
class Playable(Protocol):
    """A host that takes buttons."""

    def press(self, buttons: Collection[str], port: int = 0) -> None:
        """Hold exactly these buttons of the pad in `port` from the next frame on; an empty set releases all.

        Names: b y select start up down left right a x l r. Raises HostError for another name or port.
        """


@runtime_checkable
class Stateful(Protocol):
    """A host that saves and restores the whole console."""

    def save_state(self) -> bytes:
        """Return the console's state, for `load_state` on the same emulator and ROM. Raises HostError."""

    def load_state(self, state: bytes) -> None:
        """Restore a state that `save_state` returned. Raises HostError."""

    def reset(self) -> None:
        """Press the console's reset button. Raises HostError."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A rectangle on the emulator's own screen.

    Args:
        x: Left edge, pixels of the SNES picture (0 to 255).
        y: Top edge, lines of the picture.
        width: Pixels.
        height: Lines.
        colour: 0xRRGGBB.
        label: Text beside it, or empty.
    """

    x: int
    y: int
    width: int
    height: int
    colour: int = 0xFFFFFF
    label: str = ""


@runtime_checkable
class Overlay(Protocol):
    """A host that draws on the emulator's own screen."""

    def draw_outlines(self, outlines: Sequence[Outline]) -> None:
        """Show exactly these outlines from the next frame on; an empty sequence removes them. Raises HostError."""

    def show_message(self, text: str) -> None:
        """Show a line of text for a few seconds. Raises HostError."""


@runtime_checkable
class Tracing(Protocol):
    """A host that sees the game read its ROM."""

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Watch for reads of these ranges of file offsets (end excluded) and no others. Raises HostError."""

    def take_touches(self) -> Sequence[Touched]:
        """Return the reads that were seen since the last call, oldest first. Raises HostError."""


_PROTOCOLS: Final[dict[Capability, type]] = {
    "driven": Driven,
    "pushing": Pushing,
    "paced": Paced,
    "playable": Playable,
    "stateful": Stateful,
    "overlay": Overlay,
    "tracing": Tracing,
}


def capabilities_of(host: object) -> frozenset[Capability]:
    """The capabilities whose methods an object has.

    A host that can do less than its methods promise (a core without savestates) names what it can do in
    `HostInfo.capabilities`.
    """
    return frozenset(name for name, protocol in _PROTOCOLS.items() if isinstance(host, protocol))


@overload
def capability(host: Host, name: Literal["driven"]) -> Driven | None: ...
@overload
def capability(host: Host, name: Literal["pushing"]) -> Pushing | None: ...
@overload
def capability(host: Host, name: Literal["paced"]) -> Paced | None: ...
@overload
def capability(host: Host, name: Literal["playable"]) -> Playable | None: ...
@overload
def capability(host: Host, name: Literal["stateful"]) -> Stateful | None: ...
@overload
def capability(host: Host, name: Literal["overlay"]) -> Overlay | None: ...
@overload
def capability(host: Host, name: Literal["tracing"]) -> Tracing | None: ...
def capability(host: Host, name: Capability) -> object | None:
    """Return the host as what it can do, or `None` where it cannot."""
    return host if name in (host.info.capabilities or capabilities_of(host)) else None
