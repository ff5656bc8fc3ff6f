"""The SA-1's memories through the tap, in the lab's SA-1 variant: what a game stages there, and edits of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from halscope.hosts.libretro import available_cores, find_core
from halscope.hosts.retroarch import RetroArchHost, tap_library
from halscope_hooks import HostError, Write
from support import taps
from support.lab_game import LabGame
from support.lab_variants import Variant

CORES = [core.name for core in available_cores() if core.name == "snes9x" or core.name.endswith("performance")]
UNUSED = 0x1F000  # where the game has nothing
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def truth(lab_variant: Callable[[str], Variant]) -> dict[str, Any]:
    return lab_variant("sa1")[1]


@pytest.fixture(scope="module", params=CORES)
def core(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def game(
    core: str, lab_variant: Callable[[str], Variant], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabGame]:
    """The game behind the tap, in a frontend of this process; started once, as the SA-1 takes its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALSCOPE_RUNTIME_DIR", str(tmp_path_factory.mktemp("rings")))
        patch.setenv("HALSCOPE_TAP_INNER", str(find_core(core)))
        with LabGame(str(tap_library()), lab_variant("sa1")[0]) as running:
            yield running


@pytest.fixture(scope="module")
def host(game: LabGame) -> Iterator[RetroArchHost]:
    with taps.attached() as host:
        game.go_to("embers")
        while host.poll(0) is not None:
            pass
        yield host


def test_snapshots_have_the_memories_that_the_core_has(game: LabGame, host: RetroArchHost) -> None:
    assert host.info.readable == game.host.info.readable
    assert host.info.writable - {"rom", "oam"} == game.host.info.writable - {"rom"}
    for _ in range(3):
        inside, outside = taps.step(game.host, host)
    assert inside.bwram is not None
    assert outside.bwram is not None
    assert inside.bwram.any()
    assert np.array_equal(outside.bwram, inside.bwram)
    assert (outside.iram is None) == (inside.iram is None)
    if inside.iram is not None:
        assert np.array_equal(outside.iram, inside.iram)  # type: ignore[arg-type]


def test_writes_reach_the_memories(game: LabGame, host: RetroArchHost, truth: dict[str, Any], core: str) -> None:
    taps.step(game.host, host)
    mirror = next(scene for scene in truth["scenes"] if scene["name"] == "embers")["mirror"]
    writes = [Write("bwram", mirror["bwram_offset"] + 2 * 5, b"\x1f\x7c")]
    if core == "snes9x":
        writes.append(Write("iram", 0x123, b"Halscope"))
    receipt = host.write(writes)
    for _ in range(3):
        _, outside = taps.step(game.host, host)
    assert receipt.done
    assert receipt.error is None, receipt.error
    assert outside.cgram[5] == 0x7C1F
    if core == "snes9x":
        assert outside.iram is not None
        assert outside.iram[0x123:0x12B].tobytes() == b"Halscope"
    with pytest.raises(HostError, match="bwram 0x1ffff to 0x20001 is outside its 0x20000 bytes"):
        host.write([Write("bwram", 0x1FFFF, b"\0\0")])


def test_an_edit_is_not_in_the_save_file(game: LabGame, host: RetroArchHost) -> None:
    session: Any = game.host._machine._session
    before = bytes(session.core.get_memory(0)[UNUSED : UNUSED + 8])
    receipt = host.write([Write("bwram", UNUSED, b"Halscope")])
    _, outside = taps.step(game.host, host)
    assert receipt.error is None
    assert outside.bwram is not None
    assert outside.bwram[UNUSED : UNUSED + 8].tobytes() == b"Halscope" != before
    assert bytes(session.core.get_memory(0)[UNUSED : UNUSED + 8]) == before  # as a frontend asks for it to store it
