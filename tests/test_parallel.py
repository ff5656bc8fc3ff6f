"""The tests' own machinery: serial tests are alone, everything else runs side by side, and what is slow is known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each starts three processes

TESTS = Path(__file__).parent
INI = """
[pytest]
addopts = -p no:cacheprovider -p no:halscope -p no:benchmark -p no:hypothesispytest -p support.turns -p support.slow
markers =
    serial: alone
    slow: late
    quick: early
filterwarnings =
    error
    ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning
"""
# Each test says when it begins and ends; a short write with O_APPEND is whole.
CODE = """
import os, time, pytest

def said(line):
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(log, (line + "\\n").encode())
    os.close(log)

@pytest.fixture(scope="module")
def prepared():
    said(f"begin fixture {__name__}")
    time.sleep(0.02)
    said(f"end fixture {__name__}")

@pytest.mark.parametrize("number", range(12))
def test_ordinary(number, request, prepared):
    said(f"begin ordinary {__name__} {number}")
    time.sleep(0.01)
    said(f"end ordinary {__name__} {number}")

@pytest.mark.serial
@pytest.mark.parametrize("number", range(4))
def test_serial(number):
    said(f"begin serial {__name__} {number}")
    time.sleep(0.05)
    said(f"end serial {__name__} {number}")
"""
# Passes only where the two tests run at the same time.
MEETING = """
import pathlib, time, pytest

@pytest.mark.parametrize("one, other", [("a", "b"), ("b", "a")])
def test_meets(one, other):
    pathlib.Path(one).touch()
    until = time.monotonic() + 60
    while not pathlib.Path(other).exists():
        assert time.monotonic() < until, "nobody came"
        time.sleep(0.01)
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder of tests that are run by an outer test; it takes turns as these tests do."""
    pytester.makeini(INI)
    monkeypatch.setenv("PYTHONPATH", str(TESTS), prepend=os.pathsep)
    for name in list(os.environ):
        if name.startswith("PYTEST_XDIST"):
            monkeypatch.delenv(name)
    return pytester


def test_a_serial_test_runs_while_nothing_else_does(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_first=CODE, test_second=CODE)
    done = inner.runpytest_subprocess("-n", "2", "--dist", "worksteal", timeout=300)
    done.assert_outcomes(passed=32)
    running: set[str] = set()
    order = (inner.path / "log").read_text().splitlines()
    for line in order:
        verb, _, what = line.partition(" ")
        if verb == "end":
            running.discard(what)
            continue
        running.add(what)
        assert len(running) == 1 or not any(one.startswith("serial") for one in running), (running, order)


def test_ordinary_tests_run_side_by_side(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_meeting=MEETING)
    inner.runpytest_subprocess("-n", "2", "--dist", "worksteal", timeout=300).assert_outcomes(passed=2)


def test_a_worker_that_dies_does_not_keep_the_others_from_running(inner: pytest.Pytester) -> None:
    dies = "import os, pytest\n@pytest.mark.serial\ndef test_dies():\n    os._exit(3)\n"
    inner.makepyfile(test_first=CODE, test_second=CODE, test_third=dies)
    done = inner.runpytest_subprocess("-n", "2", "--dist", "worksteal", timeout=300)
    done.assert_outcomes(passed=32, failed=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED


def test_without_workers_the_order_is_that_of_the_files(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_first=CODE)
    inner.runpytest_subprocess(timeout=300).assert_outcomes(passed=16)
    begun = [line for line in (inner.path / "log").read_text().splitlines() if line.startswith("begin")]
    assert begun[1] == "begin ordinary test_first 0"
    assert begun[-1] == "begin serial test_first 3"


def test_benchmarks_are_not_measured_side_by_side(inner: pytest.Pytester) -> None:
    inner.makeini(INI.replace("-p no:benchmark", "--benchmark-skip"))
    inner.makepyfile(test_fast="def test_fast(benchmark): benchmark(int)")
    refused = inner.runpytest_subprocess("-n", "2", "--benchmark-only", timeout=300)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["ERROR: benchmarks are measured in one process*add -n 0"])
    inner.runpytest_subprocess("-n", "0", "--benchmark-only", timeout=300).assert_outcomes(passed=1)


def test_a_file_that_runs_a_program_is_slow_but_for_its_quick_tests(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        test_imports="import subprocess, pytest\ndef test_slow(): ...\n@pytest.mark.quick\ndef test_quick(): ...\n",
        test_calls="from support.terminals import halscope\ndef test_slow(): ...\n",
        test_computes="from pathlib import Path\ndef test_quick(): ...\n",
    )
    done = inner.runpytest_subprocess("-m", "not slow", timeout=300)
    done.assert_outcomes(passed=2, deselected=2)


def test_slow_tests_come_before_quick_ones(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_order="import pytest\ndef test_1(): ...\n@pytest.mark.slow\ndef test_2(): ...\n")
    done = inner.runpytest_subprocess("-n", "1", "-v", timeout=300)
    done.stdout.fnmatch_lines(["*PASSED*test_2*", "*PASSED*test_1*"])
