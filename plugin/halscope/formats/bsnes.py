"""bsnes-mercury's savestate: the locations of VRAM, OAM, CGRAM and the decoded PPU registers, per profile.

The state is `BST1`, a version (27), and then every value of the machine in a fixed order, which depends on the profile
that the core was built with. The PPU's part begins with VRAM; everything after it is at a fixed distance from VRAM. The
emulator stores its registers decoded into fields. The tables below give the location of each bit of each register. They
were found with ROMs that write known values, and the host tests verify every field on the running core.

Bits that the console does not use (OBSEL bit 2, BGnSC bit 7, TM bits 5 to 7...) are not stored and read as 0.
The performance and accuracy profiles store the mosaic size per layer, and only while it is enabled: a mosaic register
with no size or no layers reads as 0 there, which gives the same picture.
"""

from __future__ import annotations

from collections.abc import Buffer, Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import CGRAM_BYTES, OAM_BYTES, CpuRegisters, FormatError, PpuRegisters

from halscope.formats import _bsnes_cpu
from halscope.formats._bsnes_cpu import EXACT, PERFORMANCE, CpuLayout

Profile = Literal["performance", "balanced", "accuracy"]

MAGIC: Final = b"BST1"
STATE_VERSION: Final = 27


@dataclass(frozen=True, slots=True)
class Field:
    """Some bits of a register: `width` bits at offset `at` from VRAM, shifted right by `shift`, stored at bit `bit`."""

    at: int
    bit: int
    width: int
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Distances from the start of VRAM in the state. `oam` and `cgram` are the same in the core's own memory."""

    cpu: CpuLayout
    oam: int
    cgram: int
    registers: Mapping[str, tuple[Field, ...]]
    mosaic_sizes: tuple[int, ...]
    end: int


def _bits(*places: int, first: int = 0) -> tuple[Field, ...]:
    """Return one-bit fields, starting at the register's bit `first`."""
    return tuple(Field(at, bit, 1) for bit, at in enumerate(places, first))


def _pairs(*places: int) -> tuple[Field, ...]:
    """Return two-bit fields, starting at bit 0."""
    return tuple(Field(at, 2 * n, 2) for n, at in enumerate(places))


def _common(
    *,
    brightness: int,
    oam_base: Field,
    oam_priority: int,
    bg_mode: int,
    mode_7_scroll: int,
    mode_7_flags: tuple[int, int, int],
    mode_7: int,
    cgram_address: int,
    setini: tuple[int, int, int, int, int],
    obsel: tuple[int, int, int],
) -> dict[str, tuple[Field, ...]]:
    """Return the registers that all three profiles store in the same way."""
    words = {name: (Field(mode_7 + 2 * n, 0, 16),) for n, name in enumerate(("m7a", "m7b", "m7c", "m7d"))}
    size, select, base = obsel
    extbg, hires, overscan, object_interlace, interlace = setini
    repeat, vflip, hflip = mode_7_flags
    return words | {
        "cgadd": (Field(cgram_address, 0, 9),),
        "inidisp": (Field(brightness, 0, 4), Field(brightness - 1, 7, 1)),
        "obsel": (Field(base, 0, 2, 6), Field(select, 3, 2), Field(size, 5, 3)),
        "oamadd": (oam_base, Field(oam_priority, 15, 1)),
        "m7hofs": (Field(mode_7_scroll, 0, 13),),
        "m7vofs": (Field(mode_7_scroll + 2, 0, 13),),
        "m7x": (Field(mode_7 + 8, 0, 13),),
        "m7y": (Field(mode_7 + 10, 0, 13),),
        "m7sel": (Field(hflip, 0, 1), Field(vflip, 1, 1), Field(repeat, 6, 2)),
        "setini": (
            Field(interlace, 0, 1),
            Field(object_interlace, 1, 1),
            Field(overscan, 2, 1),
            Field(hires, 3, 1),
            Field(extbg, 6, 1),
        ),
        "bgmode": (Field(bg_mode, 0, 3), Field(bg_mode - 1, 3, 1)),
    }


