"""The feed of a session: the host's snapshots for the taps, what it has read, and changes of its info."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from operator import call
from typing import cast, final

from halscope_hooks import Driven, Host, HostError, Pushing, Snapshot, Touched, Tracing

from halscope._output import third_party_code
from halscope.session._decoding import LiveLane
from halscope.session._host import HostLink
from halscope.session._hub import Hub
from halscope.session._tap_list import Taps


@final
class HostFeed:
    """Asks the host for snapshots on its thread. What an interrupt cuts off is made up for by the next call.

    Args:
        link: The host.
        hub: Receives changes of the host and its touches.
        taps: Receives every snapshot.
        live: Is told which ROM runs.
        complete: Completes a snapshot; it may be called again with the same one.
    """

    def __init__(
        self, link: HostLink, hub: Hub, taps: Taps, live: LiveLane, complete: Callable[[Snapshot], Snapshot]
    ) -> None:
        self._link, self._hub, self._taps, self._live, self._complete = link, hub, taps, live, complete
        self.ended = False
        """Whether the host has no more snapshots: the recording has ended, or the emulator is gone."""
        self.handed_in = 0.0
        """Seconds taken to offer the last snapshot to the taps."""
        self._made: deque[tuple[Snapshot | None]] = deque()  # snapshots of the host, not yet offered to the taps
        self._touched: deque[Sequence[Touched]] = deque()  # what the host was seen reading, not yet posted

    def notice_changes(self) -> None:
        """Notify subscribers if the host's info has changed. Each step may be repeated after an interrupt."""
        while (news := self._link.news()) is not None:
            event, era = news
            self._live.turn(era.rom)  # origins in the ROM that ran before would be false
            self._hub.turn(event, era)
            self._link.told(news)

    def ask(self, host: Host, wait: float) -> Snapshot | None:
        """Get the next snapshot, and offer it to the taps.

        Args:
            host: The host.
            wait: Seconds to wait for a pushing host.

        Returns:
            `None` at the end of a recording, which sets `ended`, or if a pushing host sent nothing.

        Raises:
            HostGoneError: The emulator is gone.
            HostError: The emulator failed, or the host is neither driven nor pushing.
        """
        able = self._link.able
        if "driven" in able:
            ask: Callable[[], Snapshot | None] = cast("Driven", host).step
        elif "pushing" in able:
            ask = partial(cast("Pushing", host).poll, wait)
        else:
            raise HostError(
                f"{self._link.info.name}: the host is neither driven nor pushing, so it cannot be stepped or polled; "
                "pass its snapshots to submit()"
            )
        self._hand_in()  # a snapshot that an interrupt has withheld from the taps
        with third_party_code():
            self._made.extend(zip(map(call, (ask,)), strict=True))  # calling and storing in one step in C
        snapshot = self._made[-1][0]
        self.notice_changes()  # it may be the first snapshot of another ROM
        began = time.perf_counter()
        self._hand_in()
        self.handed_in = time.perf_counter() - began
        self.ended = snapshot is None and "driven" in able
        if "tracing" in able:
            # Calling and storing, then forgetting and posting: steps in C, so no touch is lost or posted twice.
            self._touched.extend(map(call, (cast("Tracing", host).take_touches,)))
            while self._touched:
                self._taps.offer_touches(self._touched[0])
                self._hub.post_each(zip(map(deque.popleft, (self._touched,)), (None,), strict=True))
        return None if snapshot is None else self._complete(snapshot)

    def _hand_in(self) -> None:
        """Offer the host's snapshots to the taps."""
        while self._made:
            ticket = self._made[0]
            snapshot = ticket[0]
            if snapshot is not None:
                self._taps.offer(self._complete(snapshot), ticket)
            if self._made and self._made[0] is ticket:  # else a tap has stepped the host itself
                self._made.popleft()
