"""An inline session: one host, driven frame by frame on the caller's thread, deterministic.

Live hosts, recordings and tests all go through `Session.feed`, so what is shown live is what a test sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from halscope_hooks import Frame, Host, HostError, Patch, Snapshot, VramOrigins
from numpy.typing import NDArray

from halscope.ppu import decode_frame

Locate = Callable[[NDArray[np.uint8]], VramOrigins]


class Dispatch(Protocol):
    """Calls the hook of this name on every plugin; a failing plugin is reported and does not stop the others."""

    def __call__(self, hook: str, /, **arguments: Any) -> None:
        """Call `hook` with these arguments."""


def _no_plugins(_hook: str, /, **_arguments: Any) -> None:
    pass


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What one snapshot gave: its decoded frame, and the origins of its tiles where a ROM index is at hand."""

    frame: Frame
    origins: VramOrigins | None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that this was made from."""
        return self.frame.snapshot


class Session:
    """A host with everything that looks at it.

    Args:
        host: The emulator or recording; the session closes it.
        locate: Finds the origins of a VRAM (uint8[65536]), or `None` where the ROM is not known.
        dispatch: Calls hooks; by default there are no plugins.
    """

    def __init__(self, host: Host, *, locate: Locate | None = None, dispatch: Dispatch = _no_plugins) -> None:
        self._host = host
        self._locate = locate
        self._dispatch = dispatch
        self._open = True
        dispatch("halscope_attached", host=host.info)

    @property
    def host(self) -> Host:
        """The host that was attached."""
        return self._host

    def step(self) -> Update | None:
        """Run the host to its next frame and decode it; `None` at the end of a recording.

        Raises:
            HostError: The session is closed, or the emulator failed.
        """
        snapshot = self.advance()
        return None if snapshot is None else self.feed(snapshot)

    def advance(self, frames: int = 1) -> Snapshot | None:
        """Run the host by `frames` frames without decoding them; recorders still see each. Returns the last one.

        Raises:
            HostError: The session is closed, or the emulator failed.
        """
        if not self._open:
            raise HostError("the session is closed; open a new one on the host")
        snapshot = None
        for _ in range(frames):
            snapshot = self._host.step()
            if snapshot is None:
                return None
            self._dispatch("halscope_snapshot", snapshot=snapshot)
        return snapshot

    def feed(self, snapshot: Snapshot) -> Update:
        """Decode a snapshot and look up where its tiles come from."""
        frame = decode_frame(snapshot)
        self._dispatch("halscope_frame_decoded", frame=frame)
        origins = None if self._locate is None else self._locate(snapshot.vram)
        if origins is not None:
            self._dispatch("halscope_origins_found", frame=frame, origins=origins)
        return Update(frame, origins)

    def apply(self, patch: Patch) -> None:
        """Write a patch into the running game: its ROM and every live copy, so that the change lasts.

        Raises:
            HostError: The host cannot write there; nothing was written.
        """
        self._host.write((*patch.rom, *patch.live))
        self._dispatch("halscope_patch_ready", patch=patch)

    def close(self, reason: str = "closed") -> None:
        """Tell the plugins that the host goes, and close it. Idempotent."""
        if not self._open:
            return
        self._open = False
        try:
            self._dispatch("halscope_detached", host=self._host.info, reason=reason)
        finally:
            self._host.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close("closed" if kind is None else f"{kind.__name__}: {error}")
