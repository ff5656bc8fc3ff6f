"""Processes of Halscope that are forked from one that has imported it.

To import what Halscope needs takes a command or a core's process longer than most tests run, and the tests start
several hundred of them. So a worker of `pytest -n` has one process import it, and `subprocess.Popen` forks that: the
fork is a child of who asked, with the files, folder and environment that it was given. What cannot be imitated is
started as ever: other settings of Python itself, a shell, code that runs before the program.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import random
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

try:
    import fcntl
    import resource
except ImportError:  # Windows, where no process is prepared
    fcntl = resource = None  # type: ignore[assignment]

SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
MOST_BYTES: Final = 1 << 18  # of a request: mostly its environment
MOST_FILES: Final = 64  # of a request: streams, and what else is passed
ANSWER_BYTES: Final = 64  # for the digits of a process's id
HIGH: Final = 200  # descriptors from here on are in nobody's way
SETTINGS: Final = ("PYTHON", "LC_", "LANG", "LD_", "ASAN_", "TSAN_", "UBSAN_")
"""Beginnings of the variables that matter before the first line of Halscope."""
OPTIONS: Final = 16  # arguments of `Popen._execute_child` from `startupinfo` on, in the version that is known
LIMITS: Final = ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE")
"""What a test limits for the processes that it starts."""
LEFT_OUT: Final = ("halscope._start", "halscope.__main__", "halscope.testing", "halscope.demo._build")
PROGRAM: Final = (
    "import json, sys; own = sys.path[:]; sys.path[:] = json.loads(sys.argv[2]); "
    "from support.prepared import become, prepare, serve; prepare(); become(serve(int(sys.argv[1])), own)()"
)
_as_ever: Final[Any] = subprocess.Popen


class Prepared:
    """The prepared process of this one. Any thread may ask it for another process.

    Args:
        requests: The socket on which it takes requests.
    """

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._turn = threading.Lock()
        self._settings = settings(os.environ)
        self._prctl = ctypes.CDLL(None).prctl

    @classmethod
    def begin(cls) -> Prepared:
        """Start a prepared process. It ends with this one."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            _as_ever(
                [sys.executable, "-P", "-c", PROGRAM, str(theirs.fileno()), json.dumps(sys.path)],
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,
            ).returncode = 0  # nobody waits for it
        return cls(ours)

    def close(self) -> None:
        """Have it end."""
        self._requests.close()

    def can_start(self, args: list[str], env: Mapping[str, str] | None) -> bool:
        """Whether a fork is what this command would be."""
        if env is not None and settings(env) != self._settings:
            return False
        return args[:1] == [sys.executable] and (is_command(args) or is_core(args))

    def start(self, args: list[str], cwd: str | None, env: Mapping[str, str] | None, how: dict[str, Any]) -> int:
        """Start a process, and return its id."""
        request = {
            "args": args,
            "cwd": str(Path.cwd() if cwd is None else Path(cwd).absolute()),
            "env": dict(os.environ if env is None else env),
            "parent": os.getpid(),
            "limits": [resource.getrlimit(getattr(resource, one)) for one in LIMITS],
            **how,
        }
        with self._turn:
            self._prctl(SUBREAPER, 1, 0, 0, 0)  # at the moment at which the fork's own parent ends
            try:
                socket.send_fds(self._requests, [json.dumps(request).encode()], how["streams"] + how["passed"])
                return int(self._requests.recv(ANSWER_BYTES))
            finally:
                self._prctl(SUBREAPER, 0, 0, 0, 0)


prepared: Prepared | None = None
"""The prepared process of this one, if there is one."""


class PreparedPopen(_as_ever):  # type: ignore[misc] # a class that is only known as `Any`
    """`subprocess.Popen` where there is a prepared process."""

    def _execute_child(self, args: Any, executable: Any, before: Any, close: Any, passed: Any, cwd: Any, env: Any,
                       *options: Any) -> None:  # fmt: skip
        words = [*map(os.fspath, args)] if isinstance(args, list | tuple) else []
        plain = len(options) == OPTIONS and executable is None and before is None and close
        if prepared is None or not plain or not prepared.can_start(words, env):
            super()._execute_child(args, executable, before, close, passed, cwd, env, *options)
            return
        pipes, (_, gid, groups, uid, umask, session, group) = options[3:9], options[9:]
        if options[2] or umask >= 0 or (gid, groups, uid) != (None, None, None):  # a shell, or somebody else
            super()._execute_child(args, executable, before, close, passed, cwd, env, *options)
            return
        theirs = pipes[0], pipes[3], pipes[5]
        streams = [number if one < 0 else one for number, one in enumerate(theirs)]
        how = {"streams": streams, "passed": [*passed], "session": session, "group": group}
        self.pid = prepared.start(words, None if cwd is None else os.fspath(cwd), env, how)
        self._child_created = True
        self._close_pipe_fds(*pipes)