def _layers(
    starts: tuple[int, ...], *, screen: int, screen_size: int, tiles: int, tile_size: int, hofs: int, vofs: int
) -> dict[str, tuple[Field, ...]]:
    """Return the registers of the four layers for profiles where each layer is a separate object, at `starts`."""
    registers: dict[str, tuple[Field, ...]] = {"bgmode": _bits(*(at + tile_size for at in starts), first=4)}
    for n, at in enumerate(starts, 1):
        registers[f"bg{n}sc"] = (Field(at + screen_size, 0, 2), Field(at + screen + 1, 2, 5, 3))
        registers[f"bg{n}hofs"] = (Field(at + hofs, 0, 10),)
        registers[f"bg{n}vofs"] = (Field(at + vofs, 0, 10),)
    bases = [at + tiles + 1 for at in starts]
    registers["bg12nba"] = (Field(bases[0], 0, 3, 5), Field(bases[1], 4, 3, 5))
    registers["bg34nba"] = (Field(bases[2], 0, 3, 5), Field(bases[3], 4, 3, 5))
    return registers


def _joined(*parts: Mapping[str, tuple[Field, ...]]) -> dict[str, tuple[Field, ...]]:
    """Merge parts of a table. A register in several parts gets the fields of all of them."""
    registers: dict[str, tuple[Field, ...]] = {}
    for part in parts:
        for name, places in part.items():
            registers[name] = registers.get(name, ()) + places
    return registers


def _performance() -> Layout:
    layers = (66604, 67210, 67816, 68422)
    sprites, colour_window, screen = 74408, 81101, 74930
    windows = [at + 72 for at in layers] + [sprites, colour_window]
    # Each window: one invert, one enable, two invert, two enable, mask (in the registers' order: enable is bit 1).
    select = [Field(at + k, 4 * (n & 1) + bit, 1) for n, at in enumerate(windows) for bit, k in enumerate((1, 0, 3, 2))]
    registers = _joined(
        _common(
            brightness=81651,
            oam_base=Field(81655, 0, 9),
            oam_priority=81659,
            bg_mode=81661,
            mode_7_scroll=81665,
            mode_7_flags=(81680, 81684, 81685),
            mode_7=81686,
            cgram_address=81698,
            setini=(81716, 81717, 81718, 69050, 81719),
            obsel=(69032, 69036, 69041),
        ),
        _layers(layers, screen=5, screen_size=9, tiles=13, tile_size=0, hofs=17, vofs=21),
        {
            "w12sel": tuple(select[0:8]),
            "w34sel": tuple(select[8:16]),
            "wobjsel": tuple(select[16:24]),
            "wh0": (Field(81700, 0, 8),),
            "wh1": (Field(81704, 0, 8),),
            "wh2": (Field(81708, 0, 8),),
            "wh3": (Field(81712, 0, 8),),
            "wbglog": _pairs(*(at + 76 for at in layers)),
            "wobjlog": _pairs(sprites + 4, colour_window + 4),
            "tm": _bits(*(at + 25 for at in layers), 69048),
            "ts": _bits(*(at + 26 for at in layers), 69049),
            "tmw": _bits(*(at + 80 for at in layers), sprites + 8),
            "tsw": _bits(*(at + 81 for at in layers), sprites + 9),
            "cgwsel": (*_bits(screen + 1, screen), Field(81113, 4, 2), Field(81109, 6, 2)),
            "cgadsub": _bits(*(screen + k for k in (4, 5, 6, 7, 9, 10, 3, 2))),
            "coldata": (Field(74953, 0, 15),),
        },
    )
    return Layout(PERFORMANCE, 0x10000, 0x10000 + OAM_BYTES, registers, tuple(at + 1 for at in layers), 81720)


