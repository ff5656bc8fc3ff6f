"""Watching: learn where blocks begin from what a running game is seen reading."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, Self, final, runtime_checkable

import numpy as np
from halscope_hooks import (
    Decoder,
    Event,
    HalscopeError,
    Host,
    HostChanged,
    HostError,
    HostGoneError,
    Snapshot,
    Touched,
    Update,
    capability,
)
from numpy.typing import NDArray

from halscope.app._workspace import Workspace
from halscope.rom.ranking import TRACED
from halscope.rom.tracing import TracedStart, Tracer
from halscope.rom.vram_tracker import VramTracker
from halscope.session import Session

LEARN_EVERY: Final = 1.0
"""Seconds between two updates of the index: each looks all of VRAM up again."""


@runtime_checkable
class DecoderTracing(Protocol):
    """A tracing host that can watch the game's decoders: each call is a touch of the stream's first byte."""

    def trace(self, decoders: Sequence[Decoder], *, transfers: bool = True) -> None:
        """Watch these decoders, and with `transfers` the DMA to VRAM. Raises HostError."""


def start_tracing(host: Host, workspace: Workspace) -> bool:
    """Ask a host for touches of a game, if it can tell them; return whether it does.

    A debugger is asked to watch the decoders of the game's profile: each read of a page would cost it a call. Other
    hosts watch the whole ROM. Call it on the host's thread, and again after each change of the ROM. Raises HostError.
    """
    tracing = capability(host, "tracing")
    if tracing is None:
        return False
    if not isinstance(host, DecoderTracing):
        tracing.watch_rom([(0, len(workspace.rom.data))])
        return True
    profile = None if workspace.game is None else workspace.game.match.profile
    decoders = [] if profile is None else [one for one in profile.decoders if one.pointer is not None]
    if decoders:
        host.trace(decoders, transfers=False)
    return bool(decoders)


class _Watched(NamedTuple):
    """The game that is watched."""

    workspace: Workspace
    tracer: Tracer


@final
class StartWatch:
    """Learns where blocks begin while a session runs, if its host traces.

    What is traced is stored in the ROM's knowledge and marked in its index within a second; from then on the session
    locates tiles with that index.

    Args:
        session: Its snapshots and touches are watched until `close`.
        report: Called with lines of text: what was learnt, at the end of a `with` statement; why it cannot be stored.
    """

    def __init__(self, session: Session, report: Callable[[str], None]) -> None:
        self._session = session
        self._report = report
        self._now: _Watched | None = None
        self._unasked: Workspace | None = None
        self._learnt = 0  # of the tracer's starts
        self._learnt_at = 0.0
        self._stores = True
        self._came: NDArray[np.uint32] = np.empty(0, np.uint32)
        """Families of the index whose tiles were in VRAM, ascending."""
        self._news: deque[Touched | Workspace | None] = deque()  # handled with the next snapshot, on its thread
        traces = capability(session.host, "tracing") is not None
        self._heard = session.subscribe(self._hear, Touched, HostChanged, name="touches") if traces else None
        self._tap = session.collect(self._see, name="starts of blocks") if traces else None

    def follow(self, workspace: Workspace | None) -> None:
        """Watch the game that runs now; `None` if its ROM is unknown."""
        if workspace is not None and self._session.info.rom.sha256 not in (None, workspace.rom.sha256):
            workspace = None  # what another ROM reads proves nothing in this one
        if self._now is None or workspace is not self._now.workspace:
            self._came = np.empty(0, np.uint32)
        self._news.append(workspace)
        self._unasked = workspace

    def ask(self) -> None:
        """Ask the host to trace the game, if it has not been asked since `follow`. Call it on the host's thread."""
        workspace, self._unasked = self._unasked, None
        runs = self._session.host.info.rom.sha256
        if workspace is not None and runs in (None, workspace.rom.sha256):  # else another ROM was loaded meanwhile
            try:
                start_tracing(self._session.host, workspace)
            except HostGoneError:
                raise
            except HostError as error:  # not fatal: starts are proven by pointers too
                self._report(f"the game is not watched for starts of blocks: {error}")

    def look(self, update: Update) -> None:
        """Note which blocks the tiles of a frame come from."""
        index = None if self._now is None else self._now.workspace.built_index
        if update.origins is not None and index is not None:
            came = np.concatenate((self._came, index.shown_families(update.origins)))
            self._came = np.flatnonzero(np.bincount(came)).astype(np.uint32)

    @property
    def traced(self) -> tuple[TracedStart, ...]:
        """What was traced so far in the game that runs."""
        return () if self._now is None else self._now.tracer.traced

    def summary(self) -> str | None:
        """Return a line about what was learnt; `None` if the host told nothing."""
        if self._now is None or self._now.tracer.touches == 0:
            return None
        traced = f"watched: {len(self.traced)} starts of blocks were traced"
        index = self._now.workspace.built_index
        if index is None:
            return traced
        best = index.best_starts
        came = np.zeros(int(max(best["family"].max(initial=0), self._came.max(initial=0))) + 1, np.bool_)
        came[self._came] = True
        by = came[best["family"]]
        proven = int((by & (best["start"] == TRACED)).sum())
        return f"{traced}; tiles of {int(by.sum())} compressed blocks came by, {proven} of them with a traced start"

    def close(self) -> None:
        """Stop watching, and learn the rest. Idempotent."""
        if self._heard is not None:
            self._heard.close()
        if self._tap is not None:
            self._tap.close()
        self._catch_up()
        self._learn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching, and report what was learnt."""
        self.close()
        if (learnt := self.summary()) is not None:
            self._report(learnt)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Touched):
            self._news.append(event)
        elif isinstance(event, HostChanged) and event.rom_changed:
            self._news.append(None)

    def _see(self, snapshot: Snapshot) -> None:
        self._catch_up()
        if self._now is not None:
            self._now.tracer.saw(snapshot)
            if time.monotonic() - self._learnt_at >= LEARN_EVERY:
                self._learn()

    def _catch_up(self) -> None:
        """Handle what has come since the last snapshot."""
        while self._news:
            news = self._news.popleft()
            if isinstance(news, Touched):
                if self._now is not None:
                    self._now.tracer.touched((news,))
            elif self._now is None or news is not self._now.workspace:
                self._learn()
                self._learnt = 0
                self._now = None if news is None else _Watched(news, Tracer(news.rom, news.codecs()))

    def _learn(self) -> None:
        """Store what was traced since the last call, and locate tiles with it."""
        if self._now is None or len(self._now.tracer.traced) == self._learnt:
            return
        workspace, tracer = self._now
        fresh = tracer.traced[self._learnt :]
        self._learnt += len(fresh)
        try:
            workspace.learn_starts(fresh, store=self._stores)
        except HalscopeError as error:  # not fatal: this session has learnt it
            self._stores = False
            self._report(f"the starts of blocks that were traced are not saved: {error}")
        index, runs = workspace.built_index, self._session.info.rom.sha256
        if index is not None and runs in (None, workspace.rom.sha256):
            self._session.set_locate(VramTracker(index).update)
        self._learnt_at = time.monotonic()
