"""Start of the command, from the process's start to its end, beside Python's own.

Run with `pytest --benchmark-only tests/benchmarks/test_start_speed.py`. tests/cli/test_start.py holds what is imported.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest


@pytest.mark.parametrize(
    "arguments",
    [["-c", ""], ["-m", "halscope", "--version"], ["-m", "halscope", "--help"], ["-m", "halscope", "scan", "--help"]],
    ids=["bare Python", "--version", "--help", "scan --help"],
)
def test_the_start(benchmark: Any, arguments: list[str]) -> None:
    """Target: 0.15 s for --version and --help."""

    def start() -> None:
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)

    benchmark.pedantic(start, rounds=30, warmup_rounds=3)
