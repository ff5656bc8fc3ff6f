"""Tracing: a start is proven by a first touch and by the tiles that arrive, and never wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.codecs.lz import LZ1, LZ2
from halscope.rom.image import Rom
from halscope.rom.tracing import DECODER_CALL, FIRST_TOUCH, TracedStart, Tracer
from halscope.rom.tracing._candidate import output_at
from halscope_hooks import Snapshot, Touched
from numpy.typing import NDArray
from support.truth_rom import TrueBlock, TruthRom, make_truth_rom, shared_truth
from support.watched_game import PAGE, WatchedGame, shuffled

Frames = Iterable[tuple[Snapshot, list[Touched]]]
LEAD = 0x10


@pytest.fixture(scope="module")
def truth() -> TruthRom:
    return shared_truth(1, pointers=False)


@pytest.fixture
def game(truth: TruthRom) -> WatchedGame:
    return WatchedGame(truth.rom.data.tobytes(), np.random.default_rng(3), others=0.0)


def watched(rom: Rom, *parts: Frames) -> Tracer:
    tracer = Tracer(rom, [HAL])
    for frames in parts:
        for snapshot, touches in frames:
            tracer.saw(snapshot)
            tracer.touched(touches)
    return tracer


def load(game: WatchedGame, block: TrueBlock, **options: int) -> Iterator[tuple[Snapshot, list[Touched]]]:
    return game.load(block.offset, block.packed_size, block.data, **options)


def sheet(truth: TruthRom, least: int = 600) -> TrueBlock:
    """A block of sprites that takes several frames, on a page's inside."""
    return next(
        block
        for block in truth.blocks
        if block.kind == "sprites" and block.packed_size >= least and (block.offset - LEAD) % PAGE > 0x80
    )


def starts(tracer: Tracer) -> list[int]:
    return [one.block_offset for one in tracer.traced]


def test_a_block_that_is_touched_first_at_its_start_and_then_arrives_is_traced(
    truth: TruthRom, game: WatchedGame
) -> None:
    block = sheet(truth)
    tracer = watched(truth.rom, game.idle(3), load(game, block))
    assert tracer.traced == (TracedStart("hal", block.offset, FIRST_TOUCH),)


def test_vram_alone_is_enough_though_the_bytes_before_its_tiles_are_not_copied(truth: TruthRom) -> None:
    block = next(one for one in truth.blocks if one.lead and one.packed_size > 300)
    game = WatchedGame(truth.rom.data.tobytes(), np.random.default_rng(3), others=0.0, wram=False)
    tracer = watched(truth.rom, game.idle(3), load(game, block, skip=block.lead, pieces=3))
    assert starts(tracer) == [block.offset]


def test_touches_may_come_some_frames_late(truth: TruthRom, game: WatchedGame) -> None:
    block = sheet(truth)
    tracer, waiting = Tracer(truth.rom, [HAL]), []
    for snapshot, touches in [*game.idle(3), *load(game, block), *game.idle(3)]:
        tracer.saw(snapshot)
        waiting.append(touches)
        if len(waiting) > 3:
            tracer.touched(waiting.pop(0))
    assert starts(tracer) == [block.offset]


def test_nothing_is_proven_where_the_tiles_do_not_arrive_in_time(truth: TruthRom, game: WatchedGame) -> None:
    block = sheet(truth)
    frames = list(load(game, block))
    vram, work, first = frames[-1][0].vram, frames[-1][0].wram, frames[0][0].frame
    for wait, traced in ((59, [block.offset]), (61, [])):
        late = WatchedGame(truth.rom.data.tobytes(), np.random.default_rng(3), others=0.0)
        late.touch(block.offset)
        shown = list(late.idle(wait))
        assert shown[0][0].frame == first
        late.vram, late.work = vram.copy(), np.asarray(work).copy()
        early = WatchedGame(truth.rom.data.tobytes(), np.random.default_rng(3), others=0.0, frame=90)
        assert starts(watched(truth.rom, early.idle(3), shown, late.idle(2))) == traced


def test_tiles_that_were_there_before_prove_nothing(truth: TruthRom, game: WatchedGame) -> None:
    block = sheet(truth)
    game.work[0x8000 : 0x8000 + len(block.data)] = np.frombuffer(block.data, np.uint8)
    tracer = watched(truth.rom, game.idle(3), load(game, block))
    assert tracer.traced == ()


def test_a_touch_at_a_pages_edge_proves_nothing(truth: TruthRom) -> None:
    block = sheet(truth)
    for lead, traced in ((block.offset % PAGE, []), (block.offset % PAGE - 1, [block.offset])):
        game = WatchedGame(truth.rom.data.tobytes(), np.random.default_rng(3), lead=lead, others=0.0)
        assert starts(watched(truth.rom, game.idle(3), load(game, block))) == traced


