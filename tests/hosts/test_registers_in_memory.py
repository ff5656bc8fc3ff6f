"""A core in a process of its own: its registers are read from its memory, once some states have proven the places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from halscope.formats import snes9x
from halscope.formats.bsnes_state import parse_state as parse_bsnes
from halscope.hosts.libretro import LibretroHost, available_cores
from halscope.hosts.libretro.video_state import MercuryReader, Snes9xReader
from support import probe_rom
from support.cores import most_on_the_first

CORES = [core.name for core in available_cores()]
PROVEN_WITHIN = 60  # frames


def random_rom(seed: int) -> bytes:
    """A ROM that sets all registers, OAM, CGRAM and the DMA channels to random values."""
    rng = np.random.default_rng(seed)
    registers = probe_rom.random_registers(rng) | {"inidisp": 15}
    colours = rng.integers(0, 0x8000, 256).astype("<u2")
    channels = [(0x4300 + n, int(rng.integers(1, 255))) for n in range(0x80) if n % 16 < 11]
    cpu = [*channels, (0x4207, 0x55), (0x4209, 0x66)]
    return probe_rom.build(rng.bytes(0x10000), colours, rng.bytes(544), registers, cpu=cpu)


def proven(host: LibretroHost) -> bool:
    reader = host._reader
    if isinstance(reader, Snes9xReader):
        places = reader._places
        return places is not None and places._memory is not None and places._agreed >= 8
    assert isinstance(reader, MercuryReader)
    return reader._places is not None and reader._places.proven


def run_until_proven(host: LibretroHost) -> None:
    for _ in range(PROVEN_WITHIN):
        host.run_frame()
        if proven(host):
            return
    raise AssertionError("the places are not proven")


@pytest.mark.parametrize(("core", "seed"), most_on_the_first(CORES, (5, 6), (5,)))
def test_what_is_read_from_memory_is_what_a_state_says(core: str, seed: int) -> None:
    with LibretroHost(random_rom(seed), core, own_process=True) as host:
        run_until_proven(host)
        for _ in range(3):
            seen = host.run_frame()
            state = host.save_state()
            told = snes9x.parse_state(state) if "snes9x" in core else parse_bsnes(state)
            assert seen.registers is not None
            assert (seen.registers.ppu, seen.registers.cpu, seen.field) == (told.ppu, told.cpu, told.field)
            assert seen.cgram.tobytes() == told.cgram.tobytes()
            assert seen.oam.tobytes() == told.oam.tobytes()


@pytest.mark.parametrize("core", CORES)
def test_places_are_proven_in_a_game_that_began_with_a_state(core: str) -> None:
    with LibretroHost(random_rom(7), core, own_process=True) as host:
        host.run_frame()
        host.load_state(host.save_state())  # snes9x leaves rests between the fields that a state has
        run_until_proven(host)


@pytest.mark.skipif("snes9x" not in CORES, reason="no snes9x core is installed")
def test_memory_that_differs_from_a_state_is_not_believed_any_more() -> None:
    with LibretroHost(random_rom(5), "snes9x", own_process=True) as host:
        run_until_proven(host)
        assert isinstance(host._reader, Snes9xReader)
        places = host._reader._places
        assert places is not None
        assert places.read() is not None
        host.load_state(host.save_state())
        assert places.read() is None  # a state has to agree first
        state = host.save_state()
        fields = snes9x.parse_state(state)
        places.prove(state, fields)
        assert places.read() is not None
        places.prove(state, replace(fields, oam=fields.oam ^ np.uint8(1)))
        assert places.given_up
        assert places.read() is None
