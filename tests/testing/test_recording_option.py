"""--halscope-record makes the recordings that tests name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from halscope.formats.recording import RecordingReader

Run = Callable[..., pytest.RunResult]

CODE = """
@pytest.mark.halscope(recording="data/new.hrec", frames=20, press=[("start+a", 2, 9)], wram=True)
def test_it(halscope_frames):
    assert len(halscope_frames) == 20
"""
DEMO = ("--halscope-record", "demo", "--halscope-core", "snes9x")


@pytest.mark.slow
def test_a_recording_is_made_as_its_marker_says(author: pytest.Pytester, run: Run) -> None:
    run(CODE).assert_outcomes(errors=1)
    result = run(CODE, *DEMO)
    result.assert_outcomes(passed=1)
    path = author.path / "data/new.hrec"
    result.stdout.fnmatch_lines([f"halscope: wrote {path}"])
    first = path.read_bytes()
    with RecordingReader(path) as reader:
        assert reader.complete
        assert reader[19].wram is not None
        assert reader[19].picture is None
        assert reader.rom is not None
        assert reader.rom.path == "halscope-demo.sfc"  # its name, and not whose machine it was on
    run(CODE).assert_outcomes(passed=1)
    run(CODE, *DEMO).assert_outcomes(passed=1)
    assert path.read_bytes() == first  # the same run again gives the same bytes
    assert [one.name for one in path.parent.iterdir()] == ["new.hrec"]


@pytest.mark.slow
def test_one_recording_is_made_once_and_two_runs_do_not_share_a_file(run: Run) -> None:
    other = CODE.replace("test_it", "test_other")
    run(CODE + other, *DEMO).assert_outcomes(passed=2)
    result = run(CODE + other.replace("frames=20", "frames=30"), *DEMO)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*needs another run than *::test_it, which names this recording first*"])


def test_without_a_core_the_test_is_skipped_with_the_reason(author: pytest.Pytester, run: Run) -> None:
    result = run(CODE, "--halscope-record", "demo", "--halscope-core", "no-such-core", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*new.hrec cannot be recorded here: *no-such-core*"])
    assert not (author.path / "data/new.hrec").exists()


def test_a_rom_that_cannot_be_read_fails_and_leaves_the_old_recording(author: pytest.Pytester, run: Run) -> None:
    code = CODE.replace("data/new.hrec", "run.hrec")
    before = (author.path / "run.hrec").read_bytes()
    result = run(code, "--halscope-record", "gone.sfc", "--halscope-core", "snes9x")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*run.hrec: cannot be recorded: gone.sfc*"])
    assert (author.path / "run.hrec").read_bytes() == before
