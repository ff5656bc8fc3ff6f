"""The table of speeds can be printed, and its plot drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

SCRIPT = Path(__file__).with_name("table.py")


@pytest.mark.slow
def test_the_table_has_a_row_for_each_target_and_the_plot_a_line_for_each_kind(tmp_path: Path) -> None:
    plot = tmp_path / "speed.svg"
    command: list[str | Path] = [sys.executable, SCRIPT, "--quick", "--plot", plot]
    told = subprocess.run(command, capture_output=True, check=True, text=True, encoding="utf-8").stdout
    lines = [line.split(" | ") for line in told.splitlines() if line.startswith("| ")][1:]
    assert all(len(line) == 5 for line in lines)
    for start in (
        "decode",
        "encode minimally",
        "encode fast",
        "scan",
        "index",
        "load",
        "look up",
        "a VRAM",
        "two threads",
    ):
        assert any(line[0].startswith(f"| {start}") for line in lines), start

    drawing = ElementTree.fromstring(plot.read_text(encoding="utf-8"))
    names = {text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {"decode", "encode, fast", "encode, optimal"} <= names