def test_a_page_whose_edge_is_not_named_begins_at_a_multiple_of_4_kib(truth: TruthRom) -> None:
    block = sheet(truth)
    moved = make_moved(truth, block)
    for rom, offset, traced in ((truth.rom, block.offset, [block.offset]), (moved, 0x42000, [])):
        game = WatchedGame(rom.data.tobytes(), np.random.default_rng(3), lead=0, others=0.0)
        frames = [
            (snapshot, [Touched(touch.frame, touch.rom_offset) for touch in touches])
            for snapshot, touches in [*game.idle(3), *game.load(offset, block.packed_size, block.data)]
        ]
        assert starts(watched(rom, frames)) == traced


def make_moved(truth: TruthRom, block: TrueBlock) -> Rom:
    """The ROM with the block at a page's edge."""
    image = truth.rom.data.tobytes()
    packed = image[block.offset : block.offset + block.packed_size]
    return Rom.from_bytes(image[:0x42000] + packed + image[0x42000 + len(packed) :], "moved")


@pytest.mark.parametrize(("share", "gap", "traced"), [(0.7, 1, True), (0.7, 0, False), (1.0, 0, True)])
def test_more_has_to_arrive_where_the_decoder_may_have_been_in_the_page_before(
    truth: TruthRom, game: WatchedGame, *, share: float, gap: int, traced: bool
) -> None:
    block = sheet(truth)
    frames = list(game.idle(3))
    game.touch(block.offset - 5)
    frames += game.idle(1 + gap)
    game.touch(block.offset)
    came = int(share * len(block.data))
    game.work[0x2000 : 0x2000 + came] = np.frombuffer(block.data[:came], np.uint8)
    assert starts(watched(truth.rom, frames, game.idle())) == [block.offset] * traced


AT, MIDDLE = 0x42345, 0x42345 + 2 + 64 + 2
"""A block without copies, so that the start of its third command yields exactly the end of its bytes."""


def without_copies(truth: TruthRom) -> tuple[Rom, NDArray[np.uint8], int]:
    """A ROM with such a block, its bytes, and how many come before those of the start in the middle."""
    tiles = np.random.default_rng(5).integers(0, 256, 64 + 600, np.uint8).tobytes()
    packed = b"\xe0\x3f" + tiles[:64] + b"\x3f\x07" + b"\xe2\x57" + tiles[64:] + b"\x2f\x09\xff"
    image = truth.rom.data.tobytes()
    rom = Rom.from_bytes(image[:AT] + packed + image[AT + len(packed) :], "without copies")
    first, middle = output_at(rom, HAL, AT), output_at(rom, HAL, MIDDLE)
    assert first is not None
    assert middle is not None
    skipped = len(first.data) - len(middle.data)
    assert np.array_equal(first.data[skipped:], middle.data)
    return rom, first.data, skipped


def test_a_decoder_that_works_past_a_frames_end_does_not_prove_a_start_in_the_middle(truth: TruthRom) -> None:
    # What it read in the frame before was not seen: its page was not watched, for whatever reason.
    rom, data, skipped = without_copies(truth)
    for came, traced in ((skipped, []), (0, [MIDDLE])):
        game = WatchedGame(rom.data.tobytes(), np.random.default_rng(3), others=0.0)
        frames = list(game.idle(3))
        game.work[0x2000 : 0x2000 + came] = data[:came]
        frames += game.idle()
        game.touch(MIDDLE)
        game.work[0x2000 + skipped : 0x2000 + len(data)] = data[skipped:]
        assert starts(watched(rom, frames, game.idle())) == traced


def test_of_a_family_the_earliest_touch_in_consecutive_frames_counts(truth: TruthRom) -> None:
    rom, data, skipped = without_copies(truth)
    game = WatchedGame(rom.data.tobytes(), np.random.default_rng(3), others=0.0, lead=MIDDLE % PAGE - 1)
    game.work[0x2000 : 0x2000 + skipped] = data[:skipped]  # was there before, and so does not speak against the middle
    frames = list(game.idle(3))
    game.touch(AT)
    frames += game.idle()
    game.touch(MIDDLE)
    game.work[0x2000 : 0x2000 + len(data)] = data
    assert starts(watched(rom, frames, game.idle())) == [AT]


