"""The scan finds exactly the offsets that a decoder accepts, also at bank edges and at the end."""

from __future__ import annotations

import random
import threading
import time

import numpy as np
import pytest
from halscope import hal
from halscope._codec import CancelToken
from halscope_hooks import CancelledError, Codec
from hypothesis import given
from hypothesis import strategies as st
from support import hal_reference
from support.hal_data import command, header, pieces, tiles


def rom_like(seed: int, size: int) -> bytes:
    """Blocks packed back to back and apart, code-like bytes, noise, plain fill."""
    rng = random.Random(seed)
    image = bytearray()
    opcodes = [rng.randrange(256) for _ in range(24)]
    while len(image) < size:
        match rng.randrange(6):
            case 0 | 1:
                for _ in range(rng.randrange(1, 4)):
                    effort = rng.choice(["optimal", "fast"])
                    image += hal.encode(tiles(rng, rng.randrange(64, 9000)), effort=effort)  # type: ignore[arg-type]
            case 2:
                image += bytes(rng.choices(opcodes, k=rng.randrange(3000)))
            case 3:
                image += rng.randbytes(rng.randrange(1500))
            case 4:
                image += bytes([rng.choice([0, 0xFF])]) * rng.randrange(300)
            case 5:
                image += pieces(rng, rng.randrange(600))
    return bytes(image[:size])


def by_decoding(rom: bytes, window: int, strict: bool) -> list[tuple[int, int, int]]:
    """What the real decoder accepts at each offset if it sees nothing at or after the window's edge."""
    view, found = memoryview(rom), []
    for offset in range(len(rom)):
        edge = (offset // window + 1) * window if window else len(rom)
        try:
            block = hal.decode(view[:edge], offset, strict=strict)
        except hal.HalError:
            continue
        if len(block.data):
            found.append((offset, block.consumed, len(block.data)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "size", "window"), [(1, 0x20000, 0), (2, 0x18000, 0x8000), (3, 0x1F123, 0x10000)])
def test_every_strict_start_is_found_and_nothing_else(seed: int, size: int, window: int) -> None:
    rom = rom_like(seed, size)
    found = hal.scan(rom, window=window).tolist()
    assert found == by_decoding(rom, window, strict=True)
    assert len(found) > 1000


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "window"), [(4, 0), (5, 0x8000)])
def test_every_compatible_start_is_found_and_nothing_else(seed: int, window: int) -> None:
    rom = rom_like(seed, 0x10000)
    found = hal.scan(rom, window=window, strict=False).tolist()
    assert found == by_decoding(rom, window, strict=False)
    assert len(found) > 0x8000


@pytest.mark.slow
@pytest.mark.parametrize("strict", [True, False])
def test_the_independent_decoder_agrees(strict: bool) -> None:
    rom = rom_like(6, 1500)
    expected = []
    for offset in range(len(rom)):
        outcome = hal_reference.outcome(rom, offset, strict=strict)
        if isinstance(outcome, tuple) and outcome[0]:
            expected.append((offset, outcome[1], len(outcome[0])))
    assert hal.scan(rom, strict=strict).tolist() == expected


@given(
    rows=st.lists(st.one_of(command(), st.just(b"\xff"), st.binary(max_size=3)), max_size=30),
    window=st.sampled_from([0, 1, 7, 64, 1000]),
    strict=st.booleans(),
)
def test_rows_of_commands_are_found_as_they_decode(rows: list[bytes], window: int, strict: bool) -> None:
    rom = b"".join(rows)[:1500]
    assert hal.scan(rom, window=window, strict=strict).tolist() == by_decoding(rom, window, strict)


def test_a_block_is_found_among_others_packed_back_to_back() -> None:
    rng = random.Random(7)
    blocks = [hal.encode(tiles(rng, 32 * rng.randrange(8, 200))) for _ in range(20)]
    found = {offset: (packed, size) for offset, packed, size in hal.scan(b"".join(blocks)).tolist()}
    offset = 0
    for block in blocks:
        assert found[offset] == (len(block), len(hal.decode(block).data))
        offset += len(block)


