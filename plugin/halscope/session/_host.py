"""The host of a session: held weakly unless owned, and called by one thread, also on behalf of other threads."""

from __future__ import annotations

import logging
import threading
import traceback
import weakref
from collections.abc import Callable
from operator import methodcaller
from typing import Final, NamedTuple, cast

from halscope_hooks import Capability, Host, HostChanged, HostError, HostInfo, UsageError, WriteReceipt, capabilities_of

from halscope._output import third_party_code
from halscope.session._cells import Cell
from halscope.session._errors import told_error
from halscope.session._host_call import HostCall
from halscope.session._job_terms import JobState, Priority
from halscope.session._jobs import Job, Keeper, Reporter, complete
from halscope.session._locks import Rank, about_to_call_out
from halscope.session._queue import Era, Taken

log: Final = logging.getLogger("halscope.session")

GONE: Final = "the host is gone"


class _Calls(NamedTuple):
    waiting: tuple[tuple[Job[None], HostCall], ...] = ()
    sent: tuple[tuple[Job[None], HostCall], ...] = ()  # not yet answered by the emulator; kept after the time-out too
    refuse: str | None = None

    def without(self, job: Job[object] | Job[None]) -> _Calls:
        return self._replace(
            waiting=tuple(one for one in self.waiting if one[0].id != job.id),
            sent=tuple(one for one in self.sent if one[0].id != job.id),
        )


class _Known(NamedTuple):
    """What subscribers know of the host, and the change that they are being told."""

    info: HostInfo
    era: Era = Era()
    news: tuple[HostChanged, Era] | None = None


