"""The values passed between the steps of the lab's build."""

from __future__ import annotations

from dataclasses import dataclass

Registers = tuple[tuple[int, int], ...]  # low byte of a $21xx register and value, in the order of writing


@dataclass(frozen=True)
class Asset:
    """Data that a scene loads, before packing."""

    name: str
    kind: str  # "sprites", "tiles", "map", "palettes", "oam" or "hdma"
    data: bytes
    codec: str = "raw"  # "hal", "lz2", or "raw": in the ROM as it is
    bpp: int = 4  # of the tiles as they are stored
    lead: int = 0  # bytes before the tiles
    before_edge: int | None = None  # packed bytes before a bank's end; -n: all but n; 0: all
    pointer: str = ""  # the shape of its pointer, see pointers.py; by default as `shape` says

    @property
    def shape(self) -> str:
        """The shape of its pointer."""
        if self.pointer:
            return self.pointer
        if self.codec != "raw":
            return "table24" if self.codec == "hal" else "lz2_table24"
        return "channel" if self.kind == "hdma" else "lda-lda8"


@dataclass(frozen=True)
class Load:
    """An asset on its way to VRAM.

    The transform "mode7" sends 64-byte tiles to the high bytes of VRAM's words, "mode7-map" a map to the low bytes.
    """

    asset: str
    vram_byte: int
    transform: str = "none"
    byte_offset: int | None = None  # in the decoded data; None: after the lead
    size: int | None = None  # in the decoded data; None: all that follows


@dataclass(frozen=True)
class Channel:
    """An HDMA channel: its registers and where its table is."""

    number: int
    dmap: int  # bit 6: indirect; bits 0 to 2: the transfer mode
    register: int  # low byte of the B address
    table: str = ""  # the asset in the ROM that is the table
    address: int = 0  # or its address in WRAM, 24 bits
    bank: int = 0  # of indirect data
    data: str = ""  # or the asset that is the indirect data


@dataclass(frozen=True)
class Rows:
    """What a register holds on each row of the picture: runs of (number of rows, value)."""

    channel: int | None  # None: written by code
    register: int  # $21xx
    runs: tuple[tuple[int, int], ...]
    entry: int | None = None  # of CGRAM, if the register is $2122


@dataclass(frozen=True)
class Wave:
    """What a register holds on each row where that changes from frame to frame.

    Row r holds `values[(r // lines * stride + phase) % len(values)]`.
    """

    channel: int
    register: int  # $21xx
    values: tuple[int, ...]
    phase: str  # the variable
    lines: int = 1
    stride: int = 1


@dataclass(frozen=True)
class Mirror:
    """A buffer in WRAM that every vblank copies to CGRAM."""

    address: int  # 24 bits
    pieces: tuple[tuple[int, str, int, int], ...]  # first entry, asset, byte offset in it, entries
    halved: tuple[tuple[int, int, int], ...]  # first entry, entry of the bright colour, entries
    cycle: tuple[int, int]  # first entry, entries


@dataclass(frozen=True)
class Scene:
    """Everything that the build needs to know about a scene."""

    name: str
    shows: str  # a sentence for the truth file
    registers: Registers
    assets: tuple[Asset, ...]
    loads: tuple[Load, ...]
    palettes: tuple[tuple[int, str], ...]  # first CGRAM index and palette
    oam: bytes = b""
    copies: tuple[tuple[str, int], ...] = ()  # raw assets that are copied to a WRAM address (24 bits)
    unpacked: tuple[tuple[str, int], ...] = ()  # blocks that are decoded to a WRAM address and stay there
    mirror: Mirror | None = None
    channels: tuple[Channel, ...] = ()
    raster: tuple[Rows | Wave, ...] = ()
    update: str = "nothing"  # routine of the main loop
    vblank: str = "nothing"  # routine of the NMI
    drawn: tuple[tuple[int, int], ...] = ()  # VRAM byte and size of tiles that the program draws
    setup: str = ""  # routine that the loader calls last
    agreed: bool = True  # whether all cores draw the same picture

    @property
    def hdmaen(self) -> int:
        """$420C while the scene is shown."""
        return sum(1 << channel.number for channel in self.channels)


@dataclass
class Packed:
    """An asset as it is in the ROM."""

    asset: Asset
    stream: bytes

    @property
    def pieces(self) -> tuple[bytes, bytes]:
        """The parts of the stream before and after a bank's end; all of it is before if it is not at an edge."""
        cut = self.asset.before_edge
        if cut is None or cut == 0:
            return self.stream, b""
        return self.stream[:cut], self.stream[cut:]
