"""Each test has a folder of its own in which emulator and Halscope meet, and no listener is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from halscope.demo import rom_path
from halscope.hosts.mesen2 import MesenHost
from support.mesen import StandIn, close_listener
from support.mesen_demo import attached


@pytest.fixture(autouse=True)
def meeting_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    close_listener()  # a test of `doctor` or `attach` in this process may have left one open
    folder = tmp_path / "meeting"
    monkeypatch.setenv("HALSCOPE_MESEN_DIR", str(folder))
    yield folder
    close_listener()


@pytest.fixture
def demo() -> Iterator[Path]:
    with rom_path() as path:
        yield path


@pytest.fixture
def emulator(demo: Path) -> Iterator[StandIn]:
    with StandIn(demo) as running:
        yield running


@pytest.fixture
def host(emulator: StandIn) -> Iterator[MesenHost]:
    with attached(emulator) as running:
        yield running
