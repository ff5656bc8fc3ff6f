"""The cores that the end-to-end tests run on: each that is installed; a missing one is skipped by name."""

from __future__ import annotations

import pytest
from halscope.hosts.libretro import available_cores

CORES = ("snes9x", "bsnes-mercury-accuracy")


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name not in {found.name for found in available_cores()}:
        pytest.skip(f"the core {name} is not installed")
    return name
