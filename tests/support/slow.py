"""Which tests are slow although nobody marked them: those of a file that uses what runs a core or another program.

A test of such a file that takes a tenth of a second is marked `quick`.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

import pytest

STARTERS: Final = (
    "halscope.hosts.embedded",
    "halscope.hosts.libretro.host",
    "multiprocessing",
    "subprocess",
    "support.bare_core",
    "support.core_console",
    "support.demo_console",
    "support.demo_game",
    "support.lab_game",
    "support.lab_tour",
    "support.lab_variants",
    "support.mesen",
    "support.retroarch_process",
    "support.server_process",
    "support.small_core",
    "support.terminals",
)
"""Modules that start a core or a program, and packages of them."""


def starts_something(module: ModuleType) -> bool:
    """Whether a module has imported one of `STARTERS`, or something that is defined there."""
    for value in vars(module).values():
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(name, str) and any(name == starter or name.startswith(f"{starter}.") for starter in STARTERS):
            return True
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, before `-m 'not slow'` is heeded."""
    starting: dict[ModuleType, bool] = {}
    for item in items:
        if isinstance(item, pytest.Function) and not any(map(item.get_closest_marker, ("slow", "quick"))):
            if item.module not in starting:
                starting[item.module] = starts_something(item.module)
            if starting[item.module]:
                item.add_marker(pytest.mark.slow)
