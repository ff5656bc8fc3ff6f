"""Starts of blocks that the game was seen reading, in an emulator that can be asked what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol, overload, runtime_checkable

import numpy as np
from halscope_hooks import Decoder, Event, Host, HostChanged, Origin, Touched, VramOrigins
from numpy.typing import NDArray

from halscope.app._workspace import Workspace
from halscope.session import Locate, Session


@runtime_checkable
class DecoderTracing(Protocol):
    """A tracing host that can watch the game's decoders: each call is a touch of the stream's first byte."""

    def trace(self, decoders: Sequence[Decoder], *, transfers: bool = True) -> None:
        """Watch these decoders, and with `transfers` the DMA to VRAM. Raises HostError."""


class TracedStarts:
    """Promotes origins whose block begins where the game was seen reading.

    Dozens of starts can yield the same tiles; the one that the game has read, and whose tiles are now in VRAM, is where
    the block begins.

    Args:
        session: Its touches are collected, on the host's thread, as long as this object is kept.
    """

    def __init__(self, session: Session) -> None:
        self._touched: frozenset[int] = frozenset()  # replaced as a whole: other threads look up origins
        self._heard: Final = session.subscribe(self._hear, Touched, HostChanged, name="traced starts")

    def wrap(self, locate: Locate) -> Locate:
        """Return a `locate` function whose origins start `traced` where that was seen, those origins first."""

        def traced(vram: NDArray[np.uint8]) -> VramOrigins:
            found = locate(vram)
            touched = self._touched
            return replace(found, origins=_Promoted(found.origins, touched)) if touched else found

        return traced

    def close(self) -> None:
        """Stop collecting touches."""
        self._heard.close()

    def _hear(self, event: Event) -> None:
        if isinstance(event, Touched) and event.codec:  # the first read of a page may be in the middle of a block
            self._touched |= {event.rom_offset}
        elif isinstance(event, HostChanged) and event.rom_changed:
            self._touched = frozenset()


class _Promoted(Sequence[tuple[Origin, ...]]):
    """Origins of VRAM, promoted when they are looked at."""

    def __init__(self, origins: Sequence[tuple[Origin, ...]], touched: frozenset[int]) -> None:
        self._origins, self._touched = origins, touched

    def __len__(self) -> int:
        return len(self._origins)

    @overload
    def __getitem__(self, place: int) -> tuple[Origin, ...]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[Origin, ...]]: ...
    def __getitem__(self, place: int | slice) -> tuple[Origin, ...] | list[tuple[Origin, ...]]:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        found = self._origins[place]
        if not any(origin.block_offset in self._touched for origin in found):
            return found
        marked = [replace(one, start="traced") if one.block_offset in self._touched else one for one in found]
        return tuple(sorted(marked, key=lambda origin: origin.start != "traced"))


def watch_decoders(host: Host, workspace: Workspace) -> bool:
    """Ask a host to watch the decoders of the game's profile, if it can; return whether it does.

    Call it on the host's thread. Raises HostError.
    """
    if workspace.game is None or not isinstance(host, DecoderTracing):
        return False
    decoders = [one for one in workspace.game.match.profile.decoders if one.pointer is not None]
    if decoders:
        host.trace(decoders, transfers=False)
    return bool(decoders)
