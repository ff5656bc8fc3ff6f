"""The script: what it costs, what it finds out, and that nothing stops it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.hosts.mesen2 import Listener, MesenHost, script_path
from halscope_hooks import CpuRegisters, DmaChannel
from support.mesen import StandIn, needs_lua
from support.mesen_cost import cost
from support.mesen_demo import attached, is_ready, run_both, until

pytestmark = needs_lua


@pytest.mark.slow
def test_a_frame_stays_in_its_budget(emulator: StandIn, host: MesenHost) -> None:
    costs = []
    for frame in range(300):
        emulator.calls.clear()
        if frame == 150:
            emulator.lua.execute(b"collectgarbage()")
            emulator.transfer_all()
        run_both(emulator, host)
        costs.append(cost(emulator))
    assert np.mean(costs) < 2.0
    assert max(costs) < 5.0
    print(f"mean {np.mean(costs):.2f} ms, most {max(costs):.2f} ms")


@pytest.mark.slow
def test_without_halscope_the_script_does_next_to_nothing(emulator: StandIn) -> None:
    emulator.run_frame()
    emulator.calls.clear()
    for _ in range(120):
        emulator.run_frame()
    assert cost(emulator) / 120 < 0.01


@pytest.mark.slow
def test_the_script_keeps_no_memory_that_grows(emulator: StandIn, host: MesenHost) -> None:
    def kilobytes() -> float:
        emulator.lua.execute(b"collectgarbage()")
        return float(emulator.lua.eval(b"collectgarbage('count')"))

    for _ in range(70):
        run_both(emulator, host)
    before = kilobytes()
    for _ in range(120):
        emulator.transfer(0, 0x2000)
        run_both(emulator, host)
    assert kilobytes() < before + 64
    emulator.lua_reads = False
    emulator.lua.execute(b"collectgarbage('stop')")
    begun = float(emulator.lua.eval(b"collectgarbage('count')"))
    for _ in range(10):
        run_both(emulator, host)
    assert float(emulator.lua.eval(b"collectgarbage('count')")) - begun < 10 * 150


@pytest.mark.parametrize("bank", [0x00, 0x80, 0x81, 0x3F])
@pytest.mark.slow
def test_a_transfer_started_in_any_bank_is_seen(emulator: StandIn, host: MesenHost, bank: int) -> None:
    assert written_and_sent(emulator, host, 0x6000, 0x200, bank=bank)


@pytest.mark.parametrize(
    ("word", "size", "mode", "vmain"),
    [
        (0x6000, 0x200, 1, 0x80),
        (0x6000, 0x100, 0, 0x00),  # only low bytes: 256 words
        (0x6000, 0x40, 1, 0x81),  # a column of a map: 32 words apart
        (0x6000, 0x40, 1, 0x82),  # 128 words apart
        (0x6010, 0x200, 1, 0x84),  # the address's low 8 bits rotated
        (0x6010, 0x200, 1, 0x8C),
        (0x7F80, 0x200, 1, 0x80),  # past the end of VRAM
    ],
)
@pytest.mark.slow
def test_a_transfer_covers_the_words_that_it_writes(
    emulator: StandIn, host: MesenHost, word: int, size: int, mode: int, vmain: int
) -> None:
    assert written_and_sent(emulator, host, word, size, mode=mode, vmain=vmain)


def written_and_sent(
    emulator: StandIn, host: MesenHost, word: int, size: int, *, bank: int = 0, mode: int = 1, vmain: int = 0x80
) -> bool:
    """Write as a transfer would and announce it; return whether the frame's snapshot has it all."""
    for _ in range(34):
        run_both(emulator, host)
    places = transferred(word, size, mode, vmain)
    new = emulator.memories["snesVideoRam"].copy()
    new[places] ^= 0x5A

    def write() -> None:
        emulator.memories["snesVideoRam"][:] = new
        emulator.transfer(word, size, bank=bank, mode=mode, vmain=vmain)

    emulator.run_frame(write)
    snapshot = host.poll(60)
    return snapshot is not None and np.array_equal(snapshot.vram[places], new[places])


