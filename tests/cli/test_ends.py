"""What opens a window when a command ends."""

from __future__ import annotations

import json
import sys
import webbrowser
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from halscope.cli import demo, main


@dataclass
class Report:
    """What a tour leaves behind."""

    emulator: str = "a core"
    pictures: list[str] = field(default_factory=list)
    patch: str = "edit.bps"
    stays_changed: bool = True
    patched_rom_shows_the_same: bool = True


@pytest.mark.parametrize(
    ("arguments", "terminal", "opens"),
    [
        ((), True, True),
        ((), False, False),
        (("--json",), True, False),
        (("--out", "seen"), True, False),
        (("--headless",), True, False),
        (("--headless", "--json", "--out", "seen"), True, False),
    ],
)
def test_the_overview_opens_for_people_and_never_for_scripts(
    arguments: tuple[str, ...],
    terminal: bool,
    opens: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    opened: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setattr(demo, "run_tour", lambda *_: Report())
    monkeypatch.setattr(demo, "on_terminal", lambda _stream: terminal)
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert main(["demo", *arguments]) == 0
    assert bool(opened) == opens, sys.platform
    printed = capsys.readouterr().out
    assert "--json" not in arguments or json.loads(printed) == asdict(Report())
