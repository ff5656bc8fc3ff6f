"""The index does not depend on the number of threads, and building stops promptly when cancelled."""

from __future__ import annotations

import threading
import time
from functools import cache

import numpy as np
import pytest
from halscope import _codec
from halscope._codec import CancelToken
from halscope.codecs import hal
from halscope.rom.index import RomIndex
from halscope.rom.pointers import LIKELY, SHARP, STRIDES, direct_pages
from halscope_hooks import CancelledError
from hypothesis import given
from hypothesis import strategies as st
from support.simd import LEVELS, at_level
from support.truth_rom import TruthRom, make_truth_rom


@cache
def truth() -> TruthRom:
    return make_truth_rom(7, size=0x100000, blocks=60)


@pytest.mark.slow
def test_every_step_gives_one_result_for_any_number_of_threads() -> None:
    rom = truth().rom
    candidates = hal.scan(rom.data, window=rom.mapping.window)
    offsets = np.ascontiguousarray(candidates["offset"], np.uint32)
    some, codecs = offsets[::20], [hal.HAL.handle]
    numbers = np.zeros(len(some), np.uint8)
    families = np.unique(candidates["offset"] + candidates["packed_size"], return_inverse=True)[1].astype(np.uint32)
    index = RomIndex.build(rom, [hal.HAL])
    arrays = index._arrays()
    grades = np.full(len(families), SHARP - LIKELY, np.uint8)
    pages, strides = direct_pages(rom), np.array(STRIDES, np.uint32)
    references = _codec.locate_references(rom.data, pages, offsets, threads=1)
    commands = _codec.locate_command_evidence(rom.data, offsets, hal.HAL.handle, threads=1)
    streams = _codec.locate_stream_evidence(rom.data, some, codecs, numbers, threads=1)
    tables = _codec.locate_tables(rom.data, references, families, grades, strides, 3.0, -2.0, 20.0, threads=1)
    table = _codec.locate_build(arrays["outputs"], arrays["bounds"], rom.data, threads=1)
    for threads in (2, 3):
        assert np.array_equal(_codec.locate_references(rom.data, pages, offsets, threads=threads), references)
        assert np.array_equal(
            _codec.locate_command_evidence(rom.data, offsets, hal.HAL.handle, threads=threads), commands
        )
        assert np.array_equal(_codec.locate_stream_evidence(rom.data, some, codecs, numbers, threads=threads), streams)
        again = _codec.locate_tables(rom.data, references, families, grades, strides, 3.0, -2.0, 20.0, threads=threads)
        assert np.array_equal(again, tables)
        built = _codec.locate_build(arrays["outputs"], arrays["bounds"], rom.data, threads=threads)
        assert all(np.array_equal(one, other) for one, other in zip(built, table, strict=True))


def test_every_level_of_vector_instructions_fingerprints_alike() -> None:
    outputs, bounds = np.empty(0, np.uint8), np.zeros(1, np.uint32)
    built = []
    for level in LEVELS:
        with at_level(level):
            built.append(_codec.locate_build(outputs, bounds, truth().rom.data))
    assert all(np.array_equal(one, other) for again in built for one, other in zip(again, built[0], strict=True))


@pytest.mark.slow
def test_a_build_with_a_token_that_nobody_cancels_and_on_one_thread_is_the_same_build() -> None:
    rom = truth().rom
    index, again = RomIndex.build(rom, [hal.HAL]), RomIndex.build(rom, [hal.HAL], cancel=CancelToken(), threads=1)
    mine, its = index._arrays(), again._arrays()
    assert all(np.array_equal(mine[name], its[name]) for name in mine)


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.parametrize("wait_ms", [0, 5, 15, 30, 45])
def test_a_build_ends_soon_after_it_is_cancelled_from_another_thread(wait_ms: int) -> None:
    token = CancelToken()
    cancelled_at: list[float] = []

    def cancel() -> None:
        time.sleep(wait_ms / 1000)
        cancelled_at.append(time.perf_counter())
        token.cancel()

    def build_again_and_again() -> None:
        while True:  # so that it is cancelled in the middle of a build
            RomIndex.build(rom, [hal.HAL], cancel=token)

    rom = truth().rom
    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(CancelledError):
        build_again_and_again()
    ended_at = time.perf_counter()
    thread.join()
    print(f"cancelled after {wait_ms} ms; the build ended {(ended_at - cancelled_at[0]) * 1000:.1f} ms later")
    assert token.cancelled
    assert ended_at - cancelled_at[0] < 5.0  # milliseconds if idle; seconds only if the token were ignored


def test_what_was_cancelled_before_does_not_begin() -> None:
    token = CancelToken()
    token.cancel()
    steps: list[tuple[int, int]] = []
    with pytest.raises(CancelledError):
        RomIndex.build(truth().rom, [hal.HAL], progress=lambda *step: steps.append(step), cancel=token)
    assert steps == [(0, 3)]
    with pytest.raises(CancelledError):
        _codec.locate_build(np.empty(0, np.uint8), np.zeros(1, np.uint32), truth().rom.data, token)


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_a_build_that_is_cancelled_as_it_reports_a_step_makes_no_index(step: int) -> None:
    token = CancelToken()

    def report(done: int, _total: int) -> None:
        if done == step:
            token.cancel()

    with pytest.raises(CancelledError):
        RomIndex.build(truth().rom, [hal.HAL], progress=report, cancel=token)


@given(st.lists(st.integers(0, 5000)))
def test_distinct_values_are_numbered_in_their_order(values: list[int]) -> None:
    order = sorted(set(values))
    assert _codec.locate_numbered(np.array(values, np.uint32)).tolist() == [order.index(value) for value in values]