def test_plain_bytes_that_decode_by_accident_and_are_copied_are_no_block() -> None:
    # A touch where 4bpp tiles begin that happen to be a stream: long raw commands, whose bytes are tiles themselves.
    rng = np.random.default_rng(5)
    tiles = rng.integers(0, 256, 0x800, np.uint8).tobytes()
    plain = b"\xe3\xff" + tiles[:0x400] + b"\xe3\xff" + tiles[0x400:] + b"\xff"
    truth = shared_truth(1, pointers=False)
    image = bytearray(truth.rom.data.tobytes())
    image[0x42345 : 0x42345 + len(plain)] = plain
    rom = Rom.from_bytes(bytes(image), "plain")
    assert output_at(rom, HAL, 0x42345) is not None
    game = WatchedGame(bytes(image), np.random.default_rng(3), others=0.0)
    frames = list(game.idle(3))
    game.touch(0x42345)
    game.vram[: len(plain)] = np.frombuffer(plain, np.uint8)
    game.vram[0x4000 : 0x4000 + len(plain) - 2] = np.frombuffer(plain[2:], np.uint8)
    assert watched(rom, frames, game.idle()).traced == ()


def test_a_stream_that_another_codec_reads_alike_is_traced_once_it_is_clear_which_codec_the_game_uses() -> None:
    truth = shared_truth(1, pointers=False)
    rom, data, _ = without_copies(truth)
    game = WatchedGame(rom.data.tobytes(), np.random.default_rng(3), others=0.0)
    both = [HAL, LZ2]
    alike = [output_at(rom, codec, AT) for codec in both]
    assert [one is not None and one.data.tobytes() for one in alike] == [data.tobytes()] * 2
    tracer = Tracer(rom, both)

    def play(frames: Frames) -> None:
        for snapshot, touches in frames:
            tracer.saw(snapshot)
            tracer.touched(touches)

    play(game.idle(3))
    play(game.load(AT, alike_size(rom), data.tobytes()))
    play(game.idle(70))
    assert not tracer.traced
    others = [
        one for one in truth.blocks if one.kind == "sprites" and one.packed_size > 600 and one.offset % PAGE > 0x80
    ]
    for block in others[:8]:
        play(load(game, block))
        play(game.idle(2))
    assert {one.codec for one in tracer.traced} == {"hal"}
    assert AT in starts(tracer)
    assert {*starts(tracer)} <= {AT, *(block.offset for block in truth.blocks)}


def alike_size(rom: Rom) -> int:
    output = output_at(rom, HAL, AT)
    assert output is not None
    return output.end - AT


def test_a_decoders_call_proves_a_stream_at_once_but_no_other_place(truth: TruthRom) -> None:
    block = sheet(truth)
    nothing = next(at for at in range(block.offset + 1, block.offset + 99) if output_at(truth.rom, HAL, at) is None)
    tracer = Tracer(truth.rom, [HAL])
    tracer.touched([Touched(1, nothing, codec="hal"), Touched(1, block.offset, codec="lz2")])
    assert not tracer.traced
    tracer.touched([Touched(1, block.offset, codec="hal")] * 2)
    assert tracer.traced == (TracedStart("hal", block.offset, DECODER_CALL),)


def test_a_loaded_state_ends_what_was_waited_for(truth: TruthRom, game: WatchedGame) -> None:
    block = sheet(truth)
    frames = list(game.idle(3))
    game.touch(block.offset)
    frames += game.idle()
    game.frame = 10
    game.work[0x2000 : 0x2000 + len(block.data)] = np.frombuffer(block.data, np.uint8)
    assert watched(truth.rom, frames, game.idle(3)).traced == ()


@pytest.fixture(scope="module")
def hundred() -> TruthRom:
    return make_truth_rom(11, size=0x100000, blocks=100, pointers=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wram", "hot", "blind", "moves", "least"),
    [(True, True, 0, False, 95), (False, False, 0, True, 95), (True, True, 0.5, True, 60)],
)
def test_a_game_of_a_hundred_blocks_of_other_packers_becomes_known_and_nothing_else(
    hundred: TruthRom, *, wram: bool, hot: bool, blind: float, moves: bool, least: int
) -> None:
    """An hour's play in short: each block is loaded some times, among reads of anything else in the same pages."""
    truth = hundred
    rng = np.random.default_rng(12)
    game = WatchedGame(truth.rom.data.tobytes(), rng, lead=0xCB0, wram=wram, hot=hot, blind=blind, moves=moves)
    tracer = Tracer(truth.rom, [HAL, LZ1, LZ2])
    for _ in range(3):
        for block in shuffled(rng, truth.blocks):
            game.speed = int(rng.integers(150, 3000))
            buffer = 2 * int(rng.integers(0x1000, 0x6000))
            frames = [*load(game, block, buffer=buffer, skip=block.lead, pieces=int(rng.integers(1, 4))), *game.idle()]
            for snapshot, touches in frames:
                tracer.saw(snapshot)
                tracer.touched(touches)
    for snapshot, touches in game.idle(70):
        tracer.saw(snapshot)
        tracer.touched(touches)
    traced, true = {one[:2] for one in tracer.traced}, {("hal", block.offset) for block in truth.blocks}
    assert traced <= true, f"wrongly traced: {sorted(traced - true)}"
    assert len(traced) >= least, [block for block in truth.blocks if ("hal", block.offset) not in traced]
