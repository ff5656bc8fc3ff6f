"""The guides' code type-checks under `mypy --strict` as its author would run it: without a configuration."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[2] / "docs/how-to"


def python_blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (HOW_TO / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_guides_code_type_checks_without_a_workaround(tmp_path: Path) -> None:
    modules = [python_blocks("write-a-plugin.md")[0], *python_blocks("contribute-parts.md")]
    assert len(modules) == 4, "an exporter, a codec, a game profile and a host"
    for number, module in enumerate(modules):
        (tmp_path / f"plugin{number}.py").write_text(module, "utf-8")
    (tmp_path / "test_sparkle.py").write_text(python_blocks("test-a-plugin.md")[0], "utf-8")
    every = "from halscope.testing import Frames, ImageCheck, PluginSession, ReplayHost\n"
    (tmp_path / "names.py").write_text(every + "import halscope\nreveal_type(ReplayHost.step)\n", "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    files = [path.name for path in tmp_path.glob("*.py")]
    done = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Snapshot | None" in done.stdout, "the types are known, not Any"
