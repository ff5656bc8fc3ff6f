"""What the composed screen reports beyond its pixels, which test_composition_on_cores compares with real cores."""

from dataclasses import replace

import numpy as np
import pytest
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.ppu import compose, obj
from halscope.ppu.oam import OamEntry
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st
from support import probe_rom
from support.examples import examples
from support.oam import pack_oam
from support.ppu_states import add_layers, noise


def solid(*entries: OamEntry, **registers: int) -> Snapshot:
    """VRAM of tiles in colour 1 of their palette; every palette's colour 1 is its number."""
    cgram = np.zeros(256, np.uint16)
    cgram[1::16] = np.arange(16)
    vram = np.tile(np.array([0xFF, 0] * 8 + [0] * 16, np.uint8), 2048)
    ppu = probe_rom.expected_registers({"tm": 0x10} | registers)
    return Snapshot(vram=vram, cgram=cgram, oam=pack_oam(entries), ppu=ppu)


def test_the_lower_index_is_in_front_whatever_the_priority_bits() -> None:
    plane = obj.compose_plane(solid(OamEntry(10, 10, 0, priority=0), OamEntry(12, 10, 0, priority=3)), 0)
    assert plane.owner[10, 9:21].tolist() == [-1, *[0] * 8, 1, 1, -1]
    assert plane.owner[9].max() == plane.owner[18].max() == -1
    assert plane.colours[10, 10] == 129
    assert plane.priority[10, 17:20].tolist() == [0, 3, 3]


def test_a_sprite_at_the_bottom_wraps_to_the_top_and_one_at_the_left_is_cut() -> None:
    plane = obj.compose_plane(solid(OamEntry(-3, 252, 0)), 0)
    assert np.argwhere(plane.owner == 0).tolist() == [[y, x] for y in range(4) for x in range(5)]


def test_a_layer_in_front_hides_a_sprite_from_the_owners() -> None:
    snapshot = solid(OamEntry(0, 0, 0), OamEntry(100, 0, 0, priority=3), tm=0x11, bgmode=1)
    screen = compose.compose_screen(decode_frame(snapshot))  # BG1 is solid: its map's word is 0x00FF, low priority
    assert screen.owner[0, 0] == -1
    assert screen.owner[0, 100] == 1


def test_forced_blank_shows_nothing_and_owns_nothing() -> None:
    screen = compose.compose_screen(decode_frame(solid(OamEntry(0, 0, 0), inidisp=0x8F)))
    assert not screen.rgb.any()
    assert (screen.owner == -1).all()


def test_unknown_registers_are_named_not_guessed() -> None:
    snapshot = solid(tm=0x11, bgmode=1)
    with pytest.raises(UsageError, match=r"INIDISP, TM"):
        compose.compose_screen(decode_frame(replace(snapshot, ppu=PpuRegisters(obsel=0))))
    with pytest.raises(UsageError, match="BG1SC"):
        compose.compose_screen(decode_frame(replace(snapshot, ppu=replace(snapshot.ppu, bg1sc=None))))


def test_what_is_left_out_is_said() -> None:
    snapshot = solid(tm=0x10)
    assert compose.compose_screen(decode_frame(snapshot)).ignored == ()
    for changes, word in (
        ({"obsel": None}, "OBSEL"),
        ({"oamadd": None}, "OAMADD"),
        ({"setini": None}, "SETINI"),
        ({"setini": 0x08}, "pseudo"),
        ({"setini": 0x02}, "interlace"),
        ({"tmw": None}, "windows"),
        ({"cgwsel": None}, "colour math"),
        ({"bgmode": 5}, "hi-res"),
    ):
        frame = decode_frame(replace(snapshot, ppu=replace(snapshot.ppu, **changes)))
        assert any(word in reason for reason in compose.compose_screen(frame).ignored), word
    raster = compose.compose_screen(decode_frame(replace(snapshot, raster_effects="some")))
    assert any("raster" in reason for reason in raster.ignored)


@pytest.mark.parametrize(
    ("mode", "setini", "depths"),
    [
        (0, 0, [2, 2, 2, 2]),
        (1, 0, [4, 4, 2]),
        (3, 0, [8, 4]),
        (5, 0, [4, 2]),
        (6, 0, [4]),
        (7, 0, [8]),
        (7, 0x40, [8, 8]),
    ],
)
def test_a_mode_has_its_layers(mode: int, setini: int, depths: list[int]) -> None:
    rng = np.random.default_rng(mode)
    state = noise(rng, setini=setini)
    add_layers(state, rng, mode)
    snapshot = state.snapshot()
    width = 512 if mode in (5, 6) else 256
    layers = decode_frame(snapshot, layers=True).layers
    assert len(layers) == len(depths)
    for layer, index, bpp in zip(layers, range(1, 5), depths, strict=False):
        assert (layer.index, layer.bpp) == (index, bpp)
        assert layer.colours.shape == layer.opaque.shape == layer.priority.shape == (224, width)
        assert layer.priority.max() <= 1
        assert not layer.colours[~layer.opaque].any()


def test_the_picture_starts_one_line_below_the_scroll() -> None:
    snapshot = solid(bgmode=0, bg1sc=0x40, bg1vofs=0x3FF)
    vram = np.zeros(0x10000, np.uint8)
    vram[16:18] = 0xFF  # the first row of tile 1
    vram[0x8000] = 1  # the map's first entry
    layer = decode_frame(replace(snapshot, vram=vram), layers=True).layers[0]
    assert np.argwhere(layer.opaque).tolist() == [[0, x] for x in range(8)]


@examples(40)
@given(st.integers(0, 2**32))
def test_random_states_compose(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = noise(rng)
    state.oam = rng.integers(0, 256, 544).astype(np.uint8)
    state.registers = probe_rom.random_registers(rng) | {"setini": int(rng.integers(256))}
    screen = compose.compose_screen(decode_frame(state.snapshot()))
    lines = 239 if state.registers["setini"] & 4 else 224
    assert screen.rgb.shape == (lines, 256, 3)
    assert screen.owner.shape == (lines, 256)
    assert -1 <= screen.owner.min() <= screen.owner.max() <= 127