class HostLink(Keeper):
    """Access to the host.

    Args:
        host: The emulator or recording.
        owned: Whether the session keeps the host alive and closes it.
        reporter: Called with errors of calls that wait for the host's thread.
        gone: Called by a finaliser when a host that is not owned was freed.

    Raises:
        UsageError: The host cannot be held weakly.
    """

    def __init__(self, host: Host, *, owned: bool, reporter: Reporter, gone: Callable[[], None]) -> None:
        self._known = Cell(_Known(host.info), Rank.SESSION)
        self._has = capabilities_of(host)
        self.owned = owned
        self.thread = threading.get_ident()  # until another one pumps
        self.close_error: str | None = None
        self._kept = host if owned else None
        self._to_close = Taken((host,) if owned else ())
        self._close_wanted = False
        self._reporter = reporter
        self._calls = Cell(_Calls(), Rank.SESSION)
        try:
            self._weak: weakref.ref[Host] = weakref.ref(host, lambda _: gone())
        except TypeError as error:
            raise UsageError(
                f"{type(host).__name__}: cannot be held weakly; add __weakref__ to its __slots__, or give the session "
                "owns_host=True"
            ) from error

    def __len__(self) -> int:
        calls = self._calls.value
        return len(calls.waiting) + len(calls.sent)

    @property
    def info(self) -> HostInfo:
        """The host's info that subscribers know."""
        return self._known.value.info

    @property
    def able(self) -> frozenset[Capability]:
        """The host's capabilities: those that it names, or else those whose methods it has."""
        return self.info.capabilities or self._has

    @property
    def alive(self) -> bool:
        """Whether the host still exists."""
        return self._weak() is not None

    def get(self) -> Host:
        """Return the host. Raises HostError if it is gone."""
        host = self._weak()
        if host is None:
            raise HostError(f"{self.info.name}: {GONE}; attach a new one")
        return host

    def here(self) -> bool:
        """Whether the caller is on the host's thread."""
        return self.thread == threading.get_ident()

    def claim_thread(self) -> None:
        """Make the calling thread the host's thread."""
        self.thread = threading.get_ident()

    def news(self) -> tuple[HostChanged, Era] | None:
        """Return the change of the host's info, if it differs from `info`, and the era that begins with it. The same
        until it was `told`."""
        known, host = self._known.value, self._weak()
        if host is None or (known.news is None and host.info is known.info):
            return known.news

        def look(known: _Known) -> _Known:
            # Read here: a signal handler that has told a change meanwhile makes an older reading false.
            now = host.info
            if known.news is not None or now is known.info or now == known.info:
                return known
            event = HostChanged(known.info, now)
            return known._replace(news=(event, Era(known.era.change + 1, known.era.rom + event.rom_changed)))

        return self._known.change(look)[1].news

    def told(self, news: tuple[HostChanged, Era]) -> None:
        """Mark a change as posted to all subscribers."""
        event, era = news
        self._known.change(lambda known: _Known(event.host, era) if known.news is news else known)

    def call(self, name: str, send: Callable[[], WriteReceipt], written: Callable[[], None], *, now: bool) -> Job[None]:
        """Write on the host's thread: at once, or at that thread's next call.

        Args:
            name: Name of the job, for messages.
            send: Performs the write.
            written: Called on the host's thread once the emulator has written.
            now: Whether the caller is on the host's thread.

        Raises:
            HostError: No more calls are accepted.
        """
        call = HostCall(send, written)
        job: Job[None] = Job(
            name,
            call,
            self,
            self._reporter,
            priority=Priority.LIVE,
            pausable=False,
            withdrawable=False,
            keeps_frames=now,  # an error at once is raised to the caller, who gets no job
        )

        def add(calls: _Calls) -> _Calls:
            if calls.refuse is not None:
                raise HostError(calls.refuse)
            return calls._replace(waiting=(*calls.waiting, (job, call)))

        if not now:
            self._calls.change(add)
        job.attach()
        if now:
            self._run_waiting()  # in the order in which they were given: a later patch counts on the earlier ones
            self._do(job, call)
        return job

    def run_calls(self) -> int:
        """Do the waiting calls, on the host's thread; return how many were done."""
        done = 0
        for job, call in self._calls.value.sent:
            if call.answered:
                done += 1
                self._settle(job, call)
            elif call.overdue and not job.ended:
                done += 1
                _end(job)
        done += self._run_waiting()
        if self._close_wanted:
            self._close_now()
        return done

    def refuse(self, reason: str) -> None:
        """Accept no more calls; waiting ones are cancelled, and pending answers of the emulator are ignored."""
        _, calls = self._calls.change(lambda calls: calls._replace(refuse=calls.refuse or reason))
        for job, _call in calls.waiting:
            job.cancel(reason)
        unknown = f"{reason}; whether the emulator has made the write is not known"
        for job, _call in (*calls.waiting, *calls.sent):
            if job.state is JobState.RUNNING:  # it was sent, maybe just now
                job.token.mark(unknown)
                job.finish(JobState.CANCELLED)
            job.call_back()
        self._calls.change(lambda calls: calls._replace(sent=()))

    def close(self) -> bool:
        """Close an owned host: now if this is its thread, else at that thread's next call, and then return False.

        Errors of the host are not raised; they are logged and kept in `close_error`.
        """
        if self._kept is None:
            return True
        self._close_wanted = True
        if not self.here() and any(thread.ident == self.thread for thread in threading.enumerate()):
            return False
        self._close_now()
        return True

    def renew(self) -> None:
        """Reset after a fork: the host belongs to the parent, and is not closed here."""
        self._known.renew()
        self._calls.renew()
        self._calls.value = _Calls(refuse="the process was forked")
        self._close_wanted = False
        self._to_close = Taken(())

    def ended_early(self, job: Job[object], /) -> None:
        """Remove a call that was cancelled before the host's thread did it."""
        old, new = self._calls.change(lambda calls: calls.without(job))
        if len(new.waiting) < len(old.waiting):
            job.call_back()

    def _run_waiting(self) -> int:
        done = 0
        while waiting := self._calls.value.waiting:
            done += 1
            self._do(*waiting[0])
        return done

    def _do(self, job: Job[None], call: HostCall) -> None:
        """Write, unless the job was cancelled. If the emulator answers later, a later `run_calls` ends the job."""
        try:
            if job.begin():
                call.send()
                if call.answered:
                    _end(job)
            elif job.ended:
                job.call_back()
        finally:
            if job.state is not JobState.QUEUED:  # else an interrupt came first, and the next call retries
                if not job.ended:
                    job.keeps_frames = False  # from now on, whoever pumps ends it
                    call.forget_frames()
                sent = () if job.ended else ((job, call),)

                def move(calls: _Calls) -> _Calls:
                    calls = calls.without(job)
                    return calls._replace(sent=(*calls.sent, *sent))

                self._calls.change(move)

    def _settle(self, job: Job[None], call: HostCall) -> None:
        """Take the emulator's answer."""
        try:
            if not job.ended:
                _end(job)
        finally:
            if job.ended:
                call.end_late()  # without effect if the job has posted it
                self._calls.change(lambda calls: calls.without(job))

    def _close_now(self) -> None:
        about_to_call_out("close")
        try:
            if self._to_close.left:
                with third_party_code():
                    self._to_close.deliver(methodcaller("close"))  # exactly once, even if interrupted
        except Exception as error:
            self.close_error = f"{self.info.name}: the host could not be closed: {type(error).__name__}: {error}"
            text = "".join(traceback.format_exception(error))
            log.error("%s\n%s", self.close_error, text.rstrip())
        self._kept = None
        self._to_close = Taken(())


def _end(job: Job[None]) -> None:
    """Complete the job of a call; KeyboardInterrupt and SystemExit propagate."""
    try:
        complete(cast("Job[object]", job))
    except BaseException as error:
        if job.state is JobState.RUNNING:  # an interrupt: those who wait for the job must be woken
            text = "".join(traceback.format_exception(error))
            job.finish(JobState.FAILED, error=told_error(error), text=text)
        raise
    if job.state is JobState.FAILED:
        failure = job.exception(0)
        if isinstance(failure, (KeyboardInterrupt, SystemExit)):
            raise failure
