"""The cores that tests run on: all installed ones, or a skip with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from halscope.hosts.libretro import INSTALL_HINT, available_cores


def installed_cores() -> list[Any]:
    """Parameters for a test's `core` argument: the name of every installed core, best first, the others marked slow."""
    names = [core.name for core in available_cores()]
    if names:
        return [names[0], *(pytest.param(name, marks=pytest.mark.slow) for name in names[1:])]
    return [pytest.param("", marks=pytest.mark.skip(reason=f"no libretro core is installed; {INSTALL_HINT}"))]
