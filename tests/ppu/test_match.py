"""A frame knows whether its composed screen is the emulator's picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from halscope import decode_frame
from halscope.ppu import with_match
from halscope.ppu.compose import compose_screen
from halscope_hooks import Snapshot
from numpy.typing import NDArray
from support.ppu_states import add_layers, add_sprites, noise


def shown(**registers: int) -> Snapshot:
    """A state with the picture that is composed from it."""
    rng = np.random.default_rng(5)
    state = noise(rng)
    add_layers(state, rng, 1)
    add_sprites(state, rng)
    state.registers |= registers
    snapshot = state.snapshot()
    return replace(snapshot, picture=compose_screen(decode_frame(snapshot)).rgb)


def matches(snapshot: Snapshot, picture: NDArray[np.uint8] | None = None) -> bool | None:
    given = snapshot if picture is None else replace(snapshot, picture=picture)
    return with_match(decode_frame(given)).matches


def test_the_emulators_picture_is_recognised() -> None:
    assert matches(shown()) is True


def test_one_step_in_one_pixel_is_a_difference() -> None:
    snapshot = shown()
    assert snapshot.picture is not None
    other = snapshot.picture.copy()
    other[100, 17, 2] ^= 8
    assert matches(snapshot, other) is False


def test_a_picture_with_twice_as_many_rows_or_columns_is_compared_with_each_pixel_doubled() -> None:
    snapshot = shown()
    assert snapshot.picture is not None
    assert matches(snapshot, snapshot.picture.repeat(2, axis=0)) is True
    assert matches(snapshot, snapshot.picture.repeat(2, axis=1)) is True
    fine = snapshot.picture.repeat(2, axis=0)
    fine[7] ^= 0x80
    assert matches(snapshot, fine) is False
    assert matches(snapshot, snapshot.picture[:200]) is False


def test_without_a_picture_or_a_register_there_is_no_answer() -> None:
    snapshot = shown()
    assert matches(replace(snapshot, picture=None)) is None
    assert matches(replace(snapshot, ppu=replace(snapshot.ppu, bgmode=None))) is None


def test_parts_of_different_ages_may_match_but_a_difference_proves_nothing() -> None:
    snapshot = replace(shown(), ages={"picture": 1})
    assert snapshot.picture is not None
    assert matches(snapshot) is True
    assert matches(snapshot, snapshot.picture ^ np.uint8(0x80)) is None


def test_an_answer_is_kept() -> None:
    frame = with_match(decode_frame(shown()))
    assert with_match(frame) is frame
