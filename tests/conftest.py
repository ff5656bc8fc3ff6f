"""What holds for every test: no deadlines on a shared machine, and no cache or core of the user's own."""

from __future__ import annotations

import gc
import itertools
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from support.examples import count

# Examples are timed by whatever else the machine does, so a deadline would test the machine. In CI the examples are
# always the same, so that a landing does not fail by chance; elsewhere each run looks at new ones.
settings.register_profile(
    "halscope",
    deadline=None,
    max_examples=count(),
    derandomize=bool(os.environ.get("CI")),
    # Explaining what varies in an example repeats it: where each one waits for a peer, for longer than a test may run.
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("halscope")

# Who starts the tests in the background of a shell has them ignore SIGINT, and programs that they start inherit that:
# those could not be ended with Ctrl-C, which some tests are about.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_NUMBERS = itertools.count()

pytest_plugins = [
    "pytester",  # for the tests of our own pytest plugin; pytest wants it here
    "support.collecting",  # in which order workers import the test files
    "support.run_folder",  # the fixture `run_folder`
    "support.lab_truth",  # the fixtures `lab_rom` and `lab_truth`
    "support.lab_tour",  # the fixture `lab_tour`
    "support.lab_variants",  # the fixture `lab_variant`
    "support.documented_tour",  # the fixture `demo_tour`
    "support.recorded_demo",  # the fixture `recorded_demo`
    "support.starts",  # commands start prepared
    "support.slow",  # the marker `slow`, where it follows from what a file uses
    "support.turns",  # the marker `serial`
]


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests, which no collection in a test need look at


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """After the last test of a file: what it leaves need not be looked at by each collection in the next files."""
    result = yield
    if nextitem is not None and nextitem.path != item.path:
        gc.collect()
        gc.freeze()
    return result


@pytest.fixture(scope="session", autouse=True)
def nothing_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALSCOPE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("HALSCOPE_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        patch.setenv("HALSCOPE_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("HALSCOPE_CORE", raising=False)
        yield


@pytest.fixture(autouse=True)
def nothing_learnt_in_other_tests(nothing_of_the_users: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for what a test learns about games: a start that it has traced would be known to the next."""
    folder = Path(os.environ["HALSCOPE_DATA_DIR"])
    monkeypatch.setenv("HALSCOPE_DATA_DIR", str(folder / str(next(_NUMBERS))))  # made when something is learnt