def settings(env: Mapping[str, str]) -> dict[str, str]:
    """What Python itself heeds; the prepared process does not use UTF-8 mode, whose encoding is that of its locale."""
    return {
        name: text for name, text in env.items() if name.startswith(SETTINGS) and (name, text) != ("PYTHONUTF8", "0")
    }


def is_command(args: list[str]) -> bool:
    return args[1:3] == ["-m", "halscope"]


def is_core(args: list[str]) -> bool:
    return args[1:3] == ["-P", "-c"] and "from halscope.hosts.embedded._child import main" in args[3]


def prepare() -> None:
    """Import what commands and cores need."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, which is for the tests
    import halscope

    for module in pkgutil.walk_packages(halscope.__path__, "halscope."):
        if not module.name.startswith(LEFT_OUT):
            with contextlib.suppress(ImportError):  # a library that is no module, or a module of another system
                importlib.import_module(module.name)
    subprocess.Popen = PreparedPopen  # type: ignore[misc]
    assert threading.active_count() == 1, "a fork has one thread"
    gc.collect()
    gc.freeze()


def serve(number: int) -> dict[str, Any]:
    """Fork a process for each request that comes from this descriptor. Returns in each of these, with its request."""
    requests = socket.socket(fileno=number)
    while True:
        data, files, _, _ = socket.recv_fds(requests, MOST_BYTES, MOST_FILES)
        if not data:
            os._exit(0)  # who asks has ended
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:
            os.close(reading)
            child = os.fork()
            if child:
                os.write(writing, str(child).encode())
                os._exit(0)
            os.close(writing)
            requests.close()
            return {**json.loads(data), "files": files}
        for one in (writing, *files):
            os.close(one)
        answer = os.read(reading, ANSWER_BYTES)
        os.close(reading)
        os.waitpid(between, 0)  # from now on it is the child of who asks
        requests.send(answer)


def become(request: dict[str, Any], path: list[str]) -> Callable[[], object]:
    """Make this process, which `serve` has forked, what was asked for.

    Args:
        request: The request.
        path: `sys.path` as Python has made it.

    Returns:
        What runs the program.
    """
    global prepared
    args, files = request["args"], request["files"]
    prepared = None
    subprocess.Popen = _as_ever  # type: ignore[misc]
    if is_command(args):  # it may start a core: it has a prepared process of its own, forked while it has one thread
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            for one in (ours.detach(), *files):
                os.close(one)
            os.setpgid(0, 0)
            return become(serve(theirs.detach()), path)
        theirs.close()
        high = fcntl.fcntl(ours.fileno(), fcntl.F_DUPFD_CLOEXEC, HIGH)
        ours.close()
        prepared = Prepared(socket.socket(fileno=high))
        subprocess.Popen = PreparedPopen  # type: ignore[misc]
    _take(files, [0, 1, 2, *request["passed"]])
    while os.getppid() != request["parent"]:
        time.sleep(0.0005)
    if request["session"]:
        os.setsid()
    else:
        group = request["group"]
        os.setpgid(0, os.getpgid(request["parent"]) if group < 0 else group)
    for one, limit in zip(LIMITS, request["limits"], strict=True):
        resource.setrlimit(getattr(resource, one), tuple(limit))
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed()
    tempfile.tempdir = None
    _open_streams()
    sys.orig_argv = args
    sys.path[:] = path
    if is_core(args):
        sys.argv = ["-c", *args[4:]]
        return lambda: exec(args[3], {"__name__": "__main__"})
    sys.path.insert(0, request["cwd"])
    sys.argv = ["-m", *args[3:]]
    return partial(runpy.run_module, "halscope", run_name="__main__", alter_sys=True)


def _open_streams() -> None:
    """Open the standard streams as Python does, which looks at what they are."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        lines = name == "stderr" or os.isatty(number)
        stream = open(  # noqa: SIM115 - a descriptor, for the life of the process
            number, "w" if number else "r", 1 if lines else -1, old.encoding, old.errors, "\n", closefd=False
        )
        stream.buffer.raw.name = f"<{name}>"  # type: ignore[attr-defined]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _take(files: list[int], numbers: list[int]) -> None:
    """Have files under these descriptors, and under no others."""
    high = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, HIGH) for one in files]
    for one in files:
        os.close(one)
    for one, number in zip(high, numbers, strict=True):
        os.dup2(one, number)
        os.close(one)
