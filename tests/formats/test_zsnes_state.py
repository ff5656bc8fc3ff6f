"""ZSNES's savestates are read from their fixed places, and damaged ones are refused with a reason."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.dumps import load_states
from halscope.formats.zsnes_state import parse_state
from halscope_hooks import FormatError, PpuRegisters, Snapshot
from hypothesis import given
from hypothesis import strategies as st
from support import probe_rom
from support.examples import examples
from support.zsnes_file import build_state

RNG = np.random.default_rng(143)
_NOT_STORED = dict.fromkeys(("oamadd", "cgadd", "m7hofs", "m7vofs"))
_MASKS = {"bg12nba": 0x77, "bg34nba": 0x77, "obsel": 0xFB, "inidisp": 0x8F}
_MASKS |= dict.fromkeys(("tm", "ts"), 0x1F) | {f"bg{n}sc": 0x7F for n in range(1, 5)}


def registers(seed: int) -> PpuRegisters:
    values = probe_rom.random_registers(np.random.default_rng(seed))
    return PpuRegisters(**{name: value & _MASKS.get(name, 0xFFFF) for name, value in values.items()})


SNAPSHOT = Snapshot(
    vram=RNG.integers(0, 256, 0x10000, np.uint8),
    cgram=RNG.integers(0, 0x8000, 256, np.uint16),
    oam=RNG.integers(0, 256, 544, np.uint8),
    wram=RNG.integers(0, 256, 0x20000, np.uint8),
    ppu=registers(0),
)
STATE = build_state(SNAPSHOT)


@pytest.mark.parametrize("version", ["V0.6", "V143"])
def test_every_memory_is_read_from_its_place(version: str) -> None:
    state = build_state(SNAPSHOT, version=version)
    fields = parse_state(state)
    assert fields.version == version
    for name in ("vram", "cgram", "oam", "wram"):
        assert np.array_equal(getattr(fields, name), getattr(SNAPSHOT, name)), name
    for at, memory in ((0xC13, SNAPSHOT.wram), (0x20C13, SNAPSHOT.vram), (0x218, SNAPSHOT.oam)):
        assert memory is not None
        assert state[at : at + memory.size] == memory.tobytes()


@pytest.mark.parametrize("seed", range(8))
def test_each_register_is_what_the_game_wrote(seed: int) -> None:
    ppu = registers(seed)
    assert parse_state(build_state(replace(SNAPSHOT, ppu=ppu))).ppu == replace(ppu, **_NOT_STORED)


@pytest.mark.parametrize("obsel", [size << 5 | rest for size in range(8) for rest in (0, 3, 0x0A, 0x1B)])
def test_obsel_is_put_together_again(obsel: int) -> None:
    snapshot = replace(SNAPSHOT, ppu=replace(SNAPSHOT.ppu, obsel=obsel))
    assert parse_state(build_state(snapshot)).ppu.obsel == obsel


def test_overscan_is_the_number_of_lines() -> None:
    ppu = replace(SNAPSHOT.ppu, setini=0x45)
    assert parse_state(build_state(replace(SNAPSHOT, ppu=ppu))).ppu.setini == 0x45


def test_sizes_that_no_register_gives_leave_obsel_unknown() -> None:
    state = bytearray(STATE)
    state[72 + 17] = 2
    assert parse_state(state).ppu.obsel is None


def test_other_files_are_refused_with_the_reason() -> None:
    for wrong, message in (
        (STATE[: 0x30C13 - 1], "truncated"),
        (STATE[:26], "truncated"),
        (STATE[:22] + b"V144" + STATE[26:], "version b'V144' is not known"),
        (b"z" + STATE[1:], "begins with"),
    ):
        with pytest.raises(FormatError, match=message):
            parse_state(wrong)


@examples(200)
@given(st.data())
def test_damage_raises_nothing_but_a_format_error(data: st.DataObject) -> None:
    state = bytearray(STATE)
    for _ in range(data.draw(st.integers(1, 16))):
        state[data.draw(st.integers(0, 3091))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError):
        parse_state(bytes(state[: data.draw(st.integers(0, len(state)))] if data.draw(st.booleans()) else state))


def test_a_state_is_recognised_among_other_files(tmp_path: Path) -> None:
    path = tmp_path / "game.zs1"
    path.write_bytes(STATE)
    (loaded,) = load_states([path], obsel=0)
    assert loaded.snapshot.ppu.obsel == SNAPSHOT.ppu.obsel
    assert np.array_equal(loaded.snapshot.vram, SNAPSHOT.vram)
