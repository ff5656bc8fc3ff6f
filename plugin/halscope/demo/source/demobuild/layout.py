"""Assign a scene's tiles, maps and palettes to places in VRAM, WRAM and CGRAM."""

from demobuild.model import Block, LoadedBlock, PlacedSheet, Run, Scene, SceneLayout, Sheet, Slot, Stream

PAGE_COLUMNS = PAGE_ROWS = 16
PAGE_ROW_BYTES = 16 * 32
STAGING = 0x2000  # as in memory.inc
STAGING_SIZE = 0x200
DECODE_BANK = 0x7F
KEPT_BASE = 0x8000  # start of the kept decoded blocks in bank $7F
OTHER_BUFFERS = ((0x7F, 0x0000), (0x7F, 0x2000), (0x7E, 0x8000), (0x7F, 0x0000))  # maps and sheets take turns
RAW_PALETTE = "boss"


class Page:
    """The 16 × 16 tiles of an OBJ page. A sprite's tiles wrap within it."""

    def __init__(self) -> None:
        self.taken: set[tuple[int, int]] = set()

    def put(self, wide: int, high: int, at: tuple[int, int] | None) -> tuple[int, int]:
        """Allocate the cells of one frame, at a given place or at the first free one."""
        places = (
            [at]
            if at
            else [(c, r) for r in range(PAGE_ROWS - high + 1) for c in range(0, PAGE_COLUMNS - wide + 1, min(wide, 2))]
        )
        for column, row in places:
            cells = {((column + x) % PAGE_COLUMNS, (row + y) % PAGE_ROWS) for x in range(wide) for y in range(high)}
            if not cells & self.taken:
                self.taken |= cells
                return column, row
        raise ValueError(f"no room for {wide} by {high} tiles" + (f" at {at}" if at else ""))


def merge(runs: list[Run]) -> list[Run]:
    """Join runs that are contiguous both in the block and in VRAM."""
    merged: list[Run] = []
    for run in sorted(runs, key=lambda run: run.byte_offset):
        last = merged[-1] if merged else None
        if last and (last.byte_offset + last.size, last.vram_byte + last.size) == (run.byte_offset, run.vram_byte):
            merged[-1] = Run(run.block, last.byte_offset, last.vram_byte, last.size + run.size)
        else:
            merged.append(run)
    return merged


def whole(block: Block, vram_byte: int) -> list[Run]:
    """A block that goes to VRAM in one piece."""
    return [Run(block.name, block.lead, vram_byte, len(block.data) - block.lead)]


