"""The contents of a frame: convert the parts of a snapshot to sections of bytes and back."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, Final

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    IRAM_BYTES,
    OAM_BYTES,
    RASTER_DTYPE,
    VRAM_BYTES,
    WRAM_BYTES,
    CpuRegisters,
    DmaChannel,
    FormatError,
    PpuRegisters,
    RasterEffects,
    RasterWrites,
    RomIdentity,
    Snapshot,
    UsageError,
)
from numpy.typing import NDArray

MOST_PICTURE_SIDE: Final = 1024
MOST_RASTER_ROWS: Final = 0x10000  # eight HDMA channels write at most 9,984 bytes per picture (312 lines × 8 × 4)
_MOST_AGE: Final = 0xFFFFFFFF
_RASTER_EFFECTS: Final[tuple[RasterEffects, ...]] = ("none", "some", "unknown")
_CHANNELS: Final = CpuRegisters.CHANNELS
_SHAPE: Final = struct.Struct("<HH")  # of the picture: height, width
_ROWS: Final = struct.Struct("<I")

Section = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Names:
    """The registers in the sections and the parts that have an age, in the order in which they are stored."""

    ppu: tuple[str, ...]
    cpu: tuple[str, ...] = ()
    dma: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()


NAMES: Final = Names(
    tuple(field.name for field in fields(PpuRegisters)),
    tuple(field.name for field in fields(CpuRegisters) if field.name != "dma"),
    tuple(field.name for field in fields(DmaChannel)),
    ("vram", "cgram", "oam", "ppu", "wram", "bwram", "iram", "cpu", "picture"),
)
"""The names that are written."""

_PPU_VALUES: Final[Callable[[PpuRegisters], tuple[int | None, ...]]] = attrgetter(*NAMES.ppu)
_CPU_VALUES: Final[Callable[[CpuRegisters], tuple[int | None, ...]]] = attrgetter(*NAMES.cpu)
_DMA_VALUES: Final[Callable[[DmaChannel], tuple[int, ...]]] = attrgetter(*NAMES.dma)
_NO_AGES: Final = bytes(5 * len(NAMES.ages))


def section_sizes(names: Names) -> dict[str, int | None]:
    """Return the size in bytes of every section, in the order of a frame; `None` if it varies."""
    return {
        "vram": VRAM_BYTES,
        "cgram": CGRAM_BYTES,
        "oam": OAM_BYTES,
        "registers": _registers_format(len(names.ppu)).size,
        "metadata": 2 + 5 * len(names.ages),
        "wram": WRAM_BYTES,
        "bwram": None,
        "iram": IRAM_BYTES,
        "cpu": _cpu_format(len(names.cpu), len(names.dma)).size,
        "picture": None,
    }


@cache
def _registers_format(count: int) -> struct.Struct:
    """Format of the register values, which of them are known, and the raster effects."""
    return struct.Struct(f"<{count}H{count}BB")


@cache
def _cpu_format(count: int, dma: int) -> struct.Struct:
    """Format of the register values, which of them are known, the number of known channels, and the channels."""
    return struct.Struct(f"<{count}H{count}BB{_CHANNELS * dma}H")


def from_snapshot(snapshot: Snapshot) -> list[Section | None]:
    """Return the snapshot's sections in the order of `section_sizes`, with `None` for missing ones.

    Raises:
        UsageError: The picture is too large, or a value does not fit.
    """
    cpu, picture = snapshot.cpu, snapshot.picture
    return [
        snapshot.vram,
        snapshot.cgram.astype("<u2", copy=False).view(np.uint8),
        snapshot.oam,
        np.frombuffer(_pack_registers(snapshot), np.uint8),
        np.frombuffer(_pack_metadata(snapshot), np.uint8),
        snapshot.wram,
        snapshot.bwram,
        snapshot.iram,
        None if cpu is None else np.frombuffer(_pack_cpu(cpu), np.uint8),
        None if picture is None else _pack_picture(picture),
    ]


def _pack_registers(snapshot: Snapshot) -> bytes:
    values = _PPU_VALUES(snapshot.ppu)
    if snapshot.raster_effects not in _RASTER_EFFECTS:
        raise UsageError(f"raster effects are {snapshot.raster_effects!r}, expected one of {_RASTER_EFFECTS}")
    effects = _RASTER_EFFECTS.index(snapshot.raster_effects)
    known = [value is not None for value in values]
    return _registers_format(len(values)).pack(*[value or 0 for value in values], *known, effects)


def _pack_metadata(snapshot: Snapshot) -> bytes:
    head = bytes((0 if snapshot.field is None else 1 + int(snapshot.field), snapshot.rom is not None))
    if not snapshot.ages:
        return head + _NO_AGES
    for part, age in snapshot.ages.items():
        if part not in NAMES.ages or age > _MOST_AGE:
            raise UsageError(f"a recording cannot hold an age of {age} frames for {part}")
    known = [part in snapshot.ages for part in NAMES.ages]
    ages = [snapshot.ages.get(part, 0) for part in NAMES.ages]
    return head + struct.pack(f"<{len(ages)}I{len(known)}B", *ages, *known)


def _pack_cpu(cpu: CpuRegisters) -> bytes:
    values = _CPU_VALUES(cpu)
    known = [value is not None for value in values]
    channels = [value for channel in cpu.dma for value in _DMA_VALUES(channel)]
    channels = channels or [0] * (_CHANNELS * len(NAMES.dma))
    form = _cpu_format(len(values), len(NAMES.dma))
    return form.pack(*[value or 0 for value in values], *known, len(cpu.dma), *channels)


def _pack_picture(picture: NDArray[np.uint8]) -> Section:
    height, width = picture.shape[:2]
    if max(height, width) > MOST_PICTURE_SIDE:
        raise UsageError(f"a picture of {width}×{height} pixels is too large for a recording ({MOST_PICTURE_SIDE})")
    section = np.empty(_SHAPE.size + picture.size, np.uint8)
    section[: _SHAPE.size] = memoryview(_SHAPE.pack(height, width))
    section[_SHAPE.size :] = picture.reshape(-1)
    return section


def pack_raster(raster: RasterWrites | None) -> bytes:
    """Return the writes as bytes, column by column (which compress to half the size of rows); empty for `None`.

    Raises UsageError if there are too many.
    """
    if raster is None:
        return b""
    if len(raster) > MOST_RASTER_ROWS:
        raise UsageError(f"{len(raster)} raster writes are too many for a recording ({MOST_RASTER_ROWS})")
    columns = (raster["line"].astype("<u2").tobytes(), raster["register"].tobytes(), raster["value"].tobytes())
    return _ROWS.pack(len(raster)) + b"".join(columns)


def unpack_raster(data: bytes) -> RasterWrites | None:
    """Reverse of `pack_raster`. Raises FormatError."""
    if not data:
        return None
    rows = _ROWS.unpack_from(data)[0] if len(data) >= _ROWS.size else -1
    if len(data) != _ROWS.size + 4 * rows:
        raise FormatError("the number of raster writes does not match their size")
    raster = np.empty(rows, RASTER_DTYPE)
    raster["line"] = np.frombuffer(data, "<u2", rows, _ROWS.size)
    raster["register"] = np.frombuffer(data, np.uint8, rows, _ROWS.size + 2 * rows)
    raster["value"] = np.frombuffer(data, np.uint8, rows, _ROWS.size + 3 * rows)
    raster.flags.writeable = False
    return raster


class Decoder:
    """Converts sections to a snapshot's fields, as described by a recording's header.

    Args:
        names: Names from the header. Unknown registers are ignored.
        rom: ROM of the recording.
    """

    def __init__(self, names: Names, rom: RomIdentity | None) -> None:
        self._names = names
        self._rom = rom
        self._ppu = _wanted(names.ppu, NAMES.ppu)
        self._cpu = _wanted(names.cpu, NAMES.cpu)
        self._dma = _wanted(names.dma, NAMES.dma)
        self._ages = _wanted(names.ages, NAMES.ages)

    def fields(self, section: str, part: Section, picture: tuple[int, int] | None) -> dict[str, Any]:
        """Return the fields in a section; empty for an unknown section.

        Args:
            section: Name of the section.
            part: Its bytes, read-only and not shared.
            picture: Height and width of the picture if its section does not begin with them (version 1).

        Raises:
            FormatError: It holds an invalid value.
            UsageError: A value is too wide for its register.
        """
        match section:
            case "vram" | "oam" | "wram" | "bwram" | "iram":
                return {section: part}
            case "cgram":
                return {"cgram": part.view("<u2")}
            case "registers":
                return self._registers(part)
            case "metadata":
                return self._metadata(part)
            case "cpu":
                return {"cpu": self._processor(part)}
            case "picture":
                return {"picture": _picture(part, picture)}
            case _:
                return {}

    def register(self, part: bytes, name: str) -> int | None:
        """Return one register of the section "registers" by its field of `PpuRegisters`; `None` if it is unknown."""
        names = self._names.ppu
        if name not in names:
            return None
        values, at = _registers_format(len(names)).unpack(part), names.index(name)
        return int(values[at]) if values[len(names) + at] else None

    def _registers(self, part: Section) -> dict[str, Any]:
        count = len(self._names.ppu)
        values = _registers_format(count).unpack(part)
        if values[-1] >= len(_RASTER_EFFECTS):
            raise FormatError(f"unknown raster effects {values[-1]}")
        known = {name: values[at] for at, name in self._ppu if values[count + at]}
        return {"ppu": PpuRegisters(**known), "raster_effects": _RASTER_EFFECTS[values[-1]]}

    def _metadata(self, part: Section) -> dict[str, Any]:
        field, rom_known = part[:2].tolist()
        if field > 2:
            raise FormatError(f"the field is {field}, expected 0 to 2")
        count = len(self._names.ages)
        ages = struct.unpack(f"<{count}I{count}B", part[2:])
        return {
            "field": field - 1 if field else None,
            "rom": self._rom if rom_known else None,
            "ages": {name: ages[at] for at, name in self._ages if ages[count + at]},
        }

    def _processor(self, part: Section) -> CpuRegisters:
        count, width = len(self._names.cpu), len(self._names.dma)
        values = _cpu_format(count, width).unpack(part)
        known: dict[str, Any] = {name: values[at] for at, name in self._cpu if values[count + at]}
        channels = values[2 * count]
        if channels not in (0, _CHANNELS):
            raise FormatError(f"{channels} DMA channels are known, expected 0 or {_CHANNELS}")
        first = 2 * count + 1
        try:
            dma = tuple(
                DmaChannel(**{name: values[first + channel * width + at] for at, name in self._dma})
                for channel in range(channels)
            )
        except TypeError as error:
            raise FormatError(f"the recording lacks DMA registers: {error}") from error
        return CpuRegisters(**known, dma=dma)


def _wanted(names: Sequence[str], ours: Sequence[str]) -> list[tuple[int, str]]:
    return [(at, name) for at, name in enumerate(names) if name in ours]


def _picture(part: Section, shape: tuple[int, int] | None) -> NDArray[np.uint8]:
    if shape is None:
        if len(part) < _SHAPE.size:
            raise FormatError("the picture has no size")
        shape, part = _SHAPE.unpack_from(part), part[_SHAPE.size :]
    height, width = shape
    if len(part) != height * width * 3:
        raise FormatError(f"the picture has {len(part)} bytes, which are not {width}×{height} pixels")
    return part.reshape(height, width, 3)
