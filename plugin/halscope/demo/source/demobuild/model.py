"""The values passed between the steps of the build."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Block:
    """A compressed block before packing."""

    name: str
    kind: str  # "sprites", "tiles", "map", "palettes" or "font"
    data: bytes  # decoded: `lead` bytes of header, then tiles (or map entries, colours), then perhaps a tail
    lead: int = 0
    frames: int = 0
    frame_bytes: int = 0
    frame_width: int = 0  # pixels
    frame_height: int = 0
    ticks: int = 8  # vblanks per frame
    layout: str = ""  # of sprite tiles: "frames" or "strip"
    palette: str = ""

    def tile_offset(self, frame: int, column: int, row: int) -> int:
        """Return the offset of a frame's tile in the decoded block."""
        wide = self.frame_width // 8
        if self.layout == "frames":
            return self.lead + frame * self.frame_bytes + (row * wide + column) * 32
        return self.lead + (row * wide * self.frames + frame * wide + column) * 32


@dataclass(frozen=True)
class Run:
    """Bytes of a block that are contiguous in VRAM (or, for palettes, in CGRAM)."""

    block: str
    byte_offset: int
    vram_byte: int
    size: int


@dataclass(frozen=True)
class Sheet:
    """A sprite sheet that stays in VRAM for the whole scene."""

    name: str
    page: int  # 0 or 1: OAM's name bit
    at: tuple[int, int] | None = None  # column and row of the first frame, or wherever there is room


@dataclass(frozen=True)
class Stream:
    """A place in VRAM that holds one frame at a time, from one or more sheets."""

    name: str
    sheets: tuple[str, ...]
    page: int
    via: str  # "staged": decoded, copied to a staging buffer, sent; "wram": decoded, sent; "rom": sent as it lies there


@dataclass(frozen=True)
class Actor:
    """An entry of a scene's event list. Positions are of the metasprite's centre, in pixels."""

    what: str  # a sheet or a stream of the scene
    x: int
    y: int
    script: str
    priority: int = 2
    flips: str = ""  # "h", "v", "hv"
    screen: bool = False  # x and y count from the screen's corner
    ground: bool = False  # y counts from the ground
    time: int = 0  # frame at which it appears
    first: int = 0
    count: int = 0  # 0: as the block says
    ticks: int = 0  # 0: as the block says
    phase: int = 0  # of its wave, in 256ths of a turn
    palette: str = ""  # the sheet's own unless said


@dataclass(frozen=True)
class Text:
    """A string on BG3."""

    row: int
    column: int
    string: str
    palette: int = 0


@dataclass(frozen=True)
class Hole:
    """Transparent areas of BG2, which show the backdrop (in the first colour) and sprites behind BG2."""

    palette: str
    indices: tuple[int, ...]  # these colours of the palette become transparent, if there are no mouths
    mouths: tuple[tuple[int, int, int, int], ...] = ()  # ragged ellipses: middle x and y, radii


@dataclass(frozen=True)
class Scene:
    """Everything that the engine needs to know about a scene."""

    name: str
    size_pair: int  # OBSEL bits 5 to 7
    obj_base: int  # OBSEL bits 0 to 2
    obj_gap: int  # OBSEL bits 3 and 4
    bg1_tiles: int  # byte addresses in VRAM
    bg2_tiles: int
    bg1_map: int
    bg2_map: int
    bg3_map: int
    font: int
    sheets: tuple[Sheet, ...]
    streams: tuple[Stream, ...]
    actors: tuple[Actor, ...]
    texts: tuple[Text, ...]
    front_y: int = 32  # BG1's first line on screen
    back_y: int = 0
    front_speed: int = 0  # 1/16 pixels a frame
    back_speed: int = 0
    status_line: bool = True
    hole: Hole | None = None
    ground: int | None = None  # a level line; None: taken from the front's pixels

    @property
    def obsel(self) -> int:
        return self.size_pair << 5 | self.obj_gap << 3 | self.obj_base

    @property
    def sizes(self) -> tuple[int, int]:
        """The pair's square sizes in pixels."""
        return ((8, 16), (8, 32), (8, 64), (16, 32), (16, 64), (32, 64))[self.size_pair]

    def page_byte(self, page: int) -> int:
        """Where a page of 256 OBJ tiles begins in VRAM."""
        return (self.obj_base * 0x4000 + page * (self.obj_gap + 1) * 0x2000) & 0xFFFF


@dataclass
class LoadedBlock:
    """A block in a scene's load list."""

    block: str
    bank: int
    address: int
    runs: list[Run] = field(default_factory=list)
    kept: bool = False  # stays decoded in WRAM


@dataclass(frozen=True)
class Slot:
    """A stream's place in VRAM: `rows` rows of `row_bytes`, 512 bytes apart."""

    name: str
    vram_byte: int
    rows: int
    row_bytes: int
    via: str
    frames: tuple[tuple[str, int], ...]  # block (or raw sheet) and byte offset
    frame_size: int
    staging: int | None  # address in bank $7E
    linked: int | None = None  # slot with the other part of the same frame


@dataclass(frozen=True)
class PlacedSheet:
    """The tiles of a sheet's or stream's frames: OAM tile numbers with the name bit as bit 8."""

    name: str
    block: str  # whose header counts the frames
    tiles: tuple[int, ...]
    width: int
    height: int
    palette: str
    slot: int | None = None


@dataclass
class SceneLayout:
    """A scene with everything in its place."""

    scene: Scene
    loads: list[LoadedBlock]
    slots: list[Slot]
    sheets: dict[str, PlacedSheet]
    obj_palettes: list[str]
