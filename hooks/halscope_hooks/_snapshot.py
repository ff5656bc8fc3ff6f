"""Snapshot: what a host hands in, the state of the video memory at the start of vblank."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from halscope_hooks._errors import UsageError

RasterEffects = Literal["none", "some", "unknown"]

VRAM_BYTES: Final = 0x10000
CGRAM_COLOURS: Final = 256
OAM_BYTES: Final = 544
WRAM_BYTES: Final = 0x20000


@dataclass(frozen=True, slots=True, kw_only=True)
class PpuRegisters:
    """The PPU's registers ($2100 to $2133) as last written; `None` where a host cannot know one.

    8-bit registers hold the byte as written. `oamadd` joins $2102/$2103 (16 bits: bit 15 is priority rotation),
    the scroll registers `bgNhofs`/`bgNvofs` hold 10 bits, `m7hofs`/`m7vofs`/`m7x`/`m7y` 13 bits and `m7a` to `m7d`
    16 bits, all as unsigned register values. `coldata` is the fixed colour as BGR555.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RomIdentity:
    """What a host knows of the game that runs; hashes are of the headerless image, in lower-case hex."""

    path: str | None = None
    sha1: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """The video memory of one frame, at the start of vblank. Immutable: every array is read-only.

    A writable array is copied on the way in; a host that has made its own private copy marks it read-only first.

    Args:
        vram: uint8[65536].
        cgram: uint16[256], BGR555.
        oam: uint8[544], the low table (128 × 4 bytes) and the high table (32 bytes).
        ppu: The registers; a field is `None` where the host cannot know it.
        frame: The host's frame number.
        wram: uint8[131072] or `None`.
        picture: The picture the emulator showed for this state, uint8[height, width, 3] RGB, or `None`.
        rom: What the host knows of the running ROM.
        raster_effects: Whether HDMA or IRQs changed CGRAM, OBSEL or scroll while the picture was drawn.

    Raises:
        UsageError: An array has another shape or a type that does not fit.
    """

    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    ppu: PpuRegisters = field(default_factory=PpuRegisters)
    frame: int = 0
    wram: NDArray[np.uint8] | None = None
    picture: NDArray[np.uint8] | None = None
    rom: RomIdentity | None = None
    raster_effects: RasterEffects = "unknown"

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "vram", _frozen("vram", self.vram, np.uint8, (VRAM_BYTES,)))
        set_field(self, "cgram", _frozen("cgram", self.cgram, np.uint16, (CGRAM_COLOURS,)))
        set_field(self, "oam", _frozen("oam", self.oam, np.uint8, (OAM_BYTES,)))
        if self.wram is not None:
            set_field(self, "wram", _frozen("wram", self.wram, np.uint8, (WRAM_BYTES,)))
        if self.picture is not None:
            set_field(self, "picture", _frozen("picture", self.picture, np.uint8, (None, None, 3)))


def _frozen(name: str, value: ArrayLike, dtype: DTypeLike, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Return `value` as a read-only array of exactly this dtype and shape, copying only what could still change."""
    if type(value) is np.ndarray and value.dtype == dtype and value.shape == shape:
        flags = value.flags
        if flags.c_contiguous and not flags.writeable:
            return value  # what a host hands in sixty times a second
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
