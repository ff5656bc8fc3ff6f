"""The pytest plugin has no effect on unrelated test suites."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIGHT = """
import sys
def test_it(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("halscope")
    assert not {"numpy", "PIL", "halscope_hooks", "halscope.app", "halscope.session"} & sys.modules.keys()
"""


@pytest.mark.slow
def test_nothing_heavy_is_imported(author: pytest.Pytester) -> None:
    author.makepyfile(test_light=LIGHT)
    # pytest's other plugins import what they like.
    result = author.runpytest_subprocess(
        "-p", "no:benchmark", "-p", "no:hypothesispytest", "-o", "addopts=-p no:cacheprovider"
    )
    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_it_can_be_switched_off(author: pytest.Pytester) -> None:
    author.makepyfile(
        test_off="def test_it(pytestconfig): assert not pytestconfig.pluginmanager.has_plugin('halscope')"
    )
    author.runpytest_subprocess("-p", "no:halscope").assert_outcomes(passed=1)


def test_its_fixtures_marker_options_and_settings_tell_about_themselves(author: pytest.Pytester) -> None:
    told = {
        "--fixtures": ("halscope_recording*", "halscope_replay*", "halscope_frames*", "halscope_session*", "*_image*"),
        "--markers": ("@pytest.mark.halscope(recording=PATH*",),
        "--help": ("*--halscope-update*", "*--halscope-record=ROM*", "*halscope_recordings (string):*"),
    }
    for option, lines in told.items():
        author.runpytest_inprocess(option).stdout.fnmatch_lines_random([*lines])


@pytest.mark.slow
def test_the_front_door_still_holds_what_it_names() -> None:
    code = "import halscope; assert all(getattr(halscope, name) is not None for name in halscope.__all__); halscope.nil"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert "AttributeError: module 'halscope' has no attribute 'nil'" in done.stderr
