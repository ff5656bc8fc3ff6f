"""The fixtures in workers of pytest-xdist: every file is written and reported once, whichever worker did it."""

from __future__ import annotations

import os

import pytest
from halscope.formats.recording import RecordingReader

# Each test waits for the other, so that two workers do the same thing at the same time.
MEETING = """
import pathlib, time, pytest
import numpy as np

def meet(one, other):
    pathlib.Path(one).touch()
    until = time.monotonic() + 60
    while not pathlib.Path(other).exists():
        assert time.monotonic() < until, "nobody came"
        time.sleep(0.01)

@pytest.fixture(params=[("a", "b"), ("b", "a")], ids=["one", "other"])
def met(request):
    meet(*request.param)
"""
WORKERS = ("-n", "2", "--dist", "worksteal")
DEMO = ("--halscope-record", "demo", "--halscope-core", "snes9x")


@pytest.fixture(autouse=True)
def without_the_outer_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PYTEST_XDIST"):
            monkeypatch.delenv(name)


@pytest.mark.slow
def test_one_recording_made_by_two_workers_is_whole_and_said_once(author: pytest.Pytester) -> None:
    author.makepyfile(
        test_author=MEETING
        + """
@pytest.mark.halscope(recording="new.hrec", frames=20)
def test_it(met, halscope_frames):
    assert len(halscope_frames) == 20
"""
    )
    result = author.runpytest_subprocess(*WORKERS, *DEMO, timeout=300)
    result.assert_outcomes(passed=2)
    assert result.outlines.count(f"halscope: wrote {author.path / 'new.hrec'}") == 1
    with RecordingReader(author.path / "new.hrec") as reader:
        assert (reader.complete, len(reader)) == (True, 20)
    assert not list(author.path.glob("*.part"))


@pytest.mark.slow
def test_two_runs_that_want_one_file_are_told_apart_in_any_worker(author: pytest.Pytester) -> None:
    author.makepyfile(
        test_author=MEETING
        + """
@pytest.mark.halscope(recording="new.hrec", frames=20)
def test_first(halscope_frames):
    meet("a", "b")

@pytest.fixture
def second():
    meet("b", "a")

@pytest.mark.halscope(recording="new.hrec", frames=30)
def test_second(second, halscope_frames):
    pass
"""
    )
    result = author.runpytest_subprocess(*WORKERS, *DEMO, timeout=300)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*::test_second needs another run than *::test_first, which names*"])


@pytest.mark.slow
def test_every_worker_tells_of_the_pictures_that_it_wrote(author: pytest.Pytester) -> None:
    author.makepyfile(
        test_author=MEETING
        + """
def test_it(met, halscope_image, request):
    halscope_image.check(np.full((9, 9, 3), 7, np.uint8), request.node.callspec.id)
"""
    )
    result = author.runpytest_subprocess(*WORKERS, "--halscope-update", timeout=300)
    result.assert_outcomes(passed=2)
    for name in ("one", "other"):
        assert result.outlines.count(f"halscope: wrote {author.path / 'test_author' / name}.png") == 1
