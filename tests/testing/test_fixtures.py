"""What a plugin author's test gets from the fixtures, and the messages where something is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]

MARK = "@pytest.mark.halscope(recording='run.hrec', plugin='sparkle')\n"


def test_a_session_plays_the_recording_to_the_plugin(run: Run) -> None:
    run(
        MARK
        + """
def test_it(halscope_session):
    assert halscope_session.plugins == ("sparkle",)
    counter = halscope_session.plugin()
    assert halscope_session.step().snapshot.frame == 0
    assert halscope_session.play(2).snapshot.frame == 2
    assert counter.seen == [0, 1, 2]
    assert halscope_session.play().snapshot.frame == 7
    assert halscope_session.step() is None
    assert halscope_session.play() is None
    assert counter.granted == frozenset()
    halscope_session.close("the end")
    assert counter.ended == "the end"
"""
    ).assert_outcomes(passed=1)


def test_frames_and_the_replay_are_the_recording(run: Run) -> None:
    run(
        MARK
        + """
def test_it(halscope_recording, halscope_replay, halscope_frames):
    assert halscope_recording.name == "run.hrec"
    assert halscope_replay.step().frame == 0
    assert len(halscope_frames) == 8
    assert [frame.sprites[0].x for frame in halscope_frames] == list(range(8))
    assert halscope_frames[-1].snapshot.frame == 7
    assert [frame.snapshot.frame for frame in halscope_frames[5:1:-2]] == [5, 3]
"""
    ).assert_outcomes(passed=1)


def test_what_the_session_tells_can_be_heard(run: Run) -> None:
    run(
        MARK
        + """
def test_it(halscope_session):
    from halscope_hooks import Update
    heard = []
    handle = halscope_session.subscribe(heard.append, Update)
    halscope_session.play(3)
    handle.close()
    halscope_session.play()
    assert [event.frame.snapshot.frame for event in heard] == [0, 1, 2]
    assert halscope_session.codec("hal").name == "hal"
    assert ".ips" in halscope_session.exporter(".ips").suffixes
    assert all(max(group) < 128 for group in halscope_session.groups(heard[0].frame))
"""
    ).assert_outcomes(passed=1)


def test_markers_of_module_and_test_add_up_and_the_closest_counts(run: Run) -> None:
    run(
        """
pytestmark = pytest.mark.halscope(recording="nothing.hrec", plugin="sparkle", allow=["live-writes"])
@pytest.mark.halscope(recording="run.hrec")
def test_it(halscope_session):
    assert halscope_session.plugin("sparkle").granted == {"live-writes"}
"""
    ).assert_outcomes(passed=1)


def test_settings_name_folders_for_all_tests(author: pytest.Pytester, run: Run) -> None:
    (author.mkdir("data")).joinpath("other.hrec").write_bytes((author.path / "run.hrec").read_bytes())
    settings = ("-o", "halscope_recordings=data", "-o", "halscope_plugins=sparkle")
    code = """
@pytest.mark.halscope(recording="other.hrec")
def test_it(halscope_session):
    assert halscope_session.plugins == ("sparkle",)
"""
    run(code, *settings).assert_outcomes(passed=1)
    run(code).assert_outcomes(errors=1)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("", "*test_it: no recording is named; mark it with @pytest.mark.halscope(recording='run.hrec')*"),
        ("recording='gone.hrec'", "*gone.hrec: no such recording*make it with --halscope-record ROM*"),
        ("'run.hrec'", "*takes only keyword arguments, not 'run.hrec'; write recording='run.hrec'*"),
        ("file='run.hrec'", "*has no argument 'file'; the arguments are: recording, plugin, allow*"),
        ("recording=3", "*recording=3: write a path*"),
        ("recording='run.hrec', frames=0", "*frames=0: write a number of frames, 1 or more*"),
        ("recording='run.hrec', wram=1", "*wram=1: write True or False*"),
        ("recording='run.hrec', allow='all'", "*allow='all': write some of live-writes, rom-writes, network*"),
        ("recording='run.hrec', press='a@3'", "*press='a@3': write a list of (buttons, first frame, last frame)*"),
        ("recording='run.hrec', press=[('c', 1, 2)]", "*the buttons are a, b, *"),
        ("recording='run.hrec', press=[('a', 3, 2)]", "*frames count from 0*"),
        ("recording='test_author.py'", "*test_author.py*not a Halscope recording*"),
        ("recording='run.hrec', plugin='nowhere'", "*nowhere: does not exist; --plugin takes the folder*"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(run: Run, marker: str, said: str) -> None:
    result = run(f"@pytest.mark.halscope({marker})\ndef test_it(halscope_session): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nonsense =", "*main:plugin cannot be imported*SyntaxError*"),
        ("plugin = object()", "*sparkle*has no hook*"),
    ],
)
def test_a_plugin_that_is_refused_fails_the_test_with_the_reason(
    author: pytest.Pytester, run: Run, code: str, said: str
) -> None:
    (author.path / "sparkle/main.py").write_text(f"from halscope_hooks import hookimpl\n{code}\n", "utf-8")
    result = run(MARK + "def test_it(halscope_session): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


FAILING = """
from halscope_hooks import hookimpl
class Failing:
    @hookimpl
    def halscope_update(self, frame):
        raise LookupError("nothing there")
plugin = Failing()
"""


def test_a_hook_that_fails_fails_the_test_with_its_traceback(author: pytest.Pytester, run: Run) -> None:
    (author.path / "sparkle/main.py").write_text(FAILING, "utf-8")
    result = run(MARK + "def test_it(halscope_session): halscope_session.step()")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*sparkle*halscope_update failed: LookupError('nothing there')*", "*main.py*"])


def test_a_failure_that_the_test_takes_is_no_failure_of_the_test(author: pytest.Pytester, run: Run) -> None:
    (author.path / "sparkle/main.py").write_text(FAILING, "utf-8")
    run(
        MARK
        + """
def test_it(halscope_session):
    halscope_session.step()
    (failure,) = halscope_session.take_failures()
    assert (failure.plugin, type(failure.error)) == ("sparkle", LookupError)
    assert halscope_session.take_failures() == ()
"""
    ).assert_outcomes(passed=1)


def test_a_hook_that_fails_while_it_is_loaded_fails_the_test(author: pytest.Pytester, run: Run) -> None:
    code = FAILING.replace("halscope_update(self, frame)", "halscope_codecs(self)")
    (author.path / "sparkle/main.py").write_text(code, "utf-8")
    result = run(MARK + "def test_it(halscope_session): pass")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*halscope_codecs failed: LookupError('nothing there')*"])


PICTURE = "def test_it(halscope_image): halscope_image.check(np.full((9, 9, 3), 7, np.uint8), 'view')"


def test_pictures_are_written_on_demand_and_compared_from_then_on(author: pytest.Pytester, run: Run) -> None:
    reference = author.path / "test_author" / "view.png"
    missing = run(PICTURE)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines([f"*{reference}: the reference picture does not exist yet*", "*--halscope-update*"])
    updated = run(PICTURE, "--halscope-update")
    updated.assert_outcomes(passed=1)
    updated.stdout.fnmatch_lines([f"halscope: wrote {reference}"])
    run(PICTURE).assert_outcomes(passed=1)
    differs = run(PICTURE.replace("7", "8"))
    differs.assert_outcomes(failed=1)
    differs.stdout.fnmatch_lines(["*81 of 81 pixels differ by more than 0 (the most by 1)*", "*view.difference.png*"])
    assert "_image.py" not in differs.stdout.str()  # the traceback ends in the author's own line
