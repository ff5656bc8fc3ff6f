"""The README's Python examples run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from halscope import hal
from halscope.cli._arguments import _COMMANDS
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
BLOCK_AT = 0x1A403


@pytest.mark.skipif(not available_cores(), reason="no libretro core")
def test_the_running_game_is_looked_at_from_the_front_door(tmp_path: Path) -> None:
    with rom_path() as rom:
        shutil.copy(rom, tmp_path / "game.sfc")
    code = EXAMPLES[0]
    assert set(re.findall(r"^(?:from|import) (\S+)", code, re.MULTILINE)) == {"halscope"}, "the front door is enough"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > 5
    assert all(re.match(r"\d+ -?\d+ \d+ Origin\(codec='(hal|raw)', block_offset=\d+, ", line) for line in lines)


def test_the_parts_work_without_an_emulator() -> None:
    data = np.arange(256, dtype=np.uint8)
    names = {
        "vram": np.zeros(65536, np.uint8),
        "cgram": np.zeros(256, np.uint16),
        "oam": np.zeros(544, np.uint8),
        "rom": bytes(BLOCK_AT) + hal.encode(data) + bytes(16),
    }
    exec(EXAMPLES[1], names)
    assert len(names["frame"].sprites) == 128  # type: ignore[attr-defined]
    np.testing.assert_array_equal(names["block"].data, data)  # type: ignore[attr-defined]
    assert names["packed"] == hal.encode(data)


def test_every_command_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`[a-z]+`(?:, `[a-z]+`)*) \|", README, re.MULTILINE)
    told = sorted(name for row in rows for name in re.findall(r"[a-z]+", row))
    assert told == sorted(name for _, names in _COMMANDS for name in names)


def test_every_document_is_linked() -> None:
    written = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*/*.md")}
    linked = set(re.findall(r"\]\((docs/[^)#]+)", README))
    assert {path for path in written if not path.startswith("docs/decisions/")} <= linked
    assert all((ROOT / path).exists() for path in linked)