@pytest.mark.slow
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("window", [0, 0x8000, 100000])
def test_threads_find_what_one_finds_across_their_seams(window: int, strict: bool) -> None:
    # Streams of up to 64 KiB, which cross most seams wherever those are.
    rng = random.Random(9)
    rom = bytearray()
    while len(rom) < 300000:
        rom += hal.encode(rng.randbytes(rng.randrange(60500, 65000)), effort="fast")
        rom += hal.encode(tiles(rng, rng.randrange(60000, 65000)), effort="fast")
    alone = hal.HAL.handle.scan(rom, window, strict, 1).tolist()
    for threads in (2, 3, 7):
        assert hal.HAL.handle.scan(rom, window, strict, threads).tolist() == alone
    assert hal.scan(rom, window=window, strict=strict).tolist() == alone
    if window == 0:
        assert max(packed_size for _, packed_size, _ in alone) > 60000


def test_more_threads_than_bytes_do_no_harm() -> None:
    for rom in (b"", b"\xff", b"\x20x\xff"):
        assert hal.HAL.handle.scan(rom, 0, True, 50).tolist() == hal.scan(rom).tolist()


def test_a_stream_across_an_edge_is_found_only_without_the_edge() -> None:
    block = b"\x02abc\x83\x00\x00\xff"
    rom = bytes([0xFF]) * (0x8000 - 4) + block + bytes([0xFF]) * 100
    assert 0x8000 - 4 in hal.scan(rom)["offset"]
    assert 0x8000 - 4 not in hal.scan(rom, window=0x8000)["offset"]
    assert 0x8000 not in hal.scan(rom, window=0x8000)["offset"]  # its reference reaches back across the edge


@pytest.mark.parametrize(("last", "found"), [(895, True), (896, False)])
def test_a_packed_stream_has_at_most_64_kib(last: int, found: bool) -> None:
    # 63 * 1026 + 2 + 895 + 1 bytes are 64 KiB.
    rom = (header(0, 1024) + bytes(1024)) * 63 + header(0, last) + bytes(last) + b"\xff" + bytes(1000)
    for strict in (True, False):
        assert (0 in hal.scan(rom, strict=strict)["offset"]) is found


@pytest.mark.parametrize(("extra", "found"), [(b"", True), (b"\x00a", False)])
def test_the_output_has_at_most_64_kib(extra: bytes, found: bool) -> None:
    rom = (header(2, 1024) + b"ab") * 32 + extra + b"\xff"
    candidates = hal.scan(rom)
    assert (0 in candidates["offset"]) is found
    if found:
        assert candidates[0].tolist() == (0, 32 * 4 + 1, 0x10000)


def test_nothing_lone_terminators_and_tiny_roms_give_nothing() -> None:
    for rom in (b"", b"\xff", b"\xff\xff\xff", b"\x00", b"\x21"):
        candidates = hal.scan(rom)
        assert candidates.dtype.names == ("offset", "packed_size", "size")
        assert len(candidates) == 0


@pytest.mark.parametrize("window", [0, 0x8000])
def test_a_cancelled_scan_does_not_begin(window: int) -> None:
    token = CancelToken()
    token.cancel()
    for strict in (True, False):
        with pytest.raises(CancelledError):
            hal.scan(rom_like(10, 5000), window=window, strict=strict, cancel=token)


@pytest.mark.parametrize("window", [0, 0x8000])
def test_a_scan_ends_once_another_thread_cancels_it(window: int) -> None:
    # 64 MiB take about 100 ms: the token is cancelled when the scan has surely started, and long before its end.
    rom, token = random.Random(11).randbytes(1 << 20) * 64, CancelToken()
    begun = time.perf_counter()
    full = hal.scan(rom[: 1 << 20], window=window)
    one_mib = time.perf_counter() - begun
    timer = threading.Timer(one_mib, token.cancel)

    def scan_again_and_again() -> None:  # even if the timer is late
        while True:
            hal.scan(rom, window=window, cancel=token)

    timer.start()
    with pytest.raises(CancelledError):
        scan_again_and_again()
    timer.join()
    assert len(full) > 1000
    assert token.cancelled


def test_a_token_that_nobody_cancels_changes_nothing() -> None:
    rom = rom_like(12, 20000)
    assert hal.scan(rom, cancel=CancelToken()).tolist() == hal.scan(rom).tolist()


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        hal.scan(b"", window=-1)


def test_the_codec_is_a_value_that_does_the_same() -> None:
    codec = hal.HAL
    assert isinstance(codec, Codec)
    assert codec.name == "hal"
    data = tiles(random.Random(8), 2000)
    rom = np.frombuffer(b"\x01\x02" + codec.encode(data) + b"\x00", np.uint8)
    assert bytes(codec.decode(rom, 2).data) == data
    assert codec.scan(rom, window=64).tolist() == hal.scan(rom, window=64).tolist()
    assert 2 in codec.scan(rom)["offset"]
