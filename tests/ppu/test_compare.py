"""What counts as a difference between the composed screen and the emulator's picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from halscope import Snapshot, decode_frame
from halscope.ppu.compare import Comparison, compare_picture
from halscope.ppu.compose import compose_screen
from halscope_hooks import PpuRegisters
from numpy.typing import NDArray
from support.ppu_states import add_colour_math, add_layers, add_sprites, noise


def state(mode: int = 1, **registers: int) -> Snapshot:
    rng = np.random.default_rng(mode)
    made = noise(rng, **registers)
    add_layers(made, rng, mode)
    add_sprites(made, rng, 40)
    add_colour_math(made, rng)
    made.registers["cgadsub"] |= 0xFF  # a halved difference
    made.registers["ts"] = 0x13
    return made.snapshot()


def compared(snapshot: Snapshot, picture: NDArray[np.uint8]) -> Comparison:
    comparison = compare_picture(decode_frame(replace(snapshot, picture=picture)))
    assert comparison is not None
    return comparison


def test_without_a_picture_nothing_is_known() -> None:
    assert compare_picture(decode_frame(state())) is None


def test_a_single_wrong_pixel_is_found_and_the_last_three_bits_do_not_count() -> None:
    snapshot = state()
    picture = compose_screen(decode_frame(snapshot)).rgb.copy()
    picture ^= 7
    assert compared(snapshot, picture).count == 0
    picture[100, 50, 1] ^= 8
    comparison = compared(snapshot, picture)
    assert comparison.count == 1
    assert np.argwhere(comparison.where).tolist() == [[100, 50]]


def test_the_whole_picture_follows_one_emulators_rounding() -> None:
    snapshot = state(inidisp=6)
    frame = decode_frame(snapshot)
    console, snes9x = compose_screen(frame).rgb, compose_screen(frame, style="snes9x").rgb
    assert (console >> 3 != snes9x >> 3).any()
    assert compared(snapshot, console).count == compared(snapshot, snes9x).count == 0
    half = np.concatenate([console[:112], snes9x[112:]])
    assert compared(snapshot, half).count > 0


def test_later_versions_of_snes9x_round_halved_sums_of_green_up() -> None:
    """Backdrop plus fixed colour, halved: only where both greens have their highest bit, and the sum is odd."""
    plain, levels = state(), (0x0F, 0x10, 0x1E, 0x1F)
    for one in levels:
        for other in levels:
            ppu = PpuRegisters(inidisp=15, bgmode=1, tm=0, ts=0, cgwsel=0, cgadsub=0x60, coldata=other << 5)
            snapshot = replace(plain, ppu=ppu, cgram=np.full(256, one << 5, np.uint16))
            picture = compose_screen(decode_frame(snapshot), style="snes9x").rgb
            both = one >> 4 & other >> 4
            assert (picture[:, :, 1] >> 3 == (one + other + both) >> 1).all()
            assert compared(snapshot, picture).count == 0


def test_hires_may_be_drawn_half_a_pixel_further_left() -> None:
    snapshot = state(5)
    rgb = compose_screen(decode_frame(snapshot), style="snes9x").rgb
    left = np.roll(rgb, -1, axis=1)
    left[:, -1] = 99
    assert compared(snapshot, left).count == 0
    assert compared(snapshot, np.roll(rgb, 1, axis=1)).count > 0


def test_only_the_rows_of_the_field_are_compared_in_an_interlaced_picture() -> None:
    snapshot = replace(state(5, setini=1), field=1)
    picture = compose_screen(decode_frame(snapshot)).rgb.copy()
    picture[::2] = 99  # the other field is of an earlier frame
    assert compared(snapshot, picture).count == 0
    picture[1::2] ^= 8
    assert compared(snapshot, picture).count > 0
    assert compared(replace(snapshot, field=None), compose_screen(decode_frame(snapshot)).rgb).count == 0


def test_sizes_that_differ_by_a_factor_of_two_are_compared_and_others_differ() -> None:
    snapshot = state()
    rgb = compose_screen(decode_frame(snapshot)).rgb
    assert compared(snapshot, rgb.repeat(2, axis=1)).count == 0
    assert compared(snapshot, rgb.repeat(2, axis=0)).count == 0
    tall = np.concatenate([rgb, rgb[:15]])
    assert compared(snapshot, tall).count == 15 * 256
