"""Watching: learn where blocks begin from what a running game is seen reading."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple, Self, final

import numpy as np
from halscope_hooks import (
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

from halscope.app._debugger import DecoderTracing, Seen, filled_line, passage_lines, take_seen
from halscope.app._workspace import Workspace
from halscope.inject import padding_read
from halscope.rom.ranking import TRACED
from halscope.rom.tracing import Passage, Passages, TracedStart, Tracer
from halscope.session import Session

_MOST_READS: Final = 4096  # places whose padding is remembered
_MOST_NAMED: Final = 16  # lines about code that fills buffers
LEARN_EVERY: Final = 1.0
"""Seconds between two updates of the index: each looks all of VRAM up again."""
_GATHERED: Final = 6
"""Snapshots that are looked at together."""
_MOST_AHEAD: Final = 240  # frames that snapshots may be behind; a larger distance is another numbering
_COLOURS_EVERY: Final = 30
"""Frames between two looks at CGRAM for colours that the game has just read: they are awaited for 60."""


def start_tracing(host: Host, workspace: Workspace) -> bool:
    """Ask a host for touches of a game, if it can tell them; return whether it does.

    A debugger is asked to watch the decoders of the game's profile, DMA to VRAM and what writes its buffers: each read
    of a page would cost it a call. Other hosts watch the whole ROM. Call it on the host's thread, and again after each
    change of the ROM. Raises HostError.
    """
    tracing = capability(host, "tracing")
    if tracing is None:
        return False
    if not isinstance(host, DecoderTracing):
        tracing.watch_rom([(0, len(workspace.rom.data))])
        return True
    profile = None if workspace.game is None else workspace.game.match.profile
    decoders = [] if profile is None else [one for one in profile.decoders if one.pointer is not None]
    host.trace(decoders)
    return True


class _Watched(NamedTuple):
    """The game that is watched."""

    workspace: Workspace
    tracer: Tracer
    passages: Passages
    padding_read: Callable[[int], int | None]
    """`padding_read` of the ROM, which remembers: a game reads the same places in most frames."""
    padding: set[int]
    """File offsets that stand for runs of padding that the game has read and that are not stored yet."""
    colours: set[int]
    """File offsets at which it began to read colours, likewise."""


@final
class StartWatch:
    """Learns where blocks begin while a session runs, if its host traces.

    What is traced is stored in the ROM's knowledge and marked in its index within a second; from then on the session
    locates tiles with that index. Where the game reads plain colours that then are in CGRAM is stored likewise.

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
        self._colours_at = 0  # frame of the last look at CGRAM
        self._came: NDArray[np.uint32] = np.empty(0, np.uint32)
        """Families of the index whose tiles were in VRAM, ascending."""
        self._debugger = session.host if isinstance(session.host, DecoderTracing) else None
        self._named: set[int] = set()
        """Addresses of code that was reported."""
        self._news: deque[list[Touched] | Seen | Workspace | None] = deque()
        """What is handled with the next snapshot, on its thread."""
        traces = capability(session.host, "tracing") is not None
        self._tap = None
        if traces:
            self._tap = session.collect(self._see, touches=self._touched, name="starts of blocks", gathered=_GATHERED)
        self._heard = session.subscribe(self._hear, HostChanged, name="starts of blocks") if traces else None

    def follow(self, workspace: Workspace | None) -> None:
        """Watch the game that runs now; `None` if its ROM is unknown."""
        if workspace is not None and self._session.info.rom.sha256 not in (None, workspace.rom.sha256):
            workspace = None  # what another ROM reads proves nothing in this one
        if self._now is None or workspace is not self._now.workspace:
            self._came = np.empty(0, np.uint32)
        self._news.append(workspace)
        self._unasked = workspace

    def ask(self) -> None:
        """Ask the host to trace the game, if it has not been asked since `follow`, and take what it has seen.

        Call it on the host's thread after each frame.
        """
        workspace, self._unasked = self._unasked, None
        runs = self._session.host.info.rom.sha256
        if workspace is not None and runs in (None, workspace.rom.sha256):  # else another ROM was loaded meanwhile
            try:
                start_tracing(self._session.host, workspace)
            except HostGoneError:
                raise
            except HostError as error:  # not fatal: starts are proven by pointers too
                self._report(f"the game is not watched for starts of blocks: {error}")
        if self._debugger is not None and any(seen := take_seen(self._debugger)):
            self._news.append(seen)

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

    @property
    def passages(self) -> tuple[Passage, ...]:
        """How blocks came to VRAM, as far as a debugger has seen it in the game that runs."""
        return () if self._now is None else self._now.passages.found

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
        self._learn(ended=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching, and report what was learnt."""
        self.close()
        for line in (self.summary(), *passage_lines(self.passages)):
            if line is not None:
                self._report(line)

    def _touched(self, touches: Sequence[Touched]) -> None:
        self._news.append(list(touches))

    def _hear(self, event: Event) -> None:
        if isinstance(event, HostChanged) and event.rom_changed:
            self._news.append(None)

    def _see(self, snapshot: Snapshot) -> None:
        self._catch_up(snapshot.frame)
        if self._now is not None:
            self._now.tracer.saw(snapshot)
            if "vram" not in snapshot.ages:
                self._now.passages.saw(snapshot)
            self._name_code()
            self._look_at_colours(snapshot)
            if time.monotonic() - self._learnt_at >= LEARN_EVERY:
                self._learn()

    def _look_at_colours(self, snapshot: Snapshot) -> None:
        """Note where the colours were read that are in CGRAM now, if it is time."""
        assert self._now is not None
        workspace = self._now.workspace
        if abs(snapshot.frame - self._colours_at) < _COLOURS_EVERY or workspace.built_index is None:
            return
        self._colours_at = snapshot.frame
        if workspace.palettes.is_touched and "cgram" not in snapshot.ages:
            self._now.colours.update(workspace.palettes.take_read(snapshot.cgram))

    def _catch_up(self, before: int | None = None) -> None:
        """Handle what has come, but for what was read in the frame `before` or soon after it: its snapshots are looked
        at some together, and what is in memory by the time of a read is what tells."""
        while self._news:
            news = self._news[0]
            if before is not None and isinstance(news, list) and 0 <= news[-1].frame - before < _MOST_AHEAD:
                return
            self._news.popleft()
            if isinstance(news, list):
                if self._now is not None:
                    self._take(self._now, news)
            elif isinstance(news, Seen):
                if self._now is not None:
                    news.join(self._now.passages)
            elif self._now is None or news is not self._now.workspace:
                self._learn(ended=True)
                self._learnt, self._named = 0, set()
                if news is None:
                    self._now = None
                else:
                    codecs = news.codecs()
                    reads = lru_cache(_MOST_READS)(partial(padding_read, news.rom))
                    tracer, passages = Tracer(news.rom, codecs), Passages(news.rom, codecs)
                    self._now = _Watched(news, tracer, passages, reads, set(), set())

    def _take(self, now: _Watched, touches: list[Touched]) -> None:
        """Handle what the game was seen reading in a frame."""
        now.tracer.touched(touches)
        for touch in touches:
            now.workspace.palettes.touched(touch)
            if (place := now.padding_read(touch.rom_offset)) is not None:
                now.padding.add(place)

    def _learn(self, *, ended: bool = False) -> None:
        """Store what was traced since the last call, and locate tiles with it.

        How blocks came to VRAM is stored when it has `ended`: a buffer is seen piece by piece.
        """
        if self._now is None:
            return
        workspace, tracer, joined, _, padding, colours = self._now
        fresh = tracer.traced[self._learnt :]
        passages = joined.found if ended else ()
        if not (fresh or passages or padding or colours):
            return
        self._learnt += len(fresh)
        self._learnt_at = time.monotonic()
        try:
            if padding:
                workspace.learn_reads(padding, store=self._stores)
                padding.clear()
            if colours:
                workspace.learn_colour_reads(colours, store=self._stores)
                colours.clear()
            if fresh or passages:
                workspace.learn_starts(fresh, passages, store=self._stores)
        except HalscopeError as error:  # not fatal: this session has learnt it
            self._stores = False
            self._report(f"the starts of blocks that were traced are not saved: {error}")
        index, runs = workspace.built_index, self._session.info.rom.sha256
        if fresh and index is not None and runs in (None, workspace.rom.sha256):
            self._session.set_locate(workspace.tracker())

    def _name_code(self) -> None:
        """Report code that fills a buffer of DMA, once each: where no decoder is known, it leads to one."""
        if self._now is None:
            return
        for one in self._now.passages.filled:
            if one.writer not in self._named and len(self._named) < _MOST_NAMED:
                self._named.add(one.writer)
                self._report(filled_line(one))
