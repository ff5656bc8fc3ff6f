"""A short soak: random faults break no rule. `python tests/support/soak.py` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).resolve().parents[1] / "support" / "soak.py"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_crossed_and_nobody_waits_for_ever(seed: int) -> None:
    """In a process of its own: a deadlock ends it with all stacks."""
    command = [sys.executable, str(SOAK), "--snapshots", "2100", "--life", "300", "--seed", str(seed)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 breaches" in told.stdout
    assert told.stderr == ""
