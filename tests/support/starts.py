"""In workers of `pytest -n`, commands and cores' processes start prepared, see `prepared`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support import prepared


def pytest_configure(config: pytest.Config) -> None:
    """In a worker: begin its prepared process. Without workers or slow tests, or with a sanitizer, programs start as
    ever."""
    is_quick = config.getoption("markexpr", "") == "not slow"  # few of these start something
    if not hasattr(config, "workerinput") or is_quick or sys.platform != "linux" or "LD_PRELOAD" in os.environ:
        return
    own = prepared.prepared = prepared.Prepared.begin()
    config.add_cleanup(own.close)
    subprocess.Popen = prepared.PreparedPopen  # type: ignore[misc]


@pytest.fixture
def started_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests about how a program starts, or about what it imports: it is one of its own from its first line on."""
    monkeypatch.setattr(prepared, "prepared", None)
