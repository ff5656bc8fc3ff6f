"""The colours of CGRAM in the ROM: runs of any length, raw and packed, ranked; fades; buffers in memory."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from halscope.app import Workspace
from halscope.codecs.hal import HAL
from halscope.demo import rom_path, truth
from halscope.rom.colours import CgramTracker, ColourIndex, colour_buffers, find_fade, find_stretches
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import Origin, Snapshot, Touched, UsageError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import lab_truth
from support.demo_game import DemoGame
from support.lab_game import LabGame
from support.roms import make_rom

Colours = NDArray[np.uint16]
Place = tuple[str, int, int]


def random_colours(seed: int, count: int) -> Colours:
    return np.random.default_rng(seed).integers(0, 0x8000, count).astype(np.uint16)


def raw(colours: Colours) -> bytes:
    return colours.astype("<u2").tobytes()


def index_of(parts: dict[int, bytes], *starts: int) -> ColourIndex:
    """The colours of a ROM of noise with these bytes at these offsets, where HAL blocks are known to begin at some."""
    image = make_rom(0x8000)
    for at, data in parts.items():
        image[at : at + len(data)] = data
    known = {"hal": np.array(starts, np.uint32)}
    return ColourIndex(RomIndex.build(Rom.from_bytes(bytes(image)), [HAL], known_starts=known))


def cgram_with(parts: dict[int, Colours], seed: int = 99) -> Colours:
    cgram = random_colours(seed, 256)
    for first, colours in parts.items():
        cgram[first : first + len(colours)] = colours
    return cgram


@given(
    count=st.integers(3, 128), at=st.integers(0x200, 0x5000), first=st.integers(0, 128), seed=st.integers(0, 1 << 20)
)
def test_a_run_from_three_colours_on_is_found_at_any_byte_of_the_rom(
    count: int, at: int, first: int, seed: int
) -> None:
    colours = np.flip(np.arange(1, count + 1) * 211 % 0x7FFF + 1).astype(np.uint16) ^ np.uint16(seed & 0x7F)
    found = index_of({at: raw(colours)}).locate(cgram_with({first: colours}))
    best = found.runs[0]
    assert (best.first, best.count) == (first, count)
    assert best.origin_of(first).block_offset == at
    assert [one[0].block_offset for one in found.origins[first : first + count]] == [at + 2 * n for n in range(count)]
    assert found.located == count


@cache
def noise() -> ColourIndex:
    return index_of({})


@given(seed=st.integers(0, 1 << 32))
def test_colours_that_are_not_in_the_rom_are_found_nowhere(seed: int) -> None:
    assert noise().locate(random_colours(seed, 256)).runs == ()


def test_several_runs_are_found_at_once_raw_and_packed_and_each_is_named() -> None:
    first, second, third = random_colours(1, 7), random_colours(2, 40), random_colours(3, 15)
    block = HAL.encode(bytes(16) + raw(second) + bytes(32))
    found = index_of({0x1001: raw(first), 0x2000: block, 0x3002: raw(third)}, 0x2000).locate(
        cgram_with({3: first, 64: second, 129: third})
    )
    places = {(run.first, run.count): run.origin for run in found.runs if run.origin.byte_offset == 16}
    assert (places[64, 40].codec, places[64, 40].block_offset) == ("hal", 0x2000)
    assert {(run.first, run.count, run.origin.block_offset) for run in found.runs if run.origin.codec == "raw"} >= {
        (3, 7, 0x1001),
        (129, 15, 0x3002),
    }


def test_bit_15_is_not_compared_and_is_kept_as_stored() -> None:
    colours = random_colours(5, 16)
    stored = colours.copy()
    stored[::8] |= 0x8000
    index = index_of({0x1000: raw(stored)})
    run = index.locate(cgram_with({32: colours})).runs[0]
    assert (run.first, run.count, run.origin.block_offset) == (32, 16, 0x1000)
    assert index.colours_at(run.origin, 16).tolist() == stored.tolist()


def test_colour_0_of_a_palette_may_differ_inside_a_run_and_then_has_no_origin() -> None:
    colours = random_colours(6, 48)
    shown = colours.copy()
    shown[16] = 0x1234
    found = index_of({0x1000: raw(colours)}).locate(cgram_with({64: shown}))
    assert (found.runs[0].first, found.runs[0].count) == (64, 48)
    assert [bool(found.origins[place]) for place in (79, 80, 81)] == [True, False, True]


def test_palettes_of_fifteen_colours_that_skip_colour_0_are_found_each() -> None:
    stored = random_colours(7, 30)
    found = index_of({0x1000: raw(stored)}).locate(cgram_with({65: stored[:15], 81: stored[15:]}))
    assert {(run.first, run.count, run.origin.block_offset) for run in found.runs} == {
        (65, 15, 0x1000),
        (81, 15, 0x1000 + 30),
    }


def test_all_places_of_a_palette_are_named_the_longest_run_first() -> None:
    colours = random_colours(8, 32)
    found = index_of({0x1000: raw(colours[:16]), 0x2000: raw(colours), 0x3000: raw(colours[:16])}).locate(
        cgram_with({128: colours})
    )
    assert [place.block_offset for place in found.at(128)] == [0x2000, 0x1000, 0x3000]


def test_of_equal_plain_palettes_the_one_that_the_game_was_seen_reading_comes_first() -> None:
    colours = random_colours(3, 16)
    places = 0x1200, 0x2345, 0x5008
    index = index_of({at: raw(colours) for at in places})
    cgram = cgram_with({32: colours})
    assert [one.block_offset for one in index.locate(cgram).at(40)] == [at + 16 for at in places]
    tracker = CgramTracker(index)
    first = tracker.update(cgram)
    assert tracker.update(cgram) is first
    for frame, place in enumerate((0x3210, places[1], 0x5000)):  # the last one is the edge of a page: it was read on
        tracker.touched.add(Touched(100 + frame, place))
    other = cgram.copy()
    other[200] ^= 1
    best = tracker.update(other).at(40)[0]
    assert (best.block_offset, best.start) == (places[1] + 16, "traced")
    tracker.touched.add(Touched(100 + 1000, 0x100))
    assert tracker.update(cgram).at(40)[0] == best, "what was seen once stays"


def test_colours_that_are_too_few_for_chance_are_found_where_the_game_was_seen_reading() -> None:
    colours = np.array([0x0000, 0x0842, 0x1084, 0x18C6], np.uint16)
    dull = raw(np.repeat(colours, 600))  # each stands often in the ROM, but never in this order
    index = index_of({0x2001: dull, 0x5008: raw(colours)})
    cgram = np.zeros(256, np.uint16)
    cgram[16:20] = colours
    before = index.locate(cgram)
    assert not before.at(17)
    tracker = CgramTracker(index)
    tracker.touched.add(Touched(1, 0x100))
    first = tracker.update(cgram)
    assert first.runs == before.runs
    tracker.touched.add(Touched(9, 0x100))
    assert tracker.update(cgram) is first, "touches that tell nothing change nothing"
    cgram[255] = 1
    tracker.update(cgram)
    tracker.touched.add(Touched(10, 0x5008))
    tracker.touched.add(Touched(20, 0x100))  # they come some frames after the colours
    late = tracker.update(cgram)
    assert late.at(18)[0] == Origin("raw", 0x500C, 0, "traced")
    assert tracker.update(cgram) is late


def test_a_copy_among_other_bytes_ranks_behind_one_among_colours() -> None:
    colours = random_colours(9, 16)
    around = raw(random_colours(10, 64))
    # The noise around the first copy is no palette.
    found = index_of({0x1000: raw(colours), 0x4000: around + raw(colours) + around}).locate(cgram_with({0: colours}))
    assert [place.block_offset for place in found.at(0)] == [0x4000 + 128, 0x1000]


def test_a_plain_copy_inside_a_packed_stream_ranks_behind_the_block() -> None:
    demo = demo_colours()
    for block in (block for block in truth()["blocks"] if block["kind"] == "palettes"):
        colours = demo.index.block(("hal", block["offset"])).data.view("<u2")
        found = demo.locate(colours.astype(np.uint16))
        raws = [run for run in found.runs if run.origin.codec == "raw"]
        assert found.runs[0].origin.block_offset == block["offset"]
        assert all(found.runs.index(run) > 0 for run in raws)


@cache
def demo_colours() -> ColourIndex:
    with rom_path() as path:
        return ColourIndex(Workspace.open(path).index())


@cache
def lab_colours() -> ColourIndex:
    return ColourIndex(Workspace.open(lab_truth.IMAGE).index())


@pytest.mark.slow
def test_every_palette_of_the_demo_is_found_at_its_true_place_on_a_core() -> None:
    tracker = CgramTracker(demo_colours())
    offsets = {block["name"]: block["offset"] for block in truth()["blocks"]}
    with DemoGame("snes9x") as game:
        for name, scene in game.scenes.items():
            origins = tracker.update(game.go_to(name).cgram)
            (piece,) = scene["cgram"]
            true = [("hal", offsets[piece["block"]], byte) for byte in range(0, piece["size"], 2)]
            assert [place_of(places[0]) for places in origins.origins] == true
            assert not any(run.fade for run in origins.runs)


def test_every_colour_of_the_lab_is_found_at_its_true_place_and_no_other_colour_at_all() -> None:
    document = lab_truth.load_truth()
    blocks = {block["name"]: block["offset"] for block in document["blocks"]}
    plain = {block["name"]: block["offset"] for block in document["raw"]}
    for scene in document["scenes"]:
        found = lab_colours().locate(lab_truth.cgram(scene["name"]))
        true: dict[int, Place] = {}
        for piece in scene["cgram"]:
            for step in range(0, piece["size"], 2):
                byte, block = piece["byte_offset"] + step, piece["block"]
                place = ("raw", plain[block] + byte, 0) if block in plain else ("hal", blocks[block], byte)
                true[(piece["cgram_byte"] + step) // 2] = place
        assert {number: place_of(places[0]) for number, places in enumerate(found.origins) if places} == true, scene[
            "name"
        ]


@pytest.mark.slow
def test_the_lab_s_buffer_faded_copy_and_cycling_colours_are_known_on_a_core() -> None:
    mirror = lab_truth.scene("embers")["mirror"]
    tracker = CgramTracker(lab_colours())
    with LabGame("bsnes-mercury-balanced") as game:
        snapshot = game.go_to("embers")
        origins = tracker.update(snapshot.cgram)
    buffer = colour_buffers(snapshot)[0]
    assert (buffer.space, buffer.offset - 2 * buffer.first) == ("wram", mirror["wram_offset"])
    assert buffer.equal >= 32
    (halved,) = (run for run in origins.runs if run.fade)
    assert halved.first == mirror["halved"][0]["cgram_byte"] // 2
    assert halved.fade == "darkened to 50%"
    bright = mirror["halved"][0]["of_cgram_byte"] // 2
    assert place_of(halved.origin) == place_of(origins.origins[bright][0])


def place_of(origin: Origin) -> Place:
    return origin.codec, origin.block_offset, origin.byte_offset


def channels(colours: Colours) -> NDArray[np.int64]:
    return np.stack([colours >> shift & 31 for shift in (0, 5, 10)], axis=-1).astype(np.int64)


def joined(levels: NDArray[np.int64]) -> Colours:
    return (levels[:, 0] | levels[:, 1] << 5 | levels[:, 2] << 10).astype(np.uint16)


@given(seed=st.integers(0, 1 << 20), step=st.integers(1, 12), of=st.sampled_from([8, 16, 31, 32]))
def test_every_kind_of_fade_is_recognised(seed: int, step: int, of: int) -> None:
    known, other = random_colours(seed, 15), random_colours(seed + 1, 15)
    levels, white = channels(known), channels(other)
    weight = max(of // 4, of - step)
    cases = {
        "subtracted": np.maximum(levels - step, 0),
        "added": np.minimum(levels + step, 31),
        "scaled": levels * weight // of,
        "to white": 31 - (31 - levels) * weight // of,
        "mixed": (levels + white) // 2,
    }
    for kind, faded in cases.items():
        fade = find_fade(joined(faded), known, other)
        assert fade is not None, kind
        if fade.kind == kind == "subtracted" or fade.kind == kind == "added":
            assert fade.amount == step
        elif fade.kind == kind == "scaled":
            assert abs(fade.amount - weight / of) < 0.07


@given(seed=st.integers(0, 1 << 20))
def test_other_colours_are_no_fade(seed: int) -> None:
    one, two, three = (random_colours(seed + n, 15) for n in range(3))
    assert find_fade(one, two, three) is None
    assert find_fade(one, one) is None  # nothing was faded
    assert find_fade(np.zeros(15, np.uint16), one) is None  # black is a fade of everything


def test_a_palette_that_is_darkened_step_by_step_stays_known_and_an_unchanged_one_costs_nothing() -> None:
    colours = random_colours(11, 16)
    tracker = CgramTracker(index_of({0x1000: raw(colours)}))
    cgram = cgram_with({16: colours})
    before = tracker.update(cgram)
    assert tracker.update(cgram.copy()) is before
    for step in range(1, 10):
        cgram[16:32] = joined(np.maximum(channels(colours) - step, 0))
        (run,) = tracker.update(cgram).runs
        assert (run.first, run.count, run.origin.block_offset) == (16, 16, 0x1000)
        assert run.fade == f"darkened by {step}"
        assert not tracker.update(cgram).origins[17]  # the ROM does not hold these colours


@given(at=st.integers(0, 4000), first=st.integers(0, 9), count=st.integers(3, 16), seed=st.integers(0, 1 << 20))
def test_a_stretch_of_a_palette_is_found_in_a_memory_at_any_byte(at: int, first: int, count: int, seed: int) -> None:
    colours = (np.arange(1000, 1016) * 31 & 0x7FFF).astype(np.uint16)
    count = min(count, 16 - first)
    memory = np.zeros(5000, np.uint8)
    memory[at : at + 2 * count] = np.frombuffer(raw(colours[first : first + count]), np.uint8)
    assert find_stretches(memory, colours) == [(first, count, at)]


def test_black_and_white_alone_are_found_nowhere() -> None:
    memory = np.zeros(4096, np.uint8)
    assert find_stretches(memory, np.array([0, 0x7FFF, 0, 0x7FFF], np.uint16)) == []
    assert find_stretches(memory[:4], random_colours(1, 8)) == []


def test_a_buffer_is_found_with_the_colours_that_only_it_and_cgram_hold() -> None:
    cgram = random_colours(12, 256)
    wram = np.zeros(0x20000, np.uint8)
    wram[0x5001 : 0x5001 + 512] = np.frombuffer(raw(cgram), np.uint8)
    wram[0x5001 + 2 * 10] ^= 1
    snapshot = Snapshot(vram=np.zeros(0x10000, np.uint8), cgram=cgram, oam=np.zeros(544, np.uint8), wram=wram, frame=0)
    (buffer,) = colour_buffers(snapshot)
    assert (buffer.space, buffer.offset, buffer.first, buffer.length, buffer.equal) == ("wram", 0x5001, 0, 256, 255)
    assert (buffer.place(3), buffer.place(256)) == (0x5001 + 6, None)


def test_more_colours_than_cgram_has_are_refused() -> None:
    with pytest.raises(UsageError, match="256 colours"):
        noise().locate(np.zeros(257, np.uint16))
    assert noise().locate(np.zeros(2, np.uint16)).runs == ()
    with pytest.raises(UsageError, match="no colour is at byte"):
        noise().colours_at(Origin("raw", 1 << 24, 0, "content"), 1)