def transferred(word: int, size: int, mode: int, vmain: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The bytes of VRAM that a transfer writes, by the console's rules, one byte after the other."""
    step = (1, 32, 128, 128)[vmain & 3]
    places = []
    for n in range(size):
        high = (n & 1) if mode == 1 else 0
        at = word & 0x7FFF
        bits = (0, 8, 9, 10)[vmain >> 2 & 3]
        if bits:  # aaaaYYYxxxxx becomes aaaaxxxxxYYY
            low = at & (1 << bits) - 1
            at = at & -(1 << bits) | low << 3 & (1 << bits) - 1 | low >> bits - 3
        places.append(at * 2 + high)
        if high == vmain >> 7:
            word += step
    return np.array(places, np.intp)


def test_what_the_processor_writes_itself_is_found_by_the_address_that_it_set(
    emulator: StandIn, host: MesenHost
) -> None:
    for _ in range(3):
        run_both(emulator, host)

    def write() -> None:
        emulator.write_register(0x802116, 0x40)
        emulator.write_register(0x802117, 0x7A)
        emulator.memories["snesVideoRam"][0xF480:0xF4C0] ^= 0xFF

    emulator.run_frame(write)
    snapshot = host.poll(60)
    assert snapshot is not None
    assert np.array_equal(snapshot.vram[0xF480:0xF4C0], emulator.memories["snesVideoRam"][0xF480:0xF4C0])


def test_a_frame_that_loads_much_says_how_old_its_vram_is(emulator: StandIn, host: MesenHost) -> None:
    for _ in range(3):
        run_both(emulator, host)
    ages = []
    for frame in range(6):
        emulator.run_frame(emulator.transfer_all if frame == 0 else None)
        snapshot = host.poll(60)
        assert snapshot is not None
        ages.append(snapshot.ages.get("vram", 0))
    assert ages == [1, 2, 0, 0, 0, 0]  # 96, 96 and 64 chunks


@pytest.mark.parametrize("event", ["stateLoaded", "reset"])
def test_after_a_loaded_state_everything_is_compared_at_once(emulator: StandIn, host: MesenHost, event: str) -> None:
    run_both(emulator, host)
    emulator.host.load_state(emulator.host.save_state())
    emulator.memories["snesVideoRam"][:] = 0x33

    def load() -> None:
        emulator.memories["snesVideoRam"][:] = 0x33
        emulator.fire(event)

    emulator.run_frame(load)
    for _ in range(3):
        snapshot = host.poll(60)
        assert snapshot is not None
        emulator.run_frame(lambda: emulator.memories["snesVideoRam"].fill(0x33))
    assert snapshot is not None
    assert (snapshot.vram == 0x33).all()


def test_rewinding_and_pausing_change_nothing_for_the_script(emulator: StandIn, host: MesenHost) -> None:
    state = emulator.host.save_state()
    frames = []
    for n in range(20):
        if n == 10:
            emulator.host.load_state(state)
            emulator.fire("stateLoaded")
            time.sleep(0.05)  # paused
            assert host.poll(0.0) is None
        _, snapshot = run_both(emulator, host)
        frames.append(snapshot.frame)
    assert frames == list(range(frames[0], frames[0] + 20))


def test_an_hdma_table_in_wram_is_that_of_the_frame(emulator: StandIn, host: MesenHost) -> None:
    for _ in range(34):
        run_both(emulator, host)
    idle = DmaChannel(dmap=255, bbad=255, a1t=0xFFFF, a1b=255, das=0xFFFF, dasb=255, a2a=0xFFFF, ntrl=255)
    table = DmaChannel(dmap=0, bbad=0x21, a1t=0xA000, a1b=0x7F, das=0, dasb=0, a2a=0xA010, ntrl=0)

    def set_table(channel: DmaChannel) -> None:
        emulator.memories["snesWorkRam"][0x1A000:0x1A010] = np.arange(16) + 100
        cpu = CpuRegisters(nmitimen=0x81, hdmaen=2, htime=0, vtime=0, dma=(idle, channel, *[idle] * 6))
        emulator.snapshot = replace(emulator.snapshot, cpu=cpu)

    emulator.run_frame(lambda: set_table(table))
    snapshot = host.poll(60)
    assert snapshot is not None
    assert snapshot.wram is not None
    assert snapshot.wram[0x1A000:0x1A010].tolist() == list(range(100, 116))
    assert snapshot.cpu is not None
    assert snapshot.cpu.hdmaen == 2
    for unknown in (replace(table, dmap=0x40, dasb=0x7E), replace(table, a2a=0xB000)):
        emulator.run_frame(lambda unknown=unknown: set_table(unknown))  # type: ignore[misc]
        snapshot = host.poll(60)
        assert snapshot is not None
        assert snapshot.cpu is not None
        assert snapshot.cpu.hdmaen is None  # data of another moment would put colours on wrong lines


@pytest.mark.parametrize("edition", ["MesenCE", "Mesen 2"])
def test_each_edition_is_named(demo: Path, edition: str) -> None:
    with StandIn(demo, edition=edition) as emulator, attached(emulator) as host:
        assert host.info.emulator == edition


def test_registers_that_the_state_lacks_are_known_once_the_game_writes_them(emulator: StandIn, host: MesenHost) -> None:
    def logic() -> list[int | None]:
        ppu = run_both(emulator, host)[1].ppu
        return [ppu.wbglog, ppu.wobjlog, ppu.cgwsel]

    assert logic() == [None, None, None]
    for address, value in ((0x80212A, 0x1B), (0x00212B, 0x05), (0x812130, 0x82)):
        emulator.write_register(address, value)
    assert logic() == [0x1B, 0x05, 0x82]
    emulator.fire("stateLoaded")
    assert logic() == [None, None, None]


@pytest.mark.parametrize(("allow_io", "names"), [(False, "I/O"), (True, "network")])
def test_a_forbidden_function_is_named_and_raises_nothing(demo: Path, allow_io: bool, names: str) -> None:
    with StandIn(demo, allow_io=allow_io, allow_network=False) as emulator:
        for _ in range(3):
            emulator.run_frame()
        assert names in emulator.messages[0]
        assert emulator.log == [f"Halscope: {emulator.messages[0]}"]


def test_all_files_of_the_script_are_in_the_package() -> None:
    script = script_path()
    needed = re.findall(r'require\("(halscope_\w+)"\)', script.read_text("utf-8"))
    assert len(set(needed)) >= 6
    assert [name for name in needed if not script.with_name(f"{name}.lua").exists()] == []


def test_a_script_without_the_files_beside_it_says_so(demo: Path, tmp_path: Path) -> None:
    with StandIn(demo, beside=tmp_path) as emulator:
        emulator.run_frame()
        assert "--script" in emulator.messages[0]


def test_a_game_of_another_console_is_left_alone(demo: Path) -> None:
    with StandIn(demo) as emulator:
        Listener.shared()
        for _ in range(130):
            emulator.run_frame(emulator.lose_vram)
        assert emulator.log == ["Halscope: waiting for `halscope attach mesen2`"]


@pytest.mark.slow
def test_halscope_that_does_not_read_makes_no_frame_wait(emulator: StandIn, host: MesenHost) -> None:
    until(emulator, host, is_ready(0))
    noise = np.random.default_rng(1).integers(0, 256, 65536, np.uint8)
    before = time.monotonic()
    for frame in range(140):  # 9 MB, far more than the sockets hold
        emulator.memories["snesVideoRam"][:] = np.roll(noise, frame)
        emulator.transfer_all()
        emulator.fire("endFrame")
    assert time.monotonic() - before < 120, "frames waited, at least a second each"
    final = emulator.memories["snesVideoRam"].copy()
    snapshot = None
    for _ in range(400):
        emulator.fire("endFrame")
        while (newer := host.poll(0.0)) is not None:
            snapshot = newer
        if snapshot is not None and np.array_equal(snapshot.vram, final):
            break  # frames were left out, but nothing that changed
    else:
        pytest.fail("the last VRAM has not come")