def _accuracy() -> Layout:
    layers = (66683, 66795, 66907, 67019)
    windows, colour = 69406, 69484
    select = [Field(windows + 4 * n + k, 4 * (n & 1) + bit, 1) for n in range(6) for bit, k in enumerate((1, 0, 3, 2))]
    registers = _joined(
        _common(
            brightness=66622,
            oam_base=Field(66626, 0, 9, 1),
            oam_priority=66634,
            bg_mode=66636,
            mode_7_scroll=66637,
            mode_7_flags=(66649, 66653, 66654),
            mode_7=66655,
            cgram_address=66667,
            setini=(66671, 66672, 66673, 69366, 66674),
            obsel=(69367, 69371, 69376),
        ),
        _layers(layers, screen=2, screen_size=4, tiles=0, tile_size=12, hofs=27, vofs=29),
        {
            "w12sel": tuple(select[0:8]),
            "w34sel": tuple(select[8:16]),
            "wobjsel": tuple(select[16:24]),
            "wh0": (Field(69430, 0, 8),),
            "wh1": (Field(69431, 0, 8),),
            "wh2": (Field(69432, 0, 8),),
            "wh3": (Field(69433, 0, 8),),
            "wbglog": _pairs(69434, 69438, 69442, 69446),
            "wobjlog": _pairs(69450, 69454),
            "tm": _bits(*(at + 25 for at in layers), 69364),
            "ts": _bits(*(at + 26 for at in layers), 69365),
            "tmw": _bits(*range(69458, 69468, 2)),
            "tsw": _bits(*range(69459, 69468, 2)),
            "cgwsel": (*_bits(colour + 1, colour), Field(69472, 4, 2), Field(69468, 6, 2)),
            "cgadsub": _bits(*range(colour + 4, colour + 10), colour + 3, colour + 2),
            "coldata": (Field(69502, 0, 5), Field(69498, 5, 5), Field(69494, 10, 5)),
        },
    )
    return Layout(EXACT, 0x10000, 0x10000 + OAM_BYTES, registers, tuple(at + 8 for at in layers), 69504)


def _balanced() -> Layout:
    enable, invert = 132252, 132258  # window one; window two is 12 bytes further on
    select = [
        _bits(invert + n, enable + n, invert + 12 + n, enable + 12 + n, first=bit)
        for n, bit in enumerate((0, 4, 0, 4, 0, 4))
    ]
    registers = _joined(
        _common(
            brightness=132162,
            oam_base=Field(132167, 0, 9),
            oam_priority=132171,
            bg_mode=132179,
            mode_7_scroll=132208,
            mode_7_flags=(132233, 132234, 132235),
            mode_7=132237,
            cgram_address=132249,
            setini=(132323, 132324, 132325, 132328, 132329),
            obsel=(132163, 132164, 132166),
        ),
        {
            "bgmode": _bits(132174, 132175, 132176, 132177, first=4),
            "mosaic": (*_bits(132181, 132182, 132183, 132184), Field(132180, 4, 4)),
            "bg12nba": (Field(132200, 0, 3, 5), Field(132202, 4, 3, 5)),
            "bg34nba": (Field(132204, 0, 3, 5), Field(132206, 4, 3, 5)),
            "w12sel": select[0] + select[1],
            "w34sel": select[2] + select[3],
            "wobjsel": select[4] + select[5],
            "wbglog": _pairs(132280, 132281, 132282, 132283),
            "wobjlog": _pairs(132284, 132285),
            "tm": _bits(*range(132286, 132291)),
            "ts": _bits(*range(132291, 132296)),
            "tmw": _bits(*range(132296, 132301)),
            "tsw": _bits(*range(132301, 132306)),
            "cgwsel": (*_bits(132309, 132308), Field(132307, 4, 2), Field(132306, 6, 2)),
            "cgadsub": _bits(*range(132312, 132318), 132311, 132310),
            "coldata": (Field(132321, 0, 15),),
        },
        {f"wh{n}": (Field(132276 + n, 0, 8),) for n in range(4)},
        {f"bg{n + 1}sc": (Field(132195 + n, 0, 2), Field(132188 + 2 * n, 2, 5, 3)) for n in range(4)},
        {f"bg{n + 1}hofs": (Field(132212 + 2 * n, 0, 10),) for n in range(4)},
        {f"bg{n + 1}vofs": (Field(132220 + 2 * n, 0, 10),) for n in range(4)},
    )
    return Layout(EXACT, 0x20000, 0x20000 + OAM_BYTES, registers, (), 132330)


LAYOUTS: Final[Mapping[Profile, Layout]] = {
    "performance": _performance(),
    "balanced": _balanced(),
    "accuracy": _accuracy(),
}


