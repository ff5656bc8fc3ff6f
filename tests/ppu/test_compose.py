"""What the composed screen reports beyond its pixels, which test_composition_on_cores compares with real cores."""

from dataclasses import replace

import numpy as np
import pytest
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.ppu import compose
from halscope.ppu.compose import Screen
from halscope.ppu.oam import OamEntry
from halscope_hooks import RASTER_DTYPE, RasterWrites, UsageError
from hypothesis import given
from hypothesis import strategies as st
from support import probe_rom
from support.examples import examples
from support.oam import pack_oam
from support.plain_screen import DEPTHS, Painter, rows_of
from support.ppu_states import add_colour_math, add_layers, add_sprites, add_windows, noise


def solid(*entries: OamEntry, **registers: int) -> Snapshot:
    """VRAM of tiles in colour 1 of their palette; every palette's colour 1 is its number."""
    cgram = np.zeros(256, np.uint16)
    cgram[1::16] = np.arange(16)
    vram = np.tile(np.array([0xFF, 0] * 8 + [0] * 16, np.uint8), 2048)
    ppu = probe_rom.expected_registers({"tm": 0x10} | registers)
    return Snapshot(vram=vram, cgram=cgram, oam=pack_oam(entries), ppu=ppu)


def composed(snapshot: Snapshot) -> Screen:
    return compose.compose_screen(decode_frame(snapshot))


def test_the_lower_index_is_in_front_whatever_the_priority_bits() -> None:
    snapshot = solid(OamEntry(10, 10, 0, palette=2, priority=0), OamEntry(12, 10, 0, priority=3))
    screen = composed(snapshot)
    assert screen.owner[10, 9:21].tolist() == [-1, *[0] * 8, 1, 1, -1]
    assert screen.owner[9].max() == screen.owner[18].max() == -1
    assert screen.colours[10, 10] == 10  # OBJ palette 2 is CGRAM's palette 10
    assert not screen.range_over.any()
    assert not screen.time_over.any()


def test_a_sprite_at_the_bottom_wraps_to_the_top_and_one_at_the_left_is_cut() -> None:
    screen = composed(solid(OamEntry(-3, 252, 0)))
    assert np.argwhere(screen.owner == 0).tolist() == [[y, x] for y in range(4) for x in range(5)]


def test_a_layer_in_front_hides_a_sprite_from_the_owners() -> None:
    snapshot = solid(OamEntry(0, 0, 0), OamEntry(100, 0, 0, priority=3), tm=0x11, bgmode=1)
    screen = composed(snapshot)  # BG1 is solid: its map's word is 0x00FF, low priority
    assert screen.owner[0, 0] == -1
    assert screen.owner[0, 100] == 1


def test_forced_blank_shows_nothing_and_owns_nothing() -> None:
    screen = composed(solid(OamEntry(0, 0, 0), inidisp=0x8F))
    assert not screen.rgb.any()
    assert (screen.owner == -1).all()


def test_unknown_registers_are_named_not_guessed() -> None:
    snapshot = solid(tm=0x11, bgmode=1)
    with pytest.raises(UsageError, match=r"INIDISP, TM"):
        composed(replace(snapshot, ppu=PpuRegisters(obsel=0)))
    with pytest.raises(UsageError, match="BG1SC"):
        composed(replace(snapshot, ppu=replace(snapshot.ppu, bg1sc=None)))


def test_what_is_left_out_is_said() -> None:
    snapshot = solid(tm=0x10)
    assert composed(snapshot).ignored == ()
    for changes, word in (
        ({"obsel": None}, "OBSEL"),
        ({"oamadd": None}, "OAMADD"),
        ({"setini": None}, "SETINI"),
        ({"setini": 0x02}, "field"),
        ({"tmw": None}, "windows"),
        ({"cgwsel": None}, "colour math"),
    ):
        screen = composed(replace(snapshot, ppu=replace(snapshot.ppu, **changes)))
        assert any(word in reason for reason in screen.ignored), word
    for changes in ({"setini": 0x01}, {"setini": 0x08}, {"bgmode": 5}):
        assert composed(replace(snapshot, ppu=replace(snapshot.ppu, **changes))).ignored == ()
    assert composed(replace(snapshot, ppu=replace(snapshot.ppu, setini=2), field=0)).ignored == ()
    raster = composed(replace(snapshot, raster_effects="some"))
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


