"""`halscope attach mesen2` as a user runs it: a sheet appears, is edited, and the game shows it; and `--script`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from halscope.cli import main
from halscope.hosts.mesen2 import script_path
from support.attached import PATIENCE, Attached, repaint, shows, whole_sheets
from support.mesen import StandIn, needs_lua
from support.mesen_demo import announced


@needs_lua
@pytest.mark.slow
def test_an_edited_sheet_is_on_the_screen_of_the_core_behind_the_script(emulator: StandIn, tmp_path: Path) -> None:
    sheets = tmp_path / "sheets"
    with Attached(tmp_path, "mesen2", "--watch", sheets, "--outline", "changed") as attach:

        def until(condition: Callable[[], bool]) -> None:
            end = time.monotonic() + PATIENCE
            while not condition():
                assert attach.process.poll() is None, attach.text
                assert time.monotonic() < end, attach.text
                emulator.run_frame(announced(emulator))
                time.sleep(0.002)

        until(lambda: len(whole_sheets(sheets)) > 2)
        png = whole_sheets(sheets)[-1]
        name = repaint(png)
        until(lambda: f"{name}: applied to the game at frame" in attach.text)
        until(lambda: emulator.snapshot.picture is not None and shows(emulator.snapshot.picture, png))
        until(lambda: any(what == "rectangle" for what, _ in emulator.drawn))
        assert any("edit written" in text for text in emulator.messages)
        attach.interrupt()
        end = time.monotonic() + PATIENCE
        while attach.process.poll() is None:
            assert time.monotonic() < end, attach.text
            emulator.run_frame()
        assert attach.process.returncode == 0, attach.text
        assert "Traceback" not in attach.text


def test_script_prints_the_path_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attach", "mesen2", "--script"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{script_path()}\n"
    assert printed.err == ""
    assert script_path().is_file()
