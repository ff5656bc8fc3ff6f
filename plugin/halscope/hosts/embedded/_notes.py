"""What a snapshot holds besides memories, packed for the ring: plain numbers, since both ends do it for each frame.

A pickle of the registers takes 70 µs to write and 80 to read, nine times as long.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

from halscope_hooks import CpuRegisters, DmaChannel, PpuRegisters


class Notes(NamedTuple):
    """What is no memory; see `Snapshot`."""

    ppu: PpuRegisters
    cpu: CpuRegisters | None
    field: int | None
    ages: Mapping[str, int]


def pack_notes(notes: Notes) -> bytes:
    """Return the notes as bytes, for `unpack_notes` of the same program."""
    cpu = notes.cpu
    plain = None if cpu is None else (_cpu_values(cpu), tuple(map(_channel_values, cpu.dma)))
    return marshal.dumps((_ppu_values(notes.ppu), plain, notes.field, dict(notes.ages)))


def unpack_notes(packed: bytes) -> Notes:
    """Return the notes that `pack_notes` has packed."""
    ppu, cpu, field, ages = marshal.loads(packed)  # noqa: S302 - the two processes are one program
    return Notes(_ppu(ppu), None if cpu is None else _cpu(*cpu), field, ages)


_PPU_NAMES: Final = tuple(one.name for one in fields(PpuRegisters))
_CPU_NAMES: Final = tuple(one.name for one in fields(CpuRegisters) if one.name != "dma")
_CHANNEL_NAMES: Final = tuple(one.name for one in fields(DmaChannel))
_ppu_values: Final = attrgetter(*_PPU_NAMES)
_cpu_values: Final = attrgetter(*_CPU_NAMES)
_channel_values: Final = attrgetter(*_CHANNEL_NAMES)


@lru_cache(maxsize=8)  # a scene often keeps the registers of one frame and changes those of the other
def _ppu(values: tuple[int | None, ...]) -> PpuRegisters:
    return PpuRegisters(**dict(zip(_PPU_NAMES, values, strict=True)))


@lru_cache(maxsize=8)
def _cpu(values: tuple[int | None, ...], channels: tuple[tuple[int, ...], ...]) -> CpuRegisters:
    named: dict[str, Any] = dict(zip(_CPU_NAMES, values, strict=True))
    return CpuRegisters(**named, dma=tuple(_channel(one) for one in channels))


@lru_cache(maxsize=64)
def _channel(values: tuple[int, ...]) -> DmaChannel:
    return DmaChannel(**dict(zip(_CHANNEL_NAMES, values, strict=True)))
