"""Tracing: the decoder's calls name the true starts of blocks and their callers, DMA and buffers are followed."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.demo import truth
from halscope.hosts.mesen2 import BufferWriter, DecoderCall, Listener, MesenHost, Transfer
from halscope_hooks import Decoder, HostError, PointerInput, capability
from support.mesen import StandIn, needs_lua
from support.mesen_demo import attached, run_both
from support.mesen_log import DECODER, STREAM, Replay

pytestmark = needs_lua

HAL = Decoder(snes_address=DECODER, codec="hal", pointer=PointerInput("dp+1C", "dp+1E"))
STARTS = {block["offset"] for block in truth()["blocks"]}


def traced(emulator: StandIn, host: MesenHost, *decoders: Decoder, transfers: bool = False) -> MesenHost:
    host.trace(decoders, transfers=transfers)
    run_both(emulator, host)
    return host


@pytest.mark.slow
@pytest.mark.parametrize("edition", ["MesenCE", "Mesen 2"])
def test_the_decoders_calls_in_mesens_log_name_starts_of_blocks_and_their_caller(demo: Path, edition: str) -> None:
    with StandIn(demo, edition=edition) as emulator:
        Listener.shared()
        replay = Replay(emulator)
        replay.run_frame()
        with MesenHost(60) as host:
            host.trace([HAL], transfers=False)
            replay.run_frame()
            fired = len(replay.calls)
            while not replay.ended:
                replay.run_frame()
                host.poll(0.2)
            calls = host.take_calls()
            assert [call.stream for call in calls] == [call.stream for call in replay.calls[fired:]]
            assert {call.caller for call in calls} == {0x8789}
            assert all(call.rom_offset in STARTS for call in calls)
            touched = [(touch.rom_offset, touch.codec) for touch in host.take_touches()]
            assert touched == [(call.rom_offset, "hal") for call in calls]


@pytest.mark.parametrize("bank", [0x00, 0x80])
def test_a_call_is_seen_in_every_bank_that_shows_the_decoder(emulator: StandIn, host: MesenHost, bank: int) -> None:
    traced(emulator, host, HAL)
    where = bank << 16 | DECODER
    emulator.bus = {}
    emulator.execute(where, stack=b"\x8c\x87\x00", direct={STREAM: b"\x05\x94\x83"})
    run_both(emulator, host)
    (call,) = host.take_calls()
    assert call == DecoderCall(call.frame, 0x8789, 0x839405, 0x19405, "hal")
    assert host.take_calls() == []


@pytest.mark.parametrize(
    ("pointer", "stream", "offset"),
    [
        (PointerInput("a", "db"), 0x7F1234, None),
        (PointerInput("x", "y"), 0x78D678, 0x3C5678),
        (PointerInput("7E:0010", "7E:0012"), 0x84D566, 0x25566),
    ],
)
def test_a_pointer_is_read_from_each_kind_of_place(
    emulator: StandIn, host: MesenHost, pointer: PointerInput, stream: int, offset: int | None
) -> None:
    traced(emulator, host, Decoder(snes_address=DECODER, codec="hal", pointer=pointer))
    registers = {"a": 0x1234, "x": 0xD678, "y": 0x9A78, "dbr": 0x7F}
    emulator.memories["snesWorkRam"][0x10:0x13] = [0x66, 0xD5, 0x84]
    emulator.execute(DECODER, stack=bytes(3), direct={}, **registers)
    run_both(emulator, host)
    (call,) = host.take_calls()
    assert (call.stream, call.rom_offset) == (stream, offset)
    assert call.caller is None  # no call leads back there


def test_dma_to_vram_and_the_code_that_fills_its_buffer_are_named(emulator: StandIn, host: MesenHost) -> None:
    traced(emulator, host, transfers=True)
    for address, value in ((0x4312, 0x40), (0x4313, 0x20), (0x4314, 0x7E)):
        emulator.write_register(address, value)
    emulator.transfer(0x6000, 0x200, bank=0x80)
    run_both(emulator, host)
    transfers = [one for one in host.take_transfers() if one.source == 0x7E2040]
    assert transfers == [Transfer(transfers[0].frame, 0x7E2040, 0x6000, 0x200)]
    emulator.write_wram(0x7E2043, 0x808ACD)
    emulator.write_wram(0x7E2044, 0x80FFFF)  # the first one is enough
    emulator.write_wram(0x7E2900, 0x80FFFF)  # another buffer
    run_both(emulator, host)
    (writer,) = host.take_writers()
    assert writer == BufferWriter(writer.frame, 0x808ACD, 0x2000, 0x20FF)
    emulator.calls.clear()
    for address in range(0x7E2000, 0x7E2100):
        emulator.write_wram(address, 0x80FFFF)
    assert emulator.calls["callback"] == 0  # it is known, so the game's writes cost nothing any more


def test_more_buffers_than_can_be_watched_at_a_time_have_their_turn(emulator: StandIn, host: MesenHost) -> None:
    traced(emulator, host, transfers=True)
    named = set()
    for turn in range(6):
        for buffer in range(6):
            emulator.transfer(0x6000, 0x20, source=0x7F0000 + buffer * 0x1000)
        run_both(emulator, host)
        for buffer in range(6):
            emulator.write_wram(0x7F0000 + buffer * 0x1000, 0x808000 + turn)
        run_both(emulator, host)
        named |= {one.first for one in host.take_writers()}
    assert named == {0x10000 + buffer * 0x1000 for buffer in range(6)}


def test_calls_are_not_lost_to_a_flood_of_dma(emulator: StandIn, host: MesenHost) -> None:
    traced(emulator, host, HAL, transfers=True)
    for _ in range(100):
        emulator.transfer(0x6000, 0x20)
    emulator.execute(DECODER, stack=b"\x8c\x87\x00", direct={STREAM: b"\x05\x94\x83"})
    run_both(emulator, host)
    assert [call.rom_offset for call in host.take_calls()] == [0x19405]


def test_watched_reads_are_told_once_a_frame(emulator: StandIn, host: MesenHost) -> None:
    tracing = capability(host, "tracing")
    assert tracing is not None
    tracing.watch_rom([(0x19405, 0x19407), (0x8000, 0x9000)])
    run_both(emulator, host)
    for _ in range(2):
        for address in (0x839405, 0x039406, 0x039407, 0x018001, 0x018002):
            emulator.read_rom(address)
        run_both(emulator, host)
    touched = [(touch.rom_offset, touch.page, touch.codec) for touch in tracing.take_touches()]
    assert touched == [(0x19405, 0x19405, ""), (0x8001, 0x8000, "")] * 2
    tracing.watch_rom([])
    run_both(emulator, host)
    emulator.read_rom(0x839405)
    run_both(emulator, host)
    assert tracing.take_touches() == []


def test_tracing_ends_with_the_connection(emulator: StandIn) -> None:
    def callbacks() -> int:
        return len(emulator._callbacks)

    emulator.run_frame()
    before = callbacks()
    with attached(emulator) as host:
        traced(emulator, host, HAL, transfers=True)
        assert callbacks() == before + 1
    for _ in range(3):
        emulator.run_frame()
    assert callbacks() == before


def test_a_flood_of_events_is_cut(emulator: StandIn, host: MesenHost) -> None:
    traced(emulator, host, transfers=True)
    for _ in range(500):
        emulator.transfer(0x6000, 0x20)
    run_both(emulator, host)
    assert 0 < len(host.take_transfers()) <= 64


def test_a_range_that_cannot_be_watched_is_refused(host: MesenHost) -> None:
    for ranges in ([(5, 5)], [(-1, 5)], [(0, 1)] * 33):
        with pytest.raises(HostError):
            host.watch_rom(ranges)
