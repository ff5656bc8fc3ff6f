"""A program that exits while its pools work exits quickly and quietly. Each case is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

PREAMBLE = """
import os, sys, threading, time
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope.rom.index import RomIndex
from halscope.session import Pool, Priority

data = os.urandom(0x40000)
rom = Rom.from_bytes(data, "rom", mapping=Mapping.LOROM)
began = threading.Semaphore(0)

def build(context):
    began.release()
    while True:
        RomIndex.build(rom, [hal.HAL], cancel=context.token.native)

pool, other = Pool("codecs", 3), Pool("previews", 2)
jobs = [pool.submit(f"build {n}", build) for n in range(2)] + [other.submit("build", build)]
queued = [pool.submit("waits", build) for _ in range(20)]
assert all(began.acquire(timeout=60) for _ in jobs)
print("ready", flush=True)
"""

GARBAGE = "garbage = [[n] for n in range(500_000)]\n"
"""Taking the interpreter down takes a while, in which threads come back."""

STUBBORN = """
def stubborn(context):
    while True:
        hal.encode(data[:3000])

worse = Pool("worse", 2)
for _ in range(2):
    worse.submit("does not listen", stubborn, priority=Priority.LIVE)
"""


def start(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", PREAMBLE + script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and what it wrote to stderr."""
    try:
        _out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("jobs.clear(); queued.clear(); del pool, other", 0),
        ("import atexit; atexit.register(lambda: pool.stop(drain=20))", 0),
        ("kept = queued[0]; kept.add_done_callback(lambda job: job.token.reason)", 0),
    ],
    ids=["falls off the end", "sys.exit", "handles dropped just before", "a handler of its own stops", "callbacks"],
)
def test_a_program_ends_at_once_and_says_nothing(script: str, code: int) -> None:
    assert ends(start(GARBAGE + script)) == (code, "")


@pytest.mark.slow
def test_an_exception_in_main_shows_its_own_traceback_alone() -> None:
    code, err = ends(start("raise ValueError('of main')"))
    assert code == 1
    assert err.count("Traceback") == 1
    assert err.endswith("ValueError: of main\n")


@pytest.mark.slow
def test_work_that_never_looks_at_its_token_does_not_take_the_process_down_with_it() -> None:
    code, err = ends(start(STUBBORN + GARBAGE))
    assert code == 0
    assert "leaves behind: the job 'does not listen'" in err
    assert "Traceback" not in err
    assert "terminate" not in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("waits", ["time.sleep(60)", "jobs[0].result(60)", "with pool: jobs[0].result(60)"])
def test_ctrl_c_ends_it_as_ctrl_c_does(waits: str) -> None:
    with start(waits) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)  # on its way into the wait; earlier or later is right as well
        process.send_signal(signal.SIGINT)
        code, err = ends(process)
    assert code in (-signal.SIGINT, 128 + signal.SIGINT)
    assert err.count("Traceback") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.slow
def test_a_fork_that_ends_does_not_wait_for_its_parents_threads() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    fork = "pid = os.fork()\nif pid: assert os.waitpid(pid, 0)[1] == 0\n"
    assert ends(start("import warnings; warnings.simplefilter('ignore')\n" + fork)) == (0, "")