STILL_THE_START: Final = 8
"""Lines into vblank up to which a state counts as that of its start: an NMI handler has hardly begun."""


def check_header(state: Buffer) -> None:
    """Raise FormatError unless a state begins as one of bsnes v094."""
    head = bytes(memoryview(state).cast("B")[:8])
    if head[:4] != MAGIC:
        raise FormatError(f"bsnes-mercury state: it begins with {head[:4]!r}, expected {MAGIC!r}")
    version = int.from_bytes(head[4:8], "little")
    if version != STATE_VERSION:
        raise FormatError(f"bsnes-mercury state: version {version}, only {STATE_VERSION} (v094) is known")


def check_state(state: Buffer, profile: Profile, vram_at: int) -> None:
    """Raise FormatError unless the tables describe this state and it is long enough for VRAM at `vram_at`."""
    check_header(state)
    needed = vram_at + LAYOUTS[profile].end
    if memoryview(state).nbytes < needed:
        raise FormatError(f"bsnes-mercury state: ends before offset {needed:#x}, where the {profile} PPU's part ends")


def read_pieces(profile: Profile, vram_at: int) -> list[tuple[int, int]]:
    """Return the pieces of a state (offset, bytes) that the functions below read; the rest may be zeros."""
    layout = LAYOUTS[profile]
    cpu = _bsnes_cpu.pieces(layout.cpu)
    pieces = [(0, 8), *((vram_at + at, size) for at, size in cpu), (vram_at + layout.oam, layout.end - layout.oam)]
    return [(at, size) for at, size in pieces if at >= 0]


class RegisterBytes(NamedTuple):
    """The bytes of a state that hold the registers. They are read when they are asked for, and equal ones once."""

    profile: Profile
    ppu_bytes: bytes
    cpu_ports: bytes
    channels: bytes
    knows_cgadd: bool = True

    @property
    def ppu(self) -> PpuRegisters:
        """The PPU's registers; `cgadd` is `None` unless it is known."""
        ppu = _registers(self.profile, self.ppu_bytes)
        return ppu if self.knows_cgadd else replace(ppu, cgadd=None)

    @property
    def cpu(self) -> CpuRegisters:
        """The CPU's registers."""
        return _bsnes_cpu.registers(self.cpu_ports, self.channels, LAYOUTS[self.profile].cpu.mode_bytes)

    @property
    def setini(self) -> int:
        """SETINI ($2133), without reading the others."""
        return _value(_tables(self.profile).fields["setini"], self.ppu_bytes)


class _Tables(NamedTuple):
    """Where the registers of a profile stand among the bytes that hold any."""

    pick: Callable[[memoryview], tuple[int, ...]]
    """Picks these bytes from the part of a state that begins with VRAM."""
    fields: Mapping[str, tuple[tuple[int, int, int, int], ...]]
    """For each register: place of a byte, shift to the right, mask, shift to the left. Fields of two bytes are two."""
    mosaic_sizes: tuple[int, ...]


@lru_cache(maxsize=3)
def _tables(profile: Profile) -> _Tables:
    layout = LAYOUTS[profile]
    places: dict[int, int] = {}

    def place(at: int) -> int:
        return places.setdefault(at, len(places))

    def split(field: Field) -> list[tuple[int, int, int, int]]:
        mask, low = (1 << field.width) - 1, 8 - field.shift
        parts = [(place(field.at), field.shift, mask & 0xFF, field.bit)]
        if field.shift + field.width > 8:
            parts.append((place(field.at + 1), 0, mask >> low, field.bit + low))
        return parts

    fields = {name: tuple(part for one in ones for part in split(one)) for name, ones in layout.registers.items()}
    sizes = tuple(place(at) for at in layout.mosaic_sizes)
    pick: Any = itemgetter(*places)
    return _Tables(pick, fields, sizes)


def _value(fields: tuple[tuple[int, int, int, int], ...], data: bytes) -> int:
    value = 0
    for at, right, mask, left in fields:
        value |= (data[at] >> right & mask) << left
    return value


