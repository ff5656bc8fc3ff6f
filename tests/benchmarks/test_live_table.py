"""The table of sessions can be printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from halscope.hosts.libretro import available_cores

SCRIPT = Path(__file__).with_name("live_table.py")


@pytest.mark.slow
def test_the_table_has_a_row_for_each_target() -> None:
    command = [sys.executable, str(SCRIPT), "--quick"]
    told = subprocess.run(command, capture_output=True, check=True, text=True, encoding="utf-8").stdout
    lines = [line.split(" | ") for line in told.splitlines() if line.startswith("| ")][1:]
    assert all(len(line) == 4 for line in lines)
    starts = ["snapshot in", "cancel of an index", "cancel of a minimal", "stop", "20 sessions", "soak"]
    if available_cores():
        starts += ["host's thread", "replay", "recording", "ten minutes"]
    for start in starts:
        assert any(line[0].startswith(f"| {start}") for line in lines), start
    assert " 0 breaches" in told
