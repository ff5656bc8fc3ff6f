"""Our picture of a PPU state is the picture that real cores draw of it, pixel for pixel.

Each test builds a ROM that sets one random but valid state, runs it, and compares every pixel in the console's own five
bits a channel. snes9x and bsnes-mercury agree nearly everywhere; where they do not, a comment says who is followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from halscope import decode_frame
from halscope.hosts.libretro import CoreFile, available_cores
from halscope.hosts.libretro.cores import core_name
from halscope.ppu import compose, obj
from halscope.ppu.compare import compare_picture
from halscope.ppu.compose import Screen
from halscope_hooks import Snapshot
from numpy.typing import NDArray
from support.colours import count_colours
from support.cores import cores_built_by_hand
from support.ppu_states import PpuState, add_colour_math, add_layers, add_sprites, add_windows, hidden_oam, noise
from support.probe_consoles import ProbeConsoles

FRAMES = 5  # enough for the ROM to load and show its state

pytest.importorskip("libretro", reason="libretro.py is not installed: pip install 'halscope[emulator]'")
CORES = {core.name: core for core in available_cores()}
BY_HAND = [CoreFile(core_name(path), path) for path in cores_built_by_hand()]
WITHOUT_CORES = (
    "no libretro core is installed: pip install stable-retro, or apt install libretro-bsnes-mercury-accuracy"
)


def cores(*wanted: str) -> pytest.MarkDecorator:
    """Run the test on each of these cores that is installed; quick runs use only the first.

    A core that was built by hand counts as the wanted one whose name it begins with.
    """
    here = [CORES[name] for name in wanted if name in CORES]
    here += [core for core in BY_HAND if core.name.startswith(wanted)]
    found = [pytest.param(core, id=core.name, marks=[pytest.mark.slow] * (core != here[0])) for core in here]
    missing = pytest.param(None, id="none", marks=pytest.mark.skip(WITHOUT_CORES))
    return pytest.mark.parametrize("core", found or [missing])


CONSOLES = ProbeConsoles()


@pytest.fixture(scope="module", autouse=True)
def closed_at_the_end() -> Iterator[None]:
    yield
    CONSOLES.close_all()


both = cores("snes9x", "bsnes-mercury-accuracy")
accuracy = cores("bsnes-mercury-accuracy")
others = cores("bsnes-mercury-balanced", "bsnes-mercury-performance")


def shown_by(state: PpuState, core: CoreFile) -> Snapshot:
    return CONSOLES.observe(core.path, state.rom(), FRAMES, wram=False)


def picture_of(state: PpuState, core: CoreFile) -> NDArray[np.uint8]:
    picture = shown_by(state, core).picture
    assert picture is not None
    return picture


def composed(state: PpuState) -> Screen:
    return compose.compose_screen(decode_frame(state.snapshot()))


def assert_same_picture(state: PpuState, core: CoreFile) -> None:
    shown = shown_by(state, core)
    assert shown.picture is not None
    snapshot = replace(state.snapshot(), picture=shown.picture, field=shown.field)
    comparison = compare_picture(decode_frame(snapshot))
    assert comparison is not None
    assert not comparison.count, f"{comparison.count} pixels differ, the first at {np.argwhere(comparison.where)[0]}"
    assert count_colours(shown.picture) > 10, "the core shows next to nothing: no comparison"


def of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.quick
@both
@pytest.mark.parametrize("pair", range(8))
def test_sprites_of_every_size_pair_with_all_limits(core: CoreFile, pair: int) -> None:
    rng = of(100 + pair)
    state = noise(rng)
    add_sprites(state, rng)
    state.registers["obsel"] = pair << 5 | state.registers["obsel"] & 0x1F
    screen = composed(state)
    assert screen.time_over.any() or pair in (0, 1, 3, 6, 7)  # sprites of 64 pixels crowd every line
    assert_same_picture(state, core)


@both
@pytest.mark.parametrize("first", [0, 1, 64, 127])
def test_priority_rotation_makes_another_sprite_the_front_most(core: CoreFile, first: int) -> None:
    rng = of(first)
    state = noise(rng)
    add_sprites(state, rng, 60)
    state.registers["oamadd"] = 0x8000 | first << 1
    assert obj.first_sprite(state.registers["oamadd"]) == first
    assert_same_picture(state, core)


# snes9x leaves stray pixels between sprites here; the three others agree.
@cores("bsnes-mercury-accuracy", "bsnes-mercury-performance")
def test_forty_sprites_on_a_line_lose_those_at_the_back(core: CoreFile) -> None:
    rng = of(7)
    state = noise(rng, obsel=0, tm=0x10)
    oam = hidden_oam()
    oam[512:522] = 0
    oam[0:160:4] = rng.integers(0, 256, 40)
    oam[1:160:4] = 100
    oam[2:512:4] = rng.integers(0, 256, 128)
    state.oam = oam
    screen = composed(state)
    assert screen.range_over[100:108].all()
    assert not screen.range_over[108:].any()
    assert screen.owner.max() == 31
    assert_same_picture(state, core)


@both
def test_sprites_at_minus_256_use_up_the_line(core: CoreFile) -> None:
    rng = of(8)
    state = noise(rng, obsel=0xA0, tm=0x10)  # 32 × 32 and 64 × 64
    oam = hidden_oam()
    oam[1:64:4] = 50  # 16 sprites on the same lines: 64 slivers
    oam[0:32:4] = np.arange(8) * 30  # eight of them visible,
    oam[512:514] = 0
    oam[32:64:4] = 0
    oam[514:516] = 0x55  # the eight behind them at x = -256
    state.oam = oam
    screen = composed(state)
    assert screen.time_over[50:82].all()
    assert_same_picture(state, core)


@pytest.mark.quick
@both
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("mode", [0, 1, 3])
def test_layers_and_sprites_of_the_plain_modes(core: CoreFile, mode: int, seed: int) -> None:
    rng = of(mode * 10 + seed)
    state = noise(rng)
    add_layers(state, rng, mode)
    add_sprites(state, rng, 30)
    state.registers["mosaic"] = int(rng.integers(256)) if seed else 0
    assert_same_picture(state, core)


@both
@pytest.mark.parametrize("mode", [2, 4])
def test_offset_per_tile(core: CoreFile, mode: int) -> None:
    rng = of(mode)
    state = noise(rng)
    add_layers(state, rng, mode)
    add_sprites(state, rng, 30)
    if core.name.startswith("snes9x"):  # it takes another column where BG3's fine scroll is larger than the layer's
        state.registers["bg3hofs"] &= 0x3F8
    assert_same_picture(state, core)


@accuracy
@pytest.mark.parametrize("mode", [2, 4])
def test_offset_per_tile_under_mosaic(core: CoreFile, mode: int) -> None:
    rng = of(mode)
    state = noise(rng, mosaic=0x73)
    add_layers(state, rng, mode)
    assert_same_picture(state, core)


@both
@pytest.mark.parametrize("mode", [5, 1])
@pytest.mark.parametrize("math", [False, True])
def test_hires_shows_both_screens(core: CoreFile, mode: int, math: bool) -> None:
    rng = of(5)
    state = noise(rng, setini=0 if mode == 5 else 8)  # mode 5, and pseudo hi-res
    add_layers(state, rng, mode)
    add_sprites(state, rng, 30)
    if math:
        add_windows(state, rng)
        add_colour_math(state, rng)
    state.registers["ts"] = 0x13
    assert composed(state).rgb.shape == (224, 512, 3)
    assert_same_picture(state, core)


# The version of bsnes in bsnes-mercury counts half pixels; later ones do as snes9x and Mesen 2 do.
@cores("snes9x")
@pytest.mark.parametrize("mosaic", [0x01, 0x33, 0x52])
def test_mosaic_in_hires_counts_whole_pixels_from_the_even_half(core: CoreFile, mosaic: int) -> None:
    rng = of(5)
    state = noise(rng, mosaic=mosaic)
    add_layers(state, rng, 5)
    assert_same_picture(state, core)


@cores("bsnes-mercury-accuracy", "snes9x")
@pytest.mark.parametrize("setini", [1, 2, 3])
@pytest.mark.parametrize("mode", [1, 5])
def test_interlace_shows_both_fields_and_half_height_sprites(core: CoreFile, setini: int, mode: int) -> None:
    assert_same_interlace(core, setini, mode)


@others
@pytest.mark.parametrize("mode", [1, 5])
def test_the_other_profiles_interlace_alike(core: CoreFile, mode: int) -> None:
    assert_same_interlace(core, 3, mode)


def assert_same_interlace(core: CoreFile, setini: int, mode: int) -> None:
    rng = of(90 + mode)
    state = noise(rng, setini=setini)
    add_layers(state, rng, mode)
    add_sprites(state, rng, 40)
    state.registers["obsel"] &= 0xBF  # without rectangles
    assert composed(state).rgb.shape[0] == (448 if setini & 1 else 224)
    assert_same_picture(state, core)


# bsnes-accuracy mixes whole and half pixels in mode 6's offsets, and snes9x differs again; these two agree.
@others
def test_mode_6_counts_its_offsets_in_half_pixels(core: CoreFile) -> None:
    rng = of(6)
    state = noise(rng)
    add_layers(state, rng, 6)
    add_sprites(state, rng, 30)
    assert_same_picture(state, core)


@both
@pytest.mark.parametrize("seed", range(6))
def test_mode_7(core: CoreFile, seed: int) -> None:
    rng = of(700 + seed)
    state = noise(rng, mosaic=[0, 0, 0xB1][seed % 3])
    add_layers(state, rng, 7)
    add_sprites(state, rng, 30)
    state.registers["m7sel"] = (seed % 4) << 6 | state.registers["m7sel"] & 3
    assert_same_picture(state, core)


@both
def test_mode_7_with_its_second_layer(core: CoreFile) -> None:
    rng = of(71)
    state = noise(rng, setini=0x40)
    add_layers(state, rng, 7)
    add_sprites(state, rng, 30)
    state.registers["tm"] |= 3
    assert_same_picture(state, core)


@accuracy
def test_the_second_layer_of_mode_7_has_the_firsts_mosaic_height(core: CoreFile) -> None:
    rng = of(72)
    state = noise(rng, setini=0x40, mosaic=0x61)
    add_layers(state, rng, 7)
    state.registers["tm"] |= 3
    assert_same_picture(state, core)


@both
@pytest.mark.parametrize("mode", [3, 4, 7])
def test_direct_colour(core: CoreFile, mode: int) -> None:
    rng = of(30 + mode)
    state = noise(rng, cgwsel=1)
    add_layers(state, rng, mode)
    # Offsets are tested apart; and in 16 × 16 tiles bsnes-accuracy lets the tile number carry into the palette.
    state.registers["bgmode"] = mode
    if mode == 4:
        map_words = state.vram.view("<u2")
        map_words[(state.registers["bg3sc"] & 0xFC) << 8 :][:4096] &= 0x1FFF
    assert_same_picture(state, core)


@both
@pytest.mark.parametrize("mode", [0, 1, 7])
def test_windows(core: CoreFile, mode: int) -> None:
    rng = of(40 + mode)
    state = noise(rng)
    add_layers(state, rng, mode)
    add_sprites(state, rng, 30)
    add_windows(state, rng)
    assert_same_picture(state, core)


@pytest.mark.quick
@both
@pytest.mark.parametrize("seed", [0, 3, 4, 5, 13, 22])
def test_colour_math(core: CoreFile, seed: int) -> None:
    rng = of(50 + seed)
    state = noise(rng)
    add_layers(state, rng, [0, 1, 3, 7][seed % 4])
    add_sprites(state, rng, 60)
    if seed % 2:
        add_windows(state, rng)
    add_colour_math(state, rng)
    assert_same_picture(state, core)


@both
def test_overscan_shows_239_lines(core: CoreFile) -> None:
    rng = of(60)
    state = noise(rng, setini=4)
    add_layers(state, rng, 1)
    add_sprites(state, rng)
    assert_same_picture(state, core)


OPERATIONS = {"sum": 0x3F, "halved-sum": 0x7F, "halved-difference": 0xFF}  # of CGADSUB


@both
@pytest.mark.parametrize(
    ("brightness", "operation"),
    [*product((*range(1, 15, 2), 14), ("halved-sum",)), *product((1, 9, 14), ("sum", "halved-difference"))],
)
def test_brightness_and_halving_are_rounded_as_the_core_does(core: CoreFile, brightness: int, operation: str) -> None:
    assert_same_rounding(core, brightness, OPERATIONS[operation])


@others
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_other_profiles_round_alike(core: CoreFile, operation: str) -> None:
    assert_same_rounding(core, 14, OPERATIONS[operation])


def assert_same_rounding(core: CoreFile, brightness: int, cgadsub: int) -> None:
    rng = of(61)
    state = noise(rng, inidisp=brightness)
    add_layers(state, rng, 1)
    add_sprites(state, rng)
    if core.name == "bsnes-mercury-accuracy" or brightness % 4 == 1:
        add_colour_math(state, rng)
    state.registers["cgadsub"] = cgadsub
    assert_same_picture(state, core)


@accuracy
@pytest.mark.parametrize("brightness", [0, 1, 7, 14])
def test_brightness_is_exact_in_eight_bits(core: CoreFile, brightness: int) -> None:
    rng = of(61)
    state = noise(rng, inidisp=brightness)
    add_layers(state, rng, 1)
    np.testing.assert_array_equal(picture_of(state, core), composed(state).rgb)


@both
def test_forced_blank_is_black(core: CoreFile) -> None:
    rng = of(62)
    state = noise(rng, inidisp=0x8F)
    add_layers(state, rng, 1)
    assert not picture_of(state, core).any()
    assert not composed(state).rgb.any()


@both
def test_every_visible_sprite_pixel_has_its_owner(core: CoreFile) -> None:
    """Each sprite gets a palette of unique colours, so that the picture shows which sprite a pixel belongs to."""
    rng = of(63)
    state = noise(rng)
    add_layers(state, rng, 1)
    add_sprites(state, rng, 8)
    state.oam[3:32:4] = state.oam[3:32:4] & 0xF1 | np.arange(8) << 1
    state.cgram &= 0x3FFF  # bit 4 of blue: sprites alone
    state.cgram[128:] = np.arange(128) // 16 << 5 | 0x4000
    screen = composed(state)
    picture = picture_of(state, core)
    shown = np.where(picture[..., 2] >= 0x80, (picture[..., 1] >> 3).astype(np.int16), np.int16(-1))
    np.testing.assert_array_equal(screen.owner, shown)
    assert (shown >= 0).sum() > 500
