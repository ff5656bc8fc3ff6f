"""Hosts: the interface that every emulator adapter implements, and one small Protocol per optional capability."""

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
"""An optional host capability. Each value names the Protocol of the same name."""

CAPABILITIES: Final[tuple[Capability, ...]] = get_args(Capability)


@dataclass(frozen=True, slots=True, kw_only=True)
class RomIdentity:
    """What a host knows about the running ROM. Hashes are of the headerless image, in lower-case hex."""

    path: str | None = None
    sha1: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class HostInfo:
    """Description of a host. It may change while the host is attached, for example when another ROM is loaded.

    Args:
        name: Name of the adapter ("libretro", "recording").
        emulator: Name and version of the emulator behind it.
        readable: Memories and other parts that its snapshots contain ("vram", "ppu", "picture" …).
        writable: Memories that `write` accepts.
        rom: The running ROM, as far as the host can identify it.
        capabilities: The Protocols that the host implements. If empty, they are derived from the host's methods; see
            `capabilities_of`.
    """

    name: str
    emulator: str
    readable: frozenset[str] = field(default_factory=frozenset)
    writable: frozenset[MemorySpace] = field(default_factory=frozenset)
    rom: RomIdentity = field(default_factory=RomIdentity)
    capabilities: frozenset[Capability] = field(default_factory=frozenset)


@final
class WriteReceipt:
    """The outcome of a write.

    An in-process host returns a completed receipt. For a remote emulator, the receipt completes when it answers: the
    host then calls `complete` once, on the thread that calls the host. It completes with an error when the emulator
    goes before it has answered, or the host is closed.

    Args:
        done: Whether the bytes have already been written.
    """

    __slots__ = ("_done", "_error")

    def __init__(self, *, done: bool = False) -> None:
        self._done = done
        self._error: HostError | None = None

    @property
    def done(self) -> bool:
        """Whether the write has completed, successfully or not."""
        return self._done

    @property
    def error(self) -> HostError | None:
        """Why the write failed; `None` if it succeeded or has not completed yet."""
        return self._error

    def complete(self, error: HostError | None = None) -> None:
        """Complete the write, with `error` if it failed. Only the first call has an effect."""
        if not self._done:
            self._error, self._done = error, True

    def __repr__(self) -> str:
        state = "waiting" if not self._done else "written" if self._error is None else f"failed: {self._error}"
        return f"<WriteReceipt {state}>"


@runtime_checkable
class Host(Protocol):
    """An emulator (or a recording of one) that Halscope drives or listens to. Only one thread calls it.

    A host also implements `Driven` or `Pushing`, plus any other Protocol that `info.capabilities` names.
    """

    @property
    def info(self) -> HostInfo:
        """The host's current description; a new value after a change. Must be cheap: it is read every frame."""

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Write to the running game's memory or ROM so that the picture changes. Either all writes happen or none do.

        Raises HostError if a memory is not writable, an offset is out of range, or the expected bytes do not match.
        """

    def close(self) -> None:
        """Release the emulator. Idempotent."""


@runtime_checkable
class Driven(Protocol):
    """A host that runs one frame per call."""

    def step(self) -> Snapshot | None:
        """Run to the next frame and return its state, or `None` if there are no more frames (end of a recording).

        Raises HostError.
        """


@runtime_checkable
class Pushing(Protocol):
    """A host whose emulator runs on its own and sends frames."""

    def poll(self, timeout: float) -> Snapshot | None:
        """Return the next snapshot, or `None` if none arrives within `timeout` seconds (the emulator may be paused).

        Also processes any other pending messages from the emulator, such as replies to writes.

        Raises HostGoneError once the emulator has exited or disconnected.
        """


@runtime_checkable
class Paced(Protocol):
    """A host whose emulator can be paused and single-stepped."""

    def pause(self) -> None:
        """Stop the emulator after the current frame. Idempotent. Raises HostError."""

    def resume(self) -> None:
        """Resume the emulator. Idempotent. Raises HostError."""

    def step_frame(self) -> None:
        """Run one frame while paused. Raises HostError."""

    def set_speed(self, factor: float) -> None:
        """Run at this multiple of the console's speed; 0 means as fast as possible. Raises HostError."""


@runtime_checkable
class Playable(Protocol):
    """A host that accepts controller input."""

    def press(self, buttons: Collection[str], port: int = 0) -> None:
        """Hold exactly these buttons on the pad in `port`, starting with the next frame; an empty set releases all.

        Names: b y select start up down left right a x l r. Raises HostError for any other name or an invalid port.
        """


@runtime_checkable
class Stateful(Protocol):
    """A host that can save and restore the full console state."""

    def save_state(self) -> bytes:
        """Return the console's state; `load_state` accepts it on the same emulator and ROM. Raises HostError."""

    def load_state(self, state: bytes) -> None:
        """Restore a state returned by `save_state`. Raises HostError."""

    def reset(self) -> None:
        """Press the console's reset button. Raises HostError."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A rectangle drawn on the emulator's own screen.

    Args:
        x: Left edge in SNES pixels, 0 to 255.
        y: Top edge in lines.
        width: Width in pixels.
        height: Height in lines.
        colour: 0xRRGGBB.
        label: Text next to the rectangle, or an empty string.
    """

    x: int
    y: int
    width: int
    height: int
    colour: int = 0xFFFFFF
    label: str = ""


@runtime_checkable
class Overlay(Protocol):
    """A host that can draw on the emulator's own screen."""

    def draw_outlines(self, outlines: Sequence[Outline]) -> None:
        """Show exactly these outlines from the next frame on; an empty sequence clears them. Raises HostError."""

    def show_message(self, text: str) -> None:
        """Show a line of text for a few seconds. Raises HostError."""


@runtime_checkable
class Tracing(Protocol):
    """A host that can observe the game's ROM reads."""

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Watch reads of exactly these file offset ranges (end exclusive), replacing earlier ones. Raises HostError."""

    def take_touches(self) -> Sequence[Touched]:
        """Return the reads observed since the last call, oldest first. Raises HostError."""


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
    """Return the capabilities whose Protocols an object implements.

    A host that cannot support every method it has (a core without savestates, for example) must list its actual
    capabilities in `HostInfo.capabilities`.
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
    """Return the host typed as one of its capabilities, or `None` if it does not have that capability."""
    return host if name in (host.info.capabilities or capabilities_of(host)) else None