@lru_cache(maxsize=8)  # most frames have the registers of the frame before
def _registers(profile: Profile, data: bytes) -> PpuRegisters:
    tables = _tables(profile)
    values = {name: _value(ones, data) for name, ones in tables.fields.items()}
    if tables.mosaic_sizes:
        sizes = [data[at] & 0x0F for at in tables.mosaic_sizes]
        values["mosaic"] = max(sizes) << 4 | sum(1 << n for n, size in enumerate(sizes) if size)
    return PpuRegisters(**values)


def read_registers(state: Buffer, profile: Profile, vram_at: int) -> PpuRegisters:
    """Return the PPU registers from a state.

    Args:
        state: The state serialized by the core.
        profile: Profile that the core was built with.
        vram_at: Offset of VRAM in the state.

    Raises:
        FormatError: The state has another version or is too short.
    """
    check_state(state, profile, vram_at)
    return _registers(profile, _ppu_bytes(memoryview(state).cast("B"), profile, vram_at))


def _ppu_bytes(data: memoryview, profile: Profile, vram_at: int) -> bytes:
    return bytes(_tables(profile).pick(data[vram_at : vram_at + LAYOUTS[profile].end]))


def register_bytes(state: Buffer, profile: Profile, vram_at: int) -> tuple[RegisterBytes, int, int]:
    """Return the bytes of all registers, the displayed field (0 or 1), and the line at which the PPU stood (0 to 311).

    Raises FormatError like `read_registers`.
    """
    data, layout = _cpu_part(state, profile, vram_at), LAYOUTS[profile].cpu
    cpu = _bsnes_cpu.register_bytes(data, layout, vram_at)
    field, line = _bsnes_cpu.field(data, layout, vram_at), _bsnes_cpu.line(data, layout, vram_at)
    return RegisterBytes(profile, _ppu_bytes(data, profile, vram_at), *cpu), field, line


def read_cpu(state: Buffer, profile: Profile, vram_at: int) -> tuple[CpuRegisters, int, int]:
    """Return the CPU's registers, the displayed field (0 or 1), and the line at which the PPU stood (0 to 311).

    Raises FormatError like `read_registers`.
    """
    data, layout = _cpu_part(state, profile, vram_at), LAYOUTS[profile].cpu
    cpu = _bsnes_cpu.registers(*_bsnes_cpu.register_bytes(data, layout, vram_at), layout.mode_bytes)
    return cpu, _bsnes_cpu.field(data, layout, vram_at), _bsnes_cpu.line(data, layout, vram_at)


def _cpu_part(state: Buffer, profile: Profile, vram_at: int) -> memoryview:
    """Return a state as bytes after checking that it has the CPU's part, too. Raises FormatError."""
    check_state(state, profile, vram_at)
    if vram_at + _bsnes_cpu.FIRST < 0:
        raise FormatError(
            f"bsnes-mercury state: VRAM is at offset {vram_at:#x}, too early: the CPU's part is before it"
        )
    return memoryview(state).cast("B")


def lines_into_vblank(setini: int | None, line: int) -> int:
    """Return the lines since the start of vblank; negative while the picture is drawn.

    Args:
        setini: SETINI ($2133); its bit 2 says where vblank starts.
        line: The PPU's line counter, see `read_cpu`.
    """
    return line - (240 if (setini or 0) & 0x04 else 225)


def read_oam(state: Buffer, profile: Profile, vram_at: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return a copy of OAM from a state, uint8[544]. Raises FormatError like `read_registers`."""
    check_state(state, profile, vram_at)
    return np.frombuffer(state, np.uint8, OAM_BYTES, vram_at + LAYOUTS[profile].oam).copy()


def read_cgram(state: Buffer, profile: Profile, vram_at: int) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    """Return a copy of CGRAM from a state, uint16[256]. Raises FormatError like `read_registers`."""
    check_state(state, profile, vram_at)
    return np.frombuffer(state, "<u2", CGRAM_BYTES // 2, vram_at + LAYOUTS[profile].cgram).astype(np.uint16)


assert all(set(layout.registers) | {"mosaic"} == {f.name for f in fields(PpuRegisters)} for layout in LAYOUTS.values())
