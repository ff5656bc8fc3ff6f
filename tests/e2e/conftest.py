"""The cores that end-to-end tests run on, and the rates that they measure, printed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from halscope.hosts.libretro import available_cores
from support.cores import E2E_CORES as CORES

MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture(params=[CORES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in CORES[1:])])
def core(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name not in {found.name for found in available_cores()}:
        pytest.skip(f"the core {name} is not installed")
    return name


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line to the end of the run."""
    return request.config.stash.setdefault(MEASURED, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(MEASURED, [])
    if lines:
        terminalreporter.section("measured on the cores")
        for line in lines:
            terminalreporter.write_line(line)
