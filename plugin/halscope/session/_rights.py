"""Rights: exclusive access (to decode, pump, deliver, start, stop) that an interrupt cannot leak.

A right belongs to the frame of the call that claimed it. The end of the `with` block releases it. It is also free once
that call has ended in any other way: by an exception before the block was entered or on the line that releases the
right, or with its thread. Claiming a right therefore checks whether the holder's frame is still running.

A right refers to its claim weakly: a frame keeps its callers' frames, and all that these refer to, for as long as it is
kept. Where an interrupt cut the release short, the right would keep a session that everybody else has dropped.
"""

from __future__ import annotations

import sys
import threading
import time
import weakref
from types import FrameType
from typing import final

from halscope.session._cells import Bell
from halscope.session._locks import Rank, about_to_take


@final
class Claim:
    """A claim of a right: a context manager that returns whether the right was obtained. See `Right.claim`."""

    __slots__ = ("__weakref__", "_frame", "_right", "_timeout", "reference", "thread")

    def __init__(self, right: Right, timeout: float, frame: FrameType | None) -> None:
        self._right = right
        self._timeout = timeout
        self._frame = frame
        self.thread = threading.get_ident()
        self.reference = weakref.ref(self)
        """What the right keeps; the `with` statement keeps the claim."""

    @property
    def stands(self) -> bool:
        """Whether the call that made the claim is still running."""
        frame = self._frame
        if frame is None:
            return False
        try:
            frame.clear()  # the locals of a call that has ended are not needed any more
        except RuntimeError:  # "cannot clear an executing frame"
            return True
        return False

    def __enter__(self) -> bool:
        if self._frame is None:
            self._frame = sys._getframe(1)
        right = self._right
        if right._give_to(self):
            return True
        until = time.monotonic() + self._timeout
        while not right._give_to(self):
            left = until - time.monotonic()
            if left <= 0 or right.mine or not right.wait(left):
                self._frame = None
                return False
        return True

    def __exit__(self, *_: object) -> None:
        self._right._take_from(self)
        self._frame = None  # breaks a cycle: the frame refers to this claim
        self._right._freed.ring()


@final
class Right:
    """A right that one thread holds at a time."""

    __slots__ = ("_freed", "_holder", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._freed = Bell()
        self._holder: weakref.ref[Claim] | None = None

    @property
    def held(self) -> bool:
        """Whether any call holds it."""
        holder = self._claim()
        return holder is not None and holder.stands

    @property
    def mine(self) -> bool:
        """Whether the calling thread holds it, because the claiming call is on its stack."""
        holder = self._claim()
        return holder is not None and holder.thread == threading.get_ident() and holder.stands

    def claim(self, timeout: float = 0.0, frame: FrameType | None = None) -> Claim:
        """Claim it in a `with` statement: `with right.claim() as mine: if mine: ...`.

        Args:
            timeout: Seconds to wait for it; a thread that already holds it does not wait for itself.
            frame: Frame of the call that it belongs to; by default the one with the `with` statement.
        """
        return Claim(self, timeout, frame)

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until it is free; return whether it is."""
        return self._freed.wait(self._is_free, timeout)

    def renew(self) -> None:
        """Free it after a fork: its holder does not exist in the child."""
        self._lock = threading.RLock()
        self._holder = None

    def _is_free(self) -> bool:
        return not self.held

    def _claim(self) -> Claim | None:
        reference = self._holder
        return None if reference is None else reference()

    def _give_to(self, claim: Claim) -> bool:
        before, new = self._holder, claim.reference
        holder = None if before is None else before()
        if holder is not None and holder.stands:
            return False
        about_to_take(self._lock, Rank.RIGHT)
        # See Cell.change: nothing can interrupt this line.
        with self._lock: self._holder = new if self._holder is before else self._holder  # fmt: skip  # noqa: E701
        return self._holder is new

    def _take_from(self, claim: Claim) -> None:
        old = claim.reference
        about_to_take(self._lock, Rank.RIGHT)
        with self._lock: self._holder = None if self._holder is old else self._holder  # fmt: skip  # noqa: E701
