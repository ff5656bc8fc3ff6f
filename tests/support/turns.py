"""No worker of `pytest -n` runs a test beside one that is marked `serial`; one of them runs all marked `together`.

All tests stay in one run with one summary: the workers take turns through two file locks, and each worker runs its
serial tests first, one after another, so that the others wait once instead of once per test.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final, final

import pytest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FOLDER: Final = "halscope_turns"
_TURNS: Final = pytest.StashKey["Turns"]()
_MADE: Final = pytest.StashKey[str]()


@final
class Turns:
    """The right to run a test: shared by all workers, or exclusive to one.

    The system releases a lock when its process ends, so a worker that crashes does not block the others.

    Args:
        folder: Where the lock files are; the same folder for all workers of a run.
    """

    def __init__(self, folder: Path) -> None:
        self._gate = os.open(folder / "gate", os.O_RDWR | os.O_CREAT)
        self._floor = os.open(folder / "floor", os.O_RDWR | os.O_CREAT)
        self._alone = False

    def begin(self, *, alone: bool) -> None:
        """Wait for the right to run a test. Does nothing if an exclusive right was kept."""
        if self._alone:
            return
        # A worker that waits for the floor holds the gate, so ordinary tests cannot keep overtaking a serial one.
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        fcntl.flock(self._floor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self._gate, fcntl.LOCK_UN)
        self._alone = alone

    def end(self, *, keep: bool) -> None:
        """Release the right, unless it is exclusive and the next test needs it again."""
        if self._alone and keep:
            return
        self._alone = False
        fcntl.flock(self._floor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the files, which releases the locks."""
        os.close(self._gate)
        os.close(self._floor)


def is_serial(item: pytest.Item | None) -> bool:
    """Whether the test is marked `serial`."""
    return item is not None and item.get_closest_marker("serial") is not None


def pytest_configure(config: pytest.Config) -> None:
    """In a worker: open the lock files."""
    if config.getoption("numprocesses", None) and config.getoption("benchmark_only", False):
        raise pytest.UsageError("benchmarks are measured in one process, or they measure each other: add -n 0")
    folder = getattr(config, "workerinput", {}).get(_FOLDER)
    if folder is not None:
        turns = config.stash[_TURNS] = Turns(Path(folder))
        config.add_cleanup(turns.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the process that starts the workers: pass each the folder of the lock files."""
    if fcntl is None:
        raise pytest.UsageError("-n needs locked files (flock), which this system has not: run the tests without it")
    config: pytest.Config = node.config
    folder = config.stash.get(_MADE, None)
    if folder is None:
        made = tempfile.TemporaryDirectory(prefix="halscope-tests-")
        config.add_cleanup(made.cleanup)
        folder = config.stash[_MADE] = made.name
    node.workerinput[_FOLDER] = folder


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker: the serial tests first, then those that share what takes long to start, then the slow ones, so that
    no worker ends with one of these alone.

    `--dist worksteal` gives each worker one part of the list, and takes tests from its end when others have none left:
    what stands first stays with the first worker.
    """
    if _TURNS in config.stash:
        items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("serial", "together", "slow")])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Take the right to run, fixtures included."""
    turns = item.config.stash.get(_TURNS, None)
    if turns is None:
        return (yield)
    turns.begin(alone=is_serial(item))
    try:
        return (yield)
    finally:
        turns.end(keep=is_serial(nextitem))
