"""PPU, CPU and DMA registers, as last written."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import index
from typing import Any, ClassVar, Final

from halscope_hooks._errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class PpuRegisters:
    """The PPU registers ($2100 to $2133) as last written; `None` for a register that the host cannot know.

    8-bit registers hold the byte as written. `oamadd` combines $2102/$2103 (16 bits: bit 15 is priority rotation), the
    scroll registers `bgNhofs`/`bgNvofs` hold 10 bits, `m7hofs`/`m7vofs`/`m7x`/`m7y` 13 bits and `m7a` to `m7d` 16 bits,
    all as unsigned register values. `coldata` is the fixed colour as BGR555. `cgadd` is the CGRAM address that $2121
    sets, in bytes (9 bits): an odd address means that the next write to $2122 is a high byte.

    Raises:
        UsageError: A value is not an integer, or is wider than its register.
    """

    inidisp: int | None = None
    obsel: int | None = None
    oamadd: int | None = None
    bgmode: int | None = None
    mosaic: int | None = None
    bg1sc: int | None = None
    bg2sc: int | None = None
    bg3sc: int | None = None
    bg4sc: int | None = None
    bg12nba: int | None = None
    bg34nba: int | None = None
    bg1hofs: int | None = None
    bg1vofs: int | None = None
    bg2hofs: int | None = None
    bg2vofs: int | None = None
    bg3hofs: int | None = None
    bg3vofs: int | None = None
    bg4hofs: int | None = None
    bg4vofs: int | None = None
    m7sel: int | None = None
    m7a: int | None = None
    m7b: int | None = None
    m7c: int | None = None
    m7d: int | None = None
    m7x: int | None = None
    m7y: int | None = None
    m7hofs: int | None = None
    m7vofs: int | None = None
    cgadd: int | None = None
    w12sel: int | None = None
    w34sel: int | None = None
    wobjsel: int | None = None
    wh0: int | None = None
    wh1: int | None = None
    wh2: int | None = None
    wh3: int | None = None
    wbglog: int | None = None
    wobjlog: int | None = None
    tm: int | None = None
    ts: int | None = None
    tmw: int | None = None
    tsw: int | None = None
    cgwsel: int | None = None
    cgadsub: int | None = None
    coldata: int | None = None
    setini: int | None = None

    def __post_init__(self) -> None:
        _check(self, "PPU register", _PPU_LIMITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DmaChannel:
    """One of the eight DMA channels ($43n0 to $43nA). HDMA gives some of the registers a different meaning.

    Args:
        dmap: $43n0, direction and transfer mode.
        bbad: $43n1, low byte of the $21xx address.
        a1t: $43n2/3, source address, 16 bits; for HDMA, start of its table.
        a1b: $43n4, bank of the source address.
        das: $43n5/6, bytes remaining; for indirect HDMA, address of the data.
        dasb: $43n7, bank of the indirect HDMA data.
        a2a: $43n8/9, current position in the HDMA table.
        ntrl: $43nA, HDMA line counter.

    Raises:
        UsageError: A value is not an integer, or is wider than its register.
    """

    dmap: int
    bbad: int
    a1t: int
    a1b: int
    das: int
    dasb: int
    a2a: int
    ntrl: int

    def __post_init__(self) -> None:
        _check(self, "DMA register", _DMA_LIMITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRegisters:
    """The CPU registers that control raster effects; `None` for a register that is not known.

    Args:
        nmitimen: $4200, NMI and IRQ enable.
        hdmaen: $420C, HDMA enable, one bit per channel.
        htime: $4207/8, horizontal IRQ position in dots, 9 bits.
        vtime: $4209/A, vertical IRQ position in lines, 9 bits.
        dma: The eight channels, or empty if not known.

    Raises:
        UsageError: A value is not an integer or is wider than its register, or `dma` does not have 0 or 8 channels.
    """

    CHANNELS: ClassVar[int] = 8

    nmitimen: int | None = None
    hdmaen: int | None = None
    htime: int | None = None
    vtime: int | None = None
    dma: tuple[DmaChannel, ...] = ()

    def __post_init__(self) -> None:
        _check(self, "CPU register", _CPU_LIMITS)
        if len(self.dma) not in (0, self.CHANNELS) or not all(isinstance(one, DmaChannel) for one in self.dma):
            raise UsageError(f"CPU registers: dma holds {len(self.dma)} values, expected 8 DmaChannels or none")


def _limits(kind: type[Any], wide: dict[str, int]) -> dict[str, int]:
    """Return the largest value of each register: 8 bits unless `wide` gives another width."""
    names = [field.name for field in fields(kind) if field.name != "dma"]
    return {name: (1 << wide.get(name, 8)) - 1 for name in names}


_SCROLL: Final = {f"bg{number}{axis}ofs": 10 for number in (1, 2, 3, 4) for axis in "hv"}
_MODE_7: Final = {"m7x": 13, "m7y": 13, "m7hofs": 13, "m7vofs": 13, "m7a": 16, "m7b": 16, "m7c": 16, "m7d": 16}
_PPU_LIMITS: Final = _limits(PpuRegisters, _SCROLL | _MODE_7 | {"oamadd": 16, "cgadd": 9, "coldata": 15})
_DMA_LIMITS: Final = _limits(DmaChannel, {"a1t": 16, "das": 16, "a2a": 16})
_CPU_LIMITS: Final = _limits(CpuRegisters, {"htime": 9, "vtime": 9})


def _check(registers: object, what: str, limits: dict[str, int]) -> None:
    """Reject values that do not fit their register: pushing hosts pass on whatever another program sent."""
    for name, limit in limits.items():
        value = getattr(registers, name)
        if type(value) is int:  # the fast path for nearly every value, sixty snapshots a second
            if 0 <= value <= limit:
                continue
        elif value is None:
            continue
        try:
            whole = index(value)
        except TypeError:
            raise UsageError(f"{what} {name} is {value!r}, expected a whole number from 0 to {limit:#x}") from None
        if not 0 <= whole <= limit:
            raise UsageError(f"{what} {name} is {whole:#x}, expected 0 to {limit:#x}")
        object.__setattr__(registers, name, whole)  # a numpy integer, for example: stored as a plain int
