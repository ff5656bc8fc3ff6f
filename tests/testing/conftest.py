"""A plugin author's folder: a plugin, a recording made without an emulator, and runs of pytest in it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from halscope.formats.recording import RecordingWriter
from support.made_host import made_snapshot
from support.plugin_folder import write_plugin

# Here once and for all: a run inside this process forgets what it imported, and numpy cannot be imported twice.
for module in (
    "app",
    "hosts.recording",
    "hosts.libretro.host",
    "testing._image",
    "testing._record",
    "testing._session",
):
    importlib.import_module(f"halscope.{module}")

FRAMES = 8
PLUGIN = """
class Counter:
    def __init__(self):
        self.seen, self.ended, self.granted = [], None, None

    @hookimpl
    def halscope_attached(self, session):
        self.seen, self.granted = [], session.granted

    @hookimpl
    def halscope_update(self, frame):
        self.seen.append(frame.snapshot.frame)

    @hookimpl
    def halscope_detached(self, reason):
        self.ended = reason

plugin = Counter()
"""
INI = """
[pytest]
addopts = -p no:cacheprovider --strict-markers --benchmark-disable
filterwarnings =
    error
    ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def author(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with the plugin `sparkle` and the recording run.hrec."""
    pytester.makeini(INI)
    write_plugin(pytester.path, PLUGIN, permissions=["live-writes"])
    write_recording(pytester.path / "run.hrec")
    return pytester


@pytest.fixture
def run(author: pytest.Pytester) -> Run:
    """Run pytest on the code of one test file, in this process."""

    def run_it(code: str, *arguments: str) -> pytest.RunResult:
        author.makepyfile(test_author=f"import pytest\nimport numpy as np\n{code}")
        return author.runpytest_inprocess(*arguments)

    return run_it


def write_recording(path: Path, frames: int = FRAMES) -> None:
    """A recording of a made game."""
    with RecordingWriter(path, emulator="nobody") as writer:
        for frame in range(frames):
            writer.append(made_snapshot(frame))
