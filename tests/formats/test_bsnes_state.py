"""A bsnes-mercury state is read without its core, wherever the cartridge has moved it. (tests/hosts has real ones.)"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from halscope.formats import bsnes
from halscope.formats.bsnes_state import locate, parse_state
from halscope.formats.dumps import load_states
from halscope_hooks import FormatError
from hypothesis import given
from hypothesis import strategies as st
from support.bsnes_state import HASH, build_state
from support.state_files import rastate

PROFILES = sorted(bsnes.LAYOUTS)
RNG = np.random.default_rng(27)
VRAM, CGRAM, OAM, WRAM = RNG.bytes(0x10000), RNG.bytes(512), RNG.bytes(544), RNG.bytes(0x20000)
STATES = {profile: build_state(profile, VRAM, CGRAM, OAM, wram=WRAM, obsel=0x63) for profile in PROFILES}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("cartridge", [0, 0x800, 0x2000, 0x20000, 12345])
@pytest.mark.parametrize("clock", [21477272, 21281370], ids=["ntsc", "pal"])
def test_every_memory_is_found_behind_any_cartridge(profile: bsnes.Profile, cartridge: int, clock: int) -> None:
    ram = np.random.default_rng(cartridge).bytes(cartridge)
    fields = parse_state(build_state(profile, VRAM, CGRAM, OAM, wram=WRAM, cartridge=ram, clock=clock, obsel=0x63))
    assert (fields.profile, fields.rom_sha256, fields.ppu.obsel) == (profile, HASH, 0x63)
    assert (fields.vram.tobytes(), fields.oam.tobytes(), fields.wram.tobytes()) == (VRAM, OAM, WRAM)
    assert fields.cgram.astype("<u2").tobytes() == CGRAM


@pytest.mark.parametrize("profile", PROFILES)
def test_a_copy_of_the_clocks_in_the_cartridges_memory_misleads_nobody(profile: bsnes.Profile) -> None:
    clocks = (24607104).to_bytes(4, "little") + (21477272).to_bytes(4, "little")
    fields = parse_state(build_state(profile, VRAM, CGRAM, OAM, wram=WRAM, cartridge=clocks * 4096))
    assert fields.vram.tobytes() == VRAM


@pytest.mark.parametrize(
    ("line", "knows_cpu", "knows_address"), [(100, False, False), (225, True, True), (241, True, False)]
)
def test_what_a_state_cannot_tell_off_the_start_of_vblank_is_unknown(
    line: int, knows_cpu: bool, knows_address: bool
) -> None:
    fields = parse_state(build_state("accuracy", VRAM, CGRAM, OAM, line=line))
    assert (fields.cpu is not None, fields.ppu.cgadd is not None) == (knows_cpu, knows_address)


@pytest.mark.parametrize("profile", PROFILES)
def test_other_states_are_refused_with_the_reason(profile: bsnes.Profile) -> None:
    state = STATES[profile]
    for wrong, message in (
        (state[:4] + b"\x1c" + state[5:], "version 28"),
        (state[:584] + b"Compat".ljust(16, b"\0") + state[600:], "the profile is 'compat'"),
        (state[:-1], "ends before"),
        (state[:700], "clocks of CPU"),
        (b"BST1", "version 0"),
        (build_state(profile, VRAM, CGRAM, OAM, clock=20_000_000), "clocks of CPU"),
    ):
        with pytest.raises(FormatError, match=message):
            parse_state(wrong)


def test_a_header_without_a_hash_names_no_rom() -> None:
    state = STATES["accuracy"]
    assert parse_state(state[:8] + bytes(64) + state[72:]).rom_sha256 is None


@pytest.mark.parametrize("profile", PROFILES)
def test_a_file_is_loaded_bare_and_from_retroarchs_container(profile: bsnes.Profile, tmp_path: Path) -> None:
    for name, data in (("bare.state", STATES[profile]), ("rastate.state", rastate(STATES[profile]))):
        (tmp_path / name).write_bytes(data)
        snapshot = load_states([tmp_path / name])[0].snapshot
        assert snapshot.vram.tobytes() == VRAM
        assert snapshot.rom is not None
        assert snapshot.rom.sha256 == HASH
        assert snapshot.ppu.obsel == 0x63


@given(
    profile=st.sampled_from(PROFILES),
    changes=st.lists(st.tuples(st.integers(0, 1 << 19), st.binary(min_size=1, max_size=8)), max_size=6),
    cut=st.one_of(st.just(0), st.integers(0, 1 << 19)),
)
def test_any_damage_gives_fields_or_a_format_error(
    profile: bsnes.Profile, changes: list[tuple[int, bytes]], cut: int
) -> None:
    state = bytearray(STATES[profile])
    for at, data in changes:
        at %= len(state)
        state[at : at + len(data)] = data
    with contextlib.suppress(FormatError):
        fields = parse_state(state[: max(0, len(state) - cut)])
        assert (fields.vram.size, fields.cgram.size, fields.oam.size, fields.wram.size) == (65536, 256, 544, 131072)


@given(st.binary(max_size=2000), st.sampled_from(PROFILES))
def test_noise_behind_a_header_is_no_state(noise: bytes, profile: bsnes.Profile) -> None:
    with pytest.raises(FormatError):
        locate(STATES[profile][:600] + noise)