class Planner:
    """Plans one scene."""

    def __init__(self, scene: Scene, blocks: dict[str, Block], raw_frames: int) -> None:
        self.scene = scene
        self.blocks = blocks
        self.raw_frames = raw_frames
        self.pages = (Page(), Page())
        self.kept_end = KEPT_BASE
        self.loads: list[LoadedBlock] = []
        self.slots: list[Slot] = []
        self.placed: dict[str, PlacedSheet] = {}
        self.staged = 0

    def plan(self) -> SceneLayout:
        scene, name = self.scene, self.scene.name
        self._load("font", whole(self.blocks["font"], scene.font))
        for layer, tiles, tilemap in (
            ("front", scene.bg1_tiles, scene.bg1_map),
            ("back", scene.bg2_tiles, scene.bg2_map),
        ):
            self._load(f"{name}_{layer}_tiles", whole(self.blocks[f"{name}_{layer}_tiles"], tiles))
            self._load(f"{name}_{layer}_map", whole(self.blocks[f"{name}_{layer}_map"], tilemap))
        self._load(f"{name}_palettes", whole(self.blocks[f"{name}_palettes"], 0))
        for sheet in sorted(scene.sheets, key=lambda sheet: sheet.at is None):
            self._place_sheet(sheet)
        for stream in scene.streams:
            if stream.via == "rom":
                self._place_raw(stream)
            else:
                self._place_stream(stream)
        palettes = list(dict.fromkeys(sheet.palette for sheet in self.placed.values()))
        if len(palettes) > 8:
            raise ValueError(f"scene {name}: {len(palettes)} OBJ palettes: {palettes}")
        return SceneLayout(scene, self.loads, self.slots, self.placed, palettes)

    def _load(self, name: str, runs: list[Run]) -> None:
        bank, address = OTHER_BUFFERS[len(self.loads) % len(OTHER_BUFFERS)]
        self.loads.append(LoadedBlock(name, bank, address, runs))

    def _tile_byte(self, page: int, column: int, row: int) -> int:
        cell = row % PAGE_ROWS * PAGE_COLUMNS + column % PAGE_COLUMNS
        return self.scene.page_byte(page) + cell * 32

    def _place_sheet(self, sheet: Sheet) -> None:
        block = self.blocks[sheet.name]
        wide, high = block.frame_width // 8, block.frame_height // 8
        runs, tiles = [], []
        at = sheet.at
        for frame in range(block.frames):
            column, row = self.pages[sheet.page].put(wide, high, at)
            if at:
                at = (at[0], (at[1] + high) % PAGE_ROWS) if at[0] + wide > PAGE_COLUMNS else (at[0] + wide, at[1])
            tiles.append(sheet.page << 8 | row << 4 | column)
            runs += [
                Run(block.name, block.tile_offset(frame, x, y), self._tile_byte(sheet.page, column + x, row + y), 32)
                for y in range(high)
                for x in range(wide)
            ]
        self._load(block.name, merge(runs))
        self.placed[sheet.name] = PlacedSheet(
            sheet.name, block.name, tuple(tiles), block.frame_width, block.frame_height, block.palette
        )

    def _place_stream(self, stream: Stream) -> None:
        first = self.blocks[stream.sheets[0]]
        wide, high = first.frame_width // 8, first.frame_height // 8
        column, row = self.pages[stream.page].put(wide, high, None)
        frames: list[tuple[str, int]] = []
        for name in stream.sheets:
            block = self.blocks[name]
            if block.layout != "frames":
                raise ValueError(f"{name} is streamed and must lie frame by frame")
            self.loads.append(LoadedBlock(name, DECODE_BANK, self.kept_end, [], kept=True))
            frames += [(name, block.tile_offset(frame, 0, 0)) for frame in range(block.frames)]
            self.kept_end += len(block.data)
            if self.kept_end > 0x10000:
                raise ValueError(f"scene {self.scene.name}: decoded streams run past bank $7F")
        staging = None
        if stream.via == "staged":
            staging = STAGING + STAGING_SIZE * self.staged
            self.staged += 1
        self.placed[stream.name] = PlacedSheet(
            stream.name,
            first.name,
            (stream.page << 8 | row << 4 | column,),
            first.frame_width,
            first.frame_height,
            first.palette,
            len(self.slots),
        )
        self.slots.append(
            Slot(
                stream.name,
                self._tile_byte(stream.page, column, row),
                high,
                wide * 32,
                stream.via,
                tuple(frames),
                first.frame_bytes,
                staging,
            )
        )

    def _place_raw(self, stream: Stream) -> None:
        """Plan the boss: 64 × 64, sent in two halves so that no vblank transfers more than 1 KiB of tiles."""
        column, row = self.pages[stream.page].put(8, 8, None)
        number = len(self.slots)
        self.placed[stream.name] = PlacedSheet(
            stream.name, "", (stream.page << 8 | row << 4 | column,), 64, 64, RAW_PALETTE, number
        )
        for half, part in enumerate(("top", "bottom")):
            self.slots.append(
                Slot(
                    f"{stream.name}_{part}",
                    self._tile_byte(stream.page, column, row + 4 * half),
                    4,
                    256,
                    "rom",
                    tuple((stream.sheets[0], frame * 2048 + half * 1024) for frame in range(self.raw_frames)),
                    1024,
                    None,
                    number + 1 if half == 0 else None,
                )
            )
