"""Snapshot: the video memory and registers at the start of vblank, as supplied by a host."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from halscope_hooks._errors import UsageError
from halscope_hooks._host import RomIdentity
from halscope_hooks._registers import CpuRegisters, PpuRegisters
from halscope_hooks._sizes import CGRAM_COLOURS, IRAM_BYTES, MOST_BWRAM_BYTES, OAM_BYTES, VRAM_BYTES, WRAM_BYTES

RasterEffects = Literal["none", "some", "unknown"]

RasterWrites = NDArray[Any]
"""Structured array of `RASTER_DTYPE`: the HDMA writes to the PPU while the picture was drawn, in the console's order.

`line`: the first row of the picture that the write affects, ascending. HDMA runs at the end of each line from V = 0 on,
and row 0 is line V = 1, so the first transfer of a channel has line 0. The transfer at the end of the last row has the
picture's height as its line (224, or 239 with overscan) and affects no row. `register`: $2100 to $213F as 0x00 to 0x3F.
`value`: the byte written. Within a line the order is that of the channels, and within a channel that of its bytes.

The bytes are raw. Whoever applies them keeps the latches of the PPU, starting from `Snapshot.ppu` and `Snapshot.cgram`:

- $210D to $2114 (BG scroll) share one latch. Horizontal: `value << 8 | latch & ~7 | old >> 8 & 7`, vertical:
  `value << 8 | latch`; then `latch = value`. `old` has all 16 bits of the earlier write; 10 bits are used.
- $210D and $210E also write the mode 7 scroll, and $211B to $2120 the matrix: `value << 8 | latch7`; then
  `latch7 = value`. 13 bits of the scroll and of $211F and $2120 are used.
- Half of what a first write stores is what the latch held before, from the CPU or from the frame before. If its
  register is written only once, `Snapshot.ppu` still holds that half. Otherwise the latch is taken to hold the array's
  last write to it, and `raster_effects` is "unknown" if a row shows it (bytes written in pairs show nothing of it).
- $2121 sets the CGRAM address and expects a low byte; the second $2122 stores 15 bits and increments the address. If
  HDMA writes no $2121, the address in bytes before row 0 is `Snapshot.ppu.cgadd` minus the number of writes to $2122 in
  the array, modulo 512. Otherwise the address before the first $2121 is not known.
- $2132 sets each component of the fixed colour whose bit (5 red, 6 green, 7 blue) is set.
- $2102 to $2104 and $2115 to $2119 have no use here: while a line is drawn, OAM and VRAM cannot be written.