def random_state(seed: int) -> Snapshot:
    """Any registers, sprites and layers; half of the time with a mode's usual layers, windows and colour math."""
    rng = np.random.default_rng(seed)
    state = noise(rng)
    if seed % 2:
        state.oam = rng.integers(0, 256, 544).astype(np.uint8)
        state.registers = probe_rom.random_registers(rng)
    else:
        add_layers(state, rng, seed // 2 % 8)
        add_sprites(state, rng, int(rng.integers(128)))
        add_windows(state, rng)
        add_colour_math(state, rng)
        state.registers["mosaic"] = int(rng.integers(256))
    state.registers["setini"] = int(rng.integers(256))
    state.registers["inidisp"] = 15
    return replace(state.snapshot(), field=int(rng.integers(2)))


@examples(60)
@given(st.integers(0, 2**32), st.integers(0, 223), st.booleans())
def test_rows_are_those_of_a_plain_description_of_the_hardware(seed: int, row: int, with_raster: bool) -> None:
    snapshot = random_state(seed)
    if with_raster:
        snapshot = replace(snapshot, raster=random_raster(np.random.default_rng(seed)))
    setini = snapshot.ppu.setini
    assert setini is not None
    assert snapshot.field is not None
    screen = composed(snapshot)
    fields = (0, 1) if setini & 1 else (snapshot.field,)
    lines = 239 if setini & 4 else 224
    assert screen.rgb.shape == (lines * len(fields), screen.colours.shape[1], 3)
    painter = Painter(snapshot)
    line = next(line for line in rows_of(snapshot, lines) if line.row == row)
    for place, field in enumerate(fields):
        at = row * len(fields) + place
        if line.regs["inidisp"] & 0x80:
            assert not screen.colours[at].any()
            assert (screen.owner[at] == -1).all()
            continue
        colours, owners = painter.draw(line, field)
        repeat = screen.colours.shape[1] // len(colours)
        np.testing.assert_array_equal(screen.colours[at], np.repeat(colours, repeat))
        np.testing.assert_array_equal(screen.owner[at], np.repeat(owners, repeat))
        assert screen.brightness[at] == line.regs["inidisp"] & 15
        _, range_over, time_over = painter.sprites(line, field)
        if (line.regs["tm"] & 0x10) and len(fields) == 1:
            assert (screen.range_over[row], screen.time_over[row]) == (range_over, time_over)


def random_raster(rng: np.random.Generator) -> RasterWrites:
    """Writes to any registers but the one that blanks the screen, on some lines or on all of them."""
    count = int(rng.integers(1, 600))
    raster = np.zeros(count, RASTER_DTYPE)
    raster["line"] = np.sort(rng.integers(0, 239, count))
    raster["register"] = rng.integers(1, 0x40, count)
    raster["value"] = rng.integers(0, 256, count)
    return raster


@examples(30)
@given(st.integers(0, 2**32), st.integers(0, 223))
def test_layers_have_the_registers_of_their_line(seed: int, row: int) -> None:
    snapshot = random_state(seed)
    if seed % 3:
        snapshot = replace(snapshot, raster=random_raster(np.random.default_rng(seed)))
    painter = Painter(snapshot)
    line = next(line for line in rows_of(snapshot, 224) if line.row == row)
    mode = line.regs["bgmode"] & 7
    for layer in decode_frame(snapshot, layers=True).layers:
        doubled = layer.colours.shape[0] > 239
        exists = layer.index <= (2 if mode == 7 and line.regs["setini"] & 0x40 else len(DEPTHS[mode]))
        width = layer.colours.shape[1]
        hires = mode in (5, 6)
        for x in range(0, width, 3):
            from_x = x if hires or width == 256 else x // 2
            pixel = None
            if exists and mode == 7:
                pixel = painter.affine(line, layer.index - 1, from_x)
            elif exists:
                pixel = painter.tiled(line, layer.index - 1, from_x, 0)
            at = (row * 2 if doubled else row), x
            assert bool(layer.opaque[at]) == (pixel is not None)
            if pixel is not None:
                assert (layer.colours[at], layer.priority[at]) == (pixel[0], pixel[2])


def test_a_palette_that_changes_in_mid_picture_colours_only_the_lines_below() -> None:
    snapshot = solid(OamEntry(0, 0, 0), OamEntry(0, 100, 0), tm=0x10)
    raster = np.array(
        [(0, 0x21, 129), (0, 0x22, 7), (0, 0x22, 0), (50, 0x21, 129), (50, 0x22, 9), (50, 0x22, 0)], RASTER_DTYPE
    )
    screen = composed(replace(snapshot, raster=raster))
    assert screen.colours[0, 0] == 7
    assert screen.colours[100, 0] == 9
    assert screen.ignored == ()
    late = composed(replace(snapshot, raster=raster[3:]))
    assert any("colours" in reason for reason in late.ignored)


def test_a_mode_change_in_mid_picture_doubles_the_columns_of_the_other_lines() -> None:
    rng = np.random.default_rng(0)
    state = noise(rng)
    add_layers(state, rng, 1)
    plain = composed(state.snapshot())
    raster = np.array([(0, 0x05, state.registers["bgmode"]), (100, 0x05, 5)], RASTER_DTYPE)
    mixed = composed(replace(state.snapshot(), raster=raster))
    assert mixed.rgb.shape == (224, 512, 3)
    np.testing.assert_array_equal(mixed.rgb[:100], plain.rgb[:100].repeat(2, axis=1))
    assert (mixed.rgb[100:, ::2] != mixed.rgb[100:, 1::2]).any()


def test_brightness_is_that_of_its_line() -> None:
    snapshot = solid(tm=0, inidisp=15)
    cgram = snapshot.cgram.copy()
    cgram[0] = 0x7FFF
    raster = np.array([(0, 0, 15), (10, 0, 7), (20, 0, 0x8F), (30, 0, 0)], RASTER_DTYPE)
    screen = composed(replace(snapshot, cgram=cgram, raster=raster))
    assert screen.rgb[[9, 10, 20, 30], 0].tolist() == [[255] * 3, [127] * 3, [0] * 3, [3] * 3]
    assert screen.brightness[[9, 10, 20, 30]].tolist() == [15, 7, 0, 0]
