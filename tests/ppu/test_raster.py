"""What HDMA wrote follows from the state at the start of vblank. (tests/hosts compares it with the cores' pictures.)"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from halscope.ppu import row_changes, with_raster
from halscope.rom.mapping import Mapping, page_table
from halscope_hooks import RASTER_DTYPE, CpuRegisters, DmaChannel, PpuRegisters, Snapshot
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.hdma_reference import random_table, writes_of
from support.interrupts import interrupted_in
from support.plain_hdma import UNITS
from support.plain_screen import rows_of
from support.probe_rom import expected_registers

IDLE = DmaChannel(dmap=0, bbad=0, a1t=0, a1b=0, das=0, dasb=0, a2a=0, ntrl=0)
WRITES = list[tuple[int, int, int]]


def snapshot_of(
    channels: dict[int, DmaChannel],
    wram: NDArray[np.uint8] | None = None,
    *,
    nmitimen: int = 0x81,
    setini: int = 0,
    cgadd: int | None = None,
) -> Snapshot:
    """The state at the start of vblank, with these channels enabled."""
    cpu = CpuRegisters(
        nmitimen=nmitimen,
        hdmaen=sum(1 << n for n in channels),
        htime=0,
        vtime=0,
        dma=tuple(channels.get(n, IDLE) for n in range(8)),
    )
    empty = Snapshot(
        vram=np.zeros(0x10000, np.uint8),
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
        ppu=PpuRegisters(setini=setini, cgadd=cgadd),
    )
    return dataclasses.replace(empty, cpu=cpu, wram=np.zeros(0x20000, np.uint8) if wram is None else wram)


def channel(table: int, port: int, mode: int = 0, *, end: int | None = None, bank: int = 0x7E) -> DmaChannel:
    """A channel whose table the console has read up to `end`."""
    position = table if end is None else end
    return dataclasses.replace(IDLE, dmap=mode, bbad=port, a1t=table, a1b=bank, dasb=bank, a2a=position)


def rows(snapshot: Snapshot) -> WRITES:
    assert snapshot.raster is not None
    assert snapshot.raster.dtype == RASTER_DTYPE
    return [(int(line), int(register), int(value)) for line, register, value in snapshot.raster]


def walked(table: bytes, mode: int = 0, port: int = 0x26, **more: int) -> Snapshot:
    """The writes of one channel whose table is at $7E:2000, and its data at $7E:3000."""
    wram = np.zeros(0x20000, np.uint8)
    wram[0x2000 : 0x2000 + len(table)] = np.frombuffer(table, np.uint8)
    wram[0x3000:0x3800] = np.arange(0x800) & 0xFF
    end = more.pop("end", 0x2000 + len(table))
    return with_raster(snapshot_of({0: channel(0x2000, port, mode, end=end)}, wram, **more))


def random_bytes(rng: np.random.Generator, size: int) -> Callable[[int], bytes]:
    return lambda _line: rng.bytes(size)


def test_a_table_is_followed_from_the_first_row_of_the_picture() -> None:
    # Three lines of $11, two of $22, $33 and $44 one line each, then $55 for the rest.
    found = walked(bytes([3, 0x11, 2, 0x22, 0x82, 0x33, 0x44, 1, 0x55, 0]))
    assert rows(found) == [(0, 0x26, 0x11), (3, 0x26, 0x22), (5, 0x26, 0x33), (6, 0x26, 0x44), (7, 0x26, 0x55)]
    assert found.raster_effects == "some"


def test_the_repeat_bit_alone_means_128_lines_with_one_transfer() -> None:
    assert rows(walked(bytes([0x80, 1, 1, 2, 0]))) == [(0, 0x26, 1), (128, 0x26, 2)]


def test_the_last_transfer_comes_after_the_last_row() -> None:
    table = bytes([0xFF, *range(127), 0xFF, *range(127, 254), 0])
    assert [line for line, _, _ in rows(walked(table, end=0x2000 + 2 + 225))] == list(range(225))
    assert [line for line, _, _ in rows(walked(table, end=0x2000 + 2 + 240, setini=4))] == list(range(240))


@pytest.mark.parametrize("mode", range(8))
def test_each_mode_writes_its_registers_in_order(mode: int) -> None:
    found = rows(walked(bytes([1, *range(10, 10 + len(UNITS[mode])), 0]), mode))
    assert found == [(0, 0x26 + port, 10 + n) for n, port in enumerate(UNITS[mode])]


def test_equal_writes_are_the_same_array_and_numpy_swallows_no_interrupt_meanwhile() -> None:
    plain = snapshot_of({0: channel(0x2000, 0x26)}, np.full(0x20000, 3, np.uint8))
    first = with_raster(plain).raster
    assert first is not None
    assert first.size
    with interrupted_in("_promote_fields"):  # numpy compares structured arrays there; Ctrl-C becomes a TypeError
        assert with_raster(plain, before=first).raster is first
        assert with_raster(snapshot_of({0: channel(0x2000, 0x27)}), before=first).raster is not first


def test_an_indirect_table_holds_addresses() -> None:
    found = walked(bytes([0x83, 0x10, 0x30, 2, 0x05, 0x30, 0, 0, 0]), 0x40)
    assert rows(found) == [(0, 0x26, 0x10), (1, 0x26, 0x11), (2, 0x26, 0x12), (3, 0x26, 5)]
    assert found.raster_effects == "some"


def test_only_the_ports_of_the_ppu_are_listed() -> None:
    # Mode 4 from $213E: two bytes for the PPU, two for the sound chip. From $21FE it wraps to $2100 and $2101.
    assert rows(walked(bytes([1, 1, 2, 3, 4, 0]), 4, port=0x3E)) == [(0, 0x3E, 1), (0, 0x3F, 2)]
    assert rows(walked(bytes([1, 1, 2, 3, 4, 0]), 4, port=0xFE)) == [(0, 0x00, 3), (0, 0x01, 4)]


def test_a_channel_that_reads_from_the_ppu_writes_nothing_to_it() -> None:
    found = walked(bytes([1, 9, 0]), 0x80)
    assert rows(found) == []
    assert found.raster_effects == "none"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from([*range(2), *range(5, 0x15), *range(0x1A, 0x34)]), st.integers(0, 255)
        ),
        max_size=40,
    ),
    st.integers(0, 45),
)
def test_the_changes_from_row_to_row_are_those_of_the_console(writes: WRITES, row: int) -> None:
    raster = np.array(sorted(writes, key=lambda write: write[0]), RASTER_DTYPE)
    ppu = expected_registers({"bgmode": 1, "bg1hofs": 0x155, "m7a": 0x1234, "coldata": 0x56B5, "cgadd": 0x42})
    cgram = (np.arange(256) * 77 & 0x7FFF).astype(np.uint16)
    snapshot = dataclasses.replace(snapshot_of({}), ppu=ppu, cgram=cgram, raster=raster, raster_effects="some")
    registers, colours = list(dataclasses.asdict(ppu).values()), cgram.tolist()
    for line, what, value in np.frombuffer(row_changes(snapshot), "<u2").reshape(-1, 3).tolist():
        if line <= row:
            (registers if what >= 256 else colours)[what % 256] = value
    plain = next(one for one in rows_of(snapshot, 224) if one.row == row)
    assert dict(zip(dataclasses.asdict(ppu), registers, strict=True)) == plain.regs | {"cgadd": ppu.cgadd}
    assert colours == plain.cgram
    assert row_changes(dataclasses.replace(snapshot, raster=None)) == b""


def test_channels_write_a_line_in_their_order() -> None:
    wram = np.zeros(0x20000, np.uint8)
    for n in range(8):
        wram[0x2000 + 8 * n : 0x2004 + 8 * n] = [2, n, 1, 0x10 + n]
    channels = {n: channel(0x2000 + 8 * n, 0x26, end=0x2005 + 8 * n) for n in (6, 0, 3)}
    found = with_raster(snapshot_of(channels, wram))
    assert rows(found) == [(line, 0x26, 0x10 * (line > 0) + n) for line in (0, 2) for n in (0, 3, 6)]


def test_tables_and_data_stay_in_their_banks() -> None:
    wram = np.zeros(0x20000, np.uint8)
    wram[0x1FFFE:] = [2, 7]
    wram[0x10000:0x10004] = [0x81, 8, 0, 0]
    found = with_raster(snapshot_of({0: channel(0xFFFE, 0x26, end=3, bank=0x7F)}, wram))
    assert rows(found) == [(0, 0x26, 7), (2, 0x26, 8)]


@pytest.mark.parametrize("bank", [0x00, 0x3F, 0x80, 0xBF, 0x7E])
def test_the_start_of_wram_is_in_every_bank_of_the_system(bank: int) -> None:
    wram = np.zeros(0x20000, np.uint8)
    wram[0x1F00:0x1F02] = [1, 5]
    found = with_raster(snapshot_of({0: channel(0x1F00, 0x26, end=0x1F03, bank=bank)}, wram))
    assert rows(found) == [(0, 0x26, 5)]


@pytest.mark.parametrize(
    ("mapping", "bank", "address", "offset"),
    [
        (Mapping.LOROM, 0x02, 0x9000, 0x11000),
        (Mapping.LOROM, 0x82, 0x9000, 0x11000),
        (Mapping.HIROM, 0xC1, 0x1000, 0x11000),
        (Mapping.HIROM, 0x01, 0x9000, 0x19000),
        (Mapping.SA1, 0xC1, 0x1000, 0x11000),
        (Mapping.EXHIROM, 0xC1, 0x1000, 0x11000),
    ],
)
def test_tables_in_the_rom_are_read_through_its_mapping(mapping: Mapping, bank: int, address: int, offset: int) -> None:
    rom = np.zeros(0x20000, np.uint8)
    rom[offset : offset + 2] = [1, 5]
    snapshot = snapshot_of({0: channel(address, 0x26, end=address + 3, bank=bank)})
    found = with_raster(snapshot, rom, page_table(mapping, rom.size))
    assert rows(found) == [(0, 0x26, 5)]
    assert found.raster_effects == "some"
    without = with_raster(snapshot)
    assert rows(without) == []
    assert without.raster_effects == "unknown"


def test_tables_in_the_memories_of_the_sa1_are_read_where_the_snapshot_has_them() -> None:
    bwram, iram = np.zeros(0x8000, np.uint8), np.zeros(0x800, np.uint8)
    bwram[0x1000:0x1002] = iram[0x100:0x102] = [1, 5]
    for address, bank in ((0x9000, 0x41), (0x3100, 0x00)):
        snapshot = snapshot_of({0: channel(address, 0x26, end=address + 3, bank=bank)})
        assert with_raster(snapshot).raster_effects == "unknown"
        assert rows(with_raster(dataclasses.replace(snapshot, bwram=bwram, iram=iram))) == [(0, 0x26, 5)]


def test_a_channel_that_cannot_be_read_leaves_the_others_alone() -> None:
    wram = np.zeros(0x20000, np.uint8)
    wram[0x2000:0x2002] = [1, 5]
    channels = {1: channel(0x2000, 0x26, end=0x2003), 4: channel(0x6000, 0x27, bank=0)}
    found = with_raster(snapshot_of(channels, wram))
    assert rows(found) == [(0, 0x26, 5)]
    assert found.raster_effects == "unknown"


def test_a_console_that_has_read_another_table_is_not_believed() -> None:
    # Games with two tables set the address of the next frame's before vblank.
    assert walked(bytes([1, 5, 0]), end=0x2103).raster_effects == "unknown"


def test_colours_at_an_address_that_the_cpu_has_set_are_not_known() -> None:
    assert walked(bytes([1, 5, 6, 0]), 2, port=0x22).raster_effects == "unknown"
    assert walked(bytes([1, 0, 0, 6, 7, 0]), 3, port=0x21).raster_effects == "some"


def test_colours_at_an_address_that_the_cpu_has_set_are_known_from_the_address_after_the_picture() -> None:
    assert walked(bytes([1, 5, 6, 0]), 2, port=0x22, cgadd=0x1FF).raster_effects == "some"
    # The register holds what comes after a $2121, so it does not tell where the writes before that one went.
    wram = np.zeros(0x20000, np.uint8)
    wram[0x2000:0x2004], wram[0x2100:0x2105] = [1, 5, 6, 0], [0x10, 0, 1, 0, 0]
    channels = {0: channel(0x2000, 0x22, 2, end=0x2004), 1: channel(0x2100, 0x21, end=0x2105)}
    assert with_raster(snapshot_of(channels, wram, cgadd=4)).raster_effects == "unknown"
    first = {1: channels[0], 0: channels[1]}  # the channel with $2121 comes first
    assert with_raster(snapshot_of(first, wram, cgadd=4)).raster_effects == "some"


def test_without_hdma_and_irqs_nothing_changes_while_the_picture_is_drawn() -> None:
    found = with_raster(snapshot_of({}))
    assert (rows(found), found.raster_effects) == ([], "none")


@pytest.mark.parametrize("nmitimen", [0x10, 0xA0, 0x30])
def test_an_irq_may_write_what_nobody_saw(nmitimen: int) -> None:
    assert with_raster(snapshot_of({}, nmitimen=nmitimen)).raster_effects == "unknown"
    assert walked(bytes([1, 5, 0]), nmitimen=nmitimen).raster_effects == "unknown"


def test_what_a_host_has_answered_stays() -> None:
    plain = snapshot_of({})
    traced = dataclasses.replace(plain, raster=np.array([(3, 5, 7)], RASTER_DTYPE))
    told = dataclasses.replace(plain, raster_effects="some")
    blind = dataclasses.replace(plain, cpu=None)
    for snapshot in (traced, told, blind):
        assert with_raster(snapshot) is snapshot


@given(seed=st.integers(0, 1 << 32), chosen=st.sets(st.integers(0, 7), min_size=1))
def test_random_tables_are_followed_as_the_hardware_does(seed: int, chosen: set[int]) -> None:
    rng = np.random.default_rng(seed)
    wram = np.frombuffer(rng.bytes(0x20000), np.uint8).copy()
    channels = {}
    for n in sorted(chosen):
        mode, indirect = int(rng.integers(8)), bool(rng.integers(2))
        at, data_at = 0x2000 + 0x1000 * n, 0xF800 * n & 0xFFFF
        made = random_table(rng, mode, random_bytes(rng, len(UNITS[mode])), indirect=indirect, data_at=data_at)
        wram[at : at + len(made.table)] = np.frombuffer(made.table, np.uint8)
        places = 0x10000 + (data_at + np.arange(len(made.data))) % 0x10000
        wram[places] = np.frombuffer(made.data, np.uint8)
        channels[n] = DmaChannel(
            dmap=mode | indirect << 6, bbad=int(rng.integers(0x100)), a1t=at, a1b=0x7E, das=0, dasb=0x7F, a2a=at, ntrl=0
        )
    found = with_raster(snapshot_of(channels, wram))
    assert rows(found) == writes_of(channels, lambda bank, address: int(wram[(bank - 0x7E) << 16 | address]), 225)


@given(seed=st.integers(0, 1 << 32))
def test_noise_is_followed_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wram = np.frombuffer(rng.bytes(0x20000), np.uint8)
    names = [field.name for field in dataclasses.fields(DmaChannel)]
    widths = {"a1t": 16, "das": 16, "a2a": 16}
    channels = {
        n: DmaChannel(**{name: int(rng.integers(1 << widths.get(name, 8))) for name in names}) for n in range(8)
    }
    found = with_raster(snapshot_of(channels, wram))
    assert found.raster is not None
    assert (np.diff(found.raster["line"].astype(int)) >= 0).all()