`Snapshot.ppu` and `Snapshot.cgram` hold the values at the start of vblank, after the last of these writes. A register
that HDMA does not write had this value in every row (unless the CPU changed it, which the array does not show). A
register that HDMA writes has its first write on line 0, because every channel transfers before row 0. A colour of CGRAM
whose first write is on a later line had a value before that the snapshot does not know.
"""

RASTER_DTYPE: Final = np.dtype([("line", "<u2"), ("register", "u1"), ("value", "u1")])
_RASTER_LINES: Final = 312
_RASTER_REGISTERS: Final = 0x40
_PARTS: Final = ("vram", "cgram", "oam", "ppu", "wram", "bwram", "iram", "cpu", "picture")


@final
class _Ages(Mapping[str, int]):
    """An immutable mapping. A MappingProxyType would not do: a snapshot can be pickled and copied."""

    __slots__ = ("_ages",)

    def __init__(self, ages: Mapping[str, int]) -> None:
        for part, age in ages.items():
            if part not in _PARTS or type(age) is not int or age < 0:
                raise UsageError(
                    f"snapshot: ages holds {part!r}: {age!r}, expected frames for one of {', '.join(_PARTS)}"
                )
        self._ages = dict(ages)

    def __getitem__(self, part: str) -> int:
        return self._ages[part]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ages)

    def __len__(self) -> int:
        return len(self._ages)

    def __hash__(self) -> int:
        return hash(frozenset(self._ages.items()))

    def __repr__(self) -> str:
        return repr(self._ages)


_NO_AGES: Final = _Ages({})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """The video memory of one frame at the start of vblank. Immutable: every array is read-only.

    Writable arrays are copied. To avoid the copy, a host that owns its array marks it read-only first. A value that a
    host cannot know is `None`, never a default.

    Args:
        vram: uint8[65536].
        cgram: uint16[256], BGR555.
        oam: uint8[544], the low table (128 × 4 bytes) and the high table (32 bytes).
        ppu: The PPU registers; a field is `None` if the host cannot know it.
        frame: The host's frame number.
        wram: uint8[131072] or `None`.
        picture: The picture that the emulator displayed for this state, uint8[height, width, 3] RGB, or `None`.
        rom: What the host knows about the running ROM.
        raster_effects: Whether registers or CGRAM changed while the picture was drawn. "none": they did not; "some":
            HDMA wrote, and `raster`, unless `None`, holds all of it; "unknown": there may have been writes that
            `raster` lacks: by IRQ code, or from an HDMA table in a memory that the snapshot does not have.
        bwram: The SA-1's BW-RAM (from $40:0000), uint8[n], n up to 262144, or `None`.
        iram: The SA-1's internal memory, uint8[2048], or `None`.
        ages: Age in frames of each part ("vram", "oam", "wram" …) that is older than the others, for example because a
            slow link could not read it this frame; empty if every part is current.
        cpu: The CPU registers that control HDMA and IRQs, or `None`.
        field: The displayed field of an interlaced picture, 0 or 1, or `None`.
        raster: HDMA writes while the picture was drawn, see `RasterWrites`; `None` if HDMA was not followed.

    Raises:
        UsageError: An array has the wrong shape or an unsuitable dtype, or a value is out of range.
    """

    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    ppu: PpuRegisters = dataclasses.field(default_factory=PpuRegisters)
    frame: int = 0
    wram: NDArray[np.uint8] | None = None
    picture: NDArray[np.uint8] | None = None
    rom: RomIdentity | None = None
    raster_effects: RasterEffects = "unknown"
    bwram: NDArray[np.uint8] | None = None
    iram: NDArray[np.uint8] | None = None
    ages: Mapping[str, int] = _NO_AGES
    cpu: CpuRegisters | None = None
    field: int | None = None
    raster: RasterWrites | None = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "vram", _frozen("vram", self.vram, np.uint8, (VRAM_BYTES,)))
        set_field(self, "cgram", _frozen("cgram", self.cgram, np.uint16, (CGRAM_COLOURS,)))
        set_field(self, "oam", _frozen("oam", self.oam, np.uint8, (OAM_BYTES,)))
        if self.wram is not None:
            set_field(self, "wram", _frozen("wram", self.wram, np.uint8, (WRAM_BYTES,)))
        if self.picture is not None:
            set_field(self, "picture", _frozen("picture", self.picture, np.uint8, (None, None, 3)))
        if self.bwram is not None:
            set_field(self, "bwram", _frozen("bwram", self.bwram, np.uint8, (None,)))
            if self.bwram.size > MOST_BWRAM_BYTES:
                raise UsageError(f"snapshot: bwram has {self.bwram.size} bytes, expected {MOST_BWRAM_BYTES} at most")
        if self.iram is not None:
            set_field(self, "iram", _frozen("iram", self.iram, np.uint8, (IRAM_BYTES,)))
        if self.raster is not None:
            set_field(self, "raster", _frozen_raster(self.raster))
        if type(self.ages) is not _Ages:
            set_field(self, "ages", _Ages(self.ages))
        _check_kind("ppu", self.ppu, PpuRegisters)
        if self.cpu is not None:
            _check_kind("cpu", self.cpu, CpuRegisters)
        if self.field not in (None, 0, 1):
            raise UsageError(f"snapshot: field is {self.field!r}, expected 0, 1 or None")


def _check_kind(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise UsageError(f"snapshot: {name} is a {type(value).__name__}, expected {kind.__name__}")


def _frozen(name: str, value: ArrayLike, dtype: DTypeLike, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Return `value` as a read-only array of exactly this dtype and shape, copying only if it is still writable."""
    if type(value) is np.ndarray and value.dtype == dtype and value.shape == shape:
        flags = value.flags
        if flags.c_contiguous and not flags.writeable:
            return value  # the fast path: hosts supply these sixty times a second
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = np.frombuffer(value, dtype=np.dtype(dtype).newbyteorder("<"))
    array = np.asarray(value)
    expected = "x".join("any" if n is None else str(n) for n in shape)
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        raise UsageError(f"snapshot: {name} has the shape {array.shape}, expected {expected} of {np.dtype(dtype)}")
    if not np.can_cast(array.dtype, dtype, casting="equiv"):
        if array.dtype.kind not in "iu":
            raise UsageError(f"snapshot: {name} has the type {array.dtype}, expected {np.dtype(dtype)}")
        limits = np.iinfo(np.dtype(dtype))
        if array.size and (array.min() < limits.min or array.max() > limits.max):
            raise UsageError(f"snapshot: {name} holds values outside {limits.min} to {limits.max}")
    if array.dtype != np.dtype(dtype) or array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, dtype=dtype, order="C", copy=True)
        array.flags.writeable = False
    return array


def _frozen_raster(value: RasterWrites) -> RasterWrites:
    """Return the writes as a read-only array, copied if the caller could still change them."""
    array = np.asarray(value)
    if array.dtype != RASTER_DTYPE or array.ndim != 1:
        raise UsageError(f"snapshot: raster is {array.dtype}{array.shape}, expected one row of RASTER_DTYPE")
    if array.size:
        lines = array["line"]
        if int(lines.max()) >= _RASTER_LINES or int(array["register"].max()) >= _RASTER_REGISTERS:
            raise UsageError("snapshot: raster has a line above 311 or a register above 0x3F ($213F)")
        if (lines[:-1] > lines[1:]).any():
            raise UsageError("snapshot: the lines of raster do not ascend")
    if array.flags.writeable or not array.flags.c_contiguous:
        array = array.copy()
        array.flags.writeable = False
    return array
