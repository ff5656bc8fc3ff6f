"""The core's process: started, asked, ended when it hangs, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from pathlib import Path
from typing import Any, Final, final

from halscope_hooks import HostError, HostGoneError, RomIdentity, Snapshot

from halscope._processes import OUT_OF_REACH, after_fork
from halscope.hosts._core_folder import CoreFolder, new_core_folder
from halscope.hosts.embedded._bell import TROUBLE, Bell
from halscope.hosts.embedded._channel import Call, Channel
from halscope.hosts.embedded._frames import FrameReader, check_memory
from halscope.hosts.embedded._platform import cpu_seconds, is_starved

_GRACE: Final = 2.0  # seconds that an idle child has to unload its core and exit
_REAP_WAIT: Final = 5.0  # seconds to wait for a child that was killed
_STARVED: Final = 5  # times the patience for a child that gets no processor time
_ENOUGH: Final = 0.4  # of the patience, in processor time: a frame takes a hundredth of it on the slowest core
_LOOK: Final = 0.1  # of the patience, between looks at a child that is starved
_STOPPED: Final = (
    "a program that stops the processor (STP, or WAI with interrupts off) hangs bsnes-mercury: try --core snes9x"
)
# -P keeps the current folder off the path until the parent's path is known. The pipe of replies is put aside first:
# whatever is printed from then on, while modules are imported or by the core, goes to the pipe of the output.
_BOOT: Final = (
    "import json, os, sys; pipes = os.dup(0), os.dup(1); os.dup2(2, 1); sys.path[:] = json.loads(sys.argv[1]); "
    "from halscope.hosts.embedded._child import main; main(*pipes, *sys.argv[2:])"
)
_RUNS: Final = frozenset({"step", "look", "step frame"})  # requests whose reply waits for a frame
_open: Final[weakref.WeakSet[CoreProcess]] = weakref.WeakSet()


@final
class CoreProcess:
    """A child process that runs a core. One thread asks it; any thread or signal handler may end it.

    Args:
        core: The core's shared library, for messages.

    Raises:
        HostError: The process cannot be started, or the system gives it no pipe or no folder.
    """

    def __init__(self, core: Path) -> None:
        self._core = core
        self._owner = os.getpid()
        self._inside: int | None = None  # id of the thread that waits for a reply
        self._ending = False
        self._ended = False
        self._gone: str | None = None  # why no more calls are possible
        self._late: deque[Call] = deque()  # steps that an interrupt cut short, with their replies
        self._folder = new_core_folder(core)
        bell: Bell | None = None
        try:
            bell = Bell()
            self._process = self._start(bell)
        except OSError as error:
            self._folder.remove()
            if bell is not None:
                bell.close()
            raise HostError(f"{core}: no process can be started for it: {error.strerror or error}") from error
        finally:
            if bell is not None:
                bell.close_passed()
        self._bell = bell
        streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        requests, replies, output = (stream.fileno() for stream in streams if stream is not None)
        self._channel = Channel(requests, replies, output, bell)
        _open.add(self)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def missed(self) -> int:
        """Frames that `next_frame` lost because it was not called in time."""
        return 0 if self._channel.frames is None else self._channel.frames.missed

    @property
    def touched(self) -> int:
        """How many reads of the ROM had been observed at the end of the last frame that was read."""
        return 0 if self._channel.frames is None else self._channel.frames.touched

    def touches(self, first: int) -> list[tuple[int, int, int]] | None:
        """Return the reads of the ROM that came with the last frames; see `FrameReader.touches`."""
        return None if self._channel.frames is None else self._channel.frames.touches(first)

    def ask(self, request: tuple[object, ...], what: str, patience: float) -> Any:
        """Send a request and return the value of its reply.

        A step that Ctrl-C interrupted is finished by the next call, and its value is returned by the next step.

        Args:
            request: Name of the action and its arguments, see `_child`.
            what: What the core does, for messages ("ran frame 7").
            patience: Seconds without a reply after which the core counts as hung and is ended; on Linux, up to five
                times as long while other programs leave it less processor time than two fifths of that.

        Raises:
            HalscopeError: The action failed; the error comes from the child.
            HostGoneError: The core has crashed, or it hung and was ended.
        """
        try:
            self._enter()
            self._finish(what, patience)
            while True:
                if self._late and request[0] == "step":
                    call = self._late.popleft()
                else:
                    call = self._channel.ask(request)
                    self._answer(call, what, patience)
                    if call in self._late:  # a signal handler has called meanwhile, and has finished it
                        self._late.remove(call)
                if not call.delivered:  # else the handler's own step has returned it
                    break
            call.delivered = True
            good, value = call.reply
        finally:
            self._leave()
        if not good:
            raise value
        return value

    def read_frames(self, rom: RomIdentity) -> None:
        """Read what the child publishes from now on: the game has started. Raises HostError."""
        self._channel.frames = FrameReader(self._folder.path, rom)

    def next_frame(self, timeout: float, what: str, patience: float) -> Snapshot | None:
        """Return the next snapshot that the child has published by itself, or `None` if none comes within `timeout`.

        Args:
            timeout: Seconds to wait.
            what, patience: As for `ask`, for a request that is not finished or that asks what is wrong.

        Raises:
            HostError: The core failed.
            HostGoneError: The core has crashed, or it hung and was ended.
        """
        until = time.monotonic() + timeout
        try:
            self._enter()
            self._finish(what, patience)
            while True:
                frames = self._channel.frames
                if frames is not None and (snapshot := frames.next()) is not None:
                    return snapshot
                rest = until - time.monotonic()
                if rest <= 0:
                    return None
                if TROUBLE in self._channel.listen(rest):
                    break
        except EOFError:
            raise self._lost(what) from None
        finally:
            self._leave()
        self.ask(("look",), what, patience)  # raises what is wrong
        return None

    def end(self) -> None:
        """End the child and wait for its end: it may unload its core, and is killed if it does not. Idempotent.

        In a forked process nothing is ended: the child belongs to the parent.
        """
        self._ending = True
        if self._ended:
            return
        if self._owner != os.getpid():
            self._release()
            return
        if self._other_thread_inside():
            self._process.kill()  # the thread inside is woken by the child's end, and does the rest
            self._process.wait(_REAP_WAIT)
        else:
            self._stop()

    def _start(self, bell: Bell) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-c", _BOOT, json.dumps(sys.path), bell.key, str(self._folder.path)]
        return subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=bell.passed,
            **OUT_OF_REACH,
        )

    def _enter(self) -> None:
        if self._gone is not None:
            raise HostGoneError(self._gone)
        if self._ending:
            raise HostError(f"{self._core}: the host is closed; attach a new one")
        if self._other_thread_inside():
            raise HostError(f"{self._core}: another thread is calling the core; one thread calls a host")
        self._inside = threading.get_ident()

    def _leave(self) -> None:
        if self._inside == threading.get_ident():
            self._inside = None
            if self._ending or self._gone is not None:  # `end` was called meanwhile, or the child is gone
                self.end()

    def _other_thread_inside(self) -> bool:
        """Whether a call of another thread is under way; a thread that has ended may have left its mark behind."""
        inside = self._inside
        if inside is None or inside == threading.get_ident():
            return False
        return any(thread.ident == inside for thread in threading.enumerate())

    def _finish(self, what: str, patience: float) -> None:
        """Wait for the reply to a request that an interrupt cut short."""
        waiting = self._channel.waiting
        if waiting is not None:
            self._answer(waiting, what, patience)
            if waiting.request[0] == "step":
                self._late.append(waiting)

    def _answer(self, call: Call, what: str, patience: float) -> None:
        """Wait for the reply to a request. Raises HostError if there will be none."""
        try:
            self._wait_for_reply(call, patience)
            return
        except TimeoutError:
            advice = _STOPPED if call.request[0] in _RUNS else "choose another core with --core"
            self._gone = (
                f"{self._core}: the core {what} and has not returned for {patience:g} s, so it was ended; {advice}"
            )
        except EOFError:
            raise self._lost(what) from None
        raise HostGoneError(self._gone)

    def _lost(self, what: str) -> HostError:
        """Return the error that says why the child has ended."""
        if self._ending:
            return HostError(f"{self._core}: the host is closed; attach a new one")
        self._gone = f"{self._core}: {self._how_it_ended(what)}"
        return HostGoneError(self._gone)

    def _wait_for_reply(self, call: Call, patience: float) -> None:
        """Wait as long as `Channel.answer` does, or longer if the child gets no processor time."""
        before, until = cpu_seconds(self.pid), time.monotonic() + _STARVED * patience
        enough, rest = _ENOUGH * patience, patience
        while True:
            try:
                self._channel.answer(call, rest)
                return
            except TimeoutError:
                used = cpu_seconds(self.pid) - before
                if time.monotonic() >= until or not is_starved(self.pid, used, enough):
                    raise
                rest = max(enough - used, _LOOK * patience)

    def _how_it_ended(self, what: str) -> str:
        self._channel.wait_for_end(_GRACE)
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:  # it has closed its pipes but keeps running
            self._process.kill()
            code = self._process.wait(_REAP_WAIT)
        how = f"crashed ({_signal_name(-code)})" if code < 0 else f"ended its process (exit code {code:#x})"
        printed = self._channel.last_output()
        output = f"; the last it printed: {printed}" if printed else ""
        return f"the core {how} when it {what}{output}; choose another core with --core"

    def _stop(self) -> None:
        """End the child and release everything. Each step may be repeated after an interrupt."""
        stdin = self._process.stdin
        idle = self._gone is None and self._channel.waiting is None
        if stdin is not None and idle and not self._channel.closed:
            stdin.close()  # the child exits when its requests end
            self._channel.wait_for_end(_GRACE)
        if self._process.poll() is None:
            try:
                self._process.wait(0.1 if idle else 0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_REAP_WAIT)
        self._folder.remove()
        self._release()

    def _release(self) -> None:
        """Close the pipes and unmap the frames."""
        self._channel.closed = True
        self._bell.close()
        frames, self._channel.frames = self._channel.frames, None
        if frames is not None and self._owner == os.getpid():  # a forked process must not let go of its parent's ring
            frames.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._ended = True

    def _forget(self) -> None:
        """In a forked process: release the child, which would otherwise not notice when its parent ends."""
        self._ending = True
        self._folder.remove()
        self._release()
        self._process.returncode = 0  # nothing here can wait for it


def check_machine() -> None:
    """Check that this machine gives a core's process what it needs, whichever core it is.

    Raises:
        HostError: It does not; the message says what is missing.
    """
    try:
        folder = CoreFolder()
    except OSError as error:
        raise HostError(
            f"no temporary folder can be created for a core in {tempfile.gettempdir()}: {error.strerror or error}"
        ) from error
    try:
        check_memory(folder.path)
    finally:
        folder.remove()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _after_fork() -> None:
    for process in list(_open):
        process._forget()


after_fork(_after_fork)
