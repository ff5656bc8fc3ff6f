"""The cores that tests run on: installed ones and those that HALSCOPE_TEST_CORES names, or a skip with the reason."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from halscope.hosts.libretro import INSTALL_HINT, available_cores
from halscope_hooks import Host

E2E_CORES: Final = ("snes9x", "bsnes-mercury-performance")
"""Those of end-to-end tests; bsnes-mercury's other profiles show the same: tests/lab."""


def cores_built_by_hand() -> list[Path]:
    """The paths in the environment variable HALSCOPE_TEST_CORES."""
    return [Path(path) for path in os.environ.get("HALSCOPE_TEST_CORES", "").split(os.pathsep) if path]


@cache
def _names() -> list[str]:
    """The names of the installed cores, best first: dozens of files ask for them when they are imported."""
    return [core.name for core in available_cores()]


def installed_cores() -> list[Any]:
    """Parameters for a test's `core` argument: the name of every installed core, best first, the others marked slow.

    Behind them the paths of cores that were built by hand, from the environment variable HALSCOPE_TEST_CORES.
    """
    names = _names()
    if names:
        return [
            names[0],
            *(pytest.param(name, marks=pytest.mark.slow) for name in names[1:]),
            *(pytest.param(str(path), marks=pytest.mark.slow, id=path.stem) for path in cores_built_by_hand()),
        ]
    return [pytest.param("", marks=pytest.mark.skip(reason=f"no libretro core is installed; {INSTALL_HINT}"))]


def two_cores() -> list[Any]:
    """Like `installed_cores`, but of bsnes-mercury's profiles only one."""
    profiles = [name for name in _names() if name.startswith("bsnes-mercury")][1:]
    return [core for core in installed_cores() if getattr(core, "values", (core,))[0] not in profiles]


def most_on_the_first(cores: Sequence[Any], values: Iterable[Any], on_others: Collection[Any]) -> list[Any]:
    """Parameters for a test's `core` and another argument: the first core with each value, the others with few.

    Args:
        cores: What `installed_cores` or `two_cores` returns, or names of cores.
        values: What the first core is tested with.
        on_others: Which of the values the other cores are tested with.
    """

    def both(core: Any, value: Any) -> Any:
        (name,), marks = (core.values, core.marks) if hasattr(core, "values") else ((core,), ())
        return pytest.param(name, value, marks=marks)

    wanted = list(values)
    return [
        *(both(cores[0], value) for value in wanted),
        *(both(core, value) for core in cores[1:] for value in wanted if value in on_others),
    ]


def need_rom(host: Host, core: str) -> None:
    """Skip the test if a core that was built by hand does not hand out the ROM, and nobody may search for it."""
    if "rom" not in host.info.writable and os.sep in core:
        pytest.skip("only the embedded host searches for the ROM")
