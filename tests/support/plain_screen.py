"""The composed picture again, plainly and slowly: one pixel at a time, straight from the description of the hardware.

Tests compare the native composer with it. It shares no code with it and is organised differently: every pixel looks up
its own tile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from halscope_hooks import Snapshot

DEPTHS = ((2, 2, 2, 2), (4, 4, 2), (4, 4), (8, 4), (8, 2), (4, 2), (4,), (8,))
ORDER = (
    "S3 1H 2H S2 1L 2L S1 3H 4H S0 3L 4L",
    "S3 1H 2H S2 1L 2L S1 3H S0 3L",
    *(["S3 1H S2 2H S1 1L S0 2L"] * 4),
    "S3 1H S2 S1 1L S0",
    "S3 S2 2H S1 1L 1H S0 2L",
)
BG3_IN_FRONT = "3H S3 1H 2H S2 1L 2L S1 S0 3L"
SIZES = (
    ((8, 8), (16, 16)),
    ((8, 8), (32, 32)),
    ((8, 8), (64, 64)),
    ((16, 16), (32, 32)),
    ((16, 16), (64, 64)),
    ((32, 32), (64, 64)),
    ((16, 32), (32, 64)),
    ((16, 32), (32, 32)),
)
BYTE_REGISTERS = {
    0x00: "inidisp",
    0x01: "obsel",
    0x05: "bgmode",
    0x06: "mosaic",
    0x07: "bg1sc",
    0x08: "bg2sc",
    0x09: "bg3sc",
    0x0A: "bg4sc",
    0x0B: "bg12nba",
    0x0C: "bg34nba",
    0x1A: "m7sel",
    0x23: "w12sel",
    0x24: "w34sel",
    0x25: "wobjsel",
    0x26: "wh0",
    0x27: "wh1",
    0x28: "wh2",
    0x29: "wh3",
    0x2A: "wbglog",
    0x2B: "wobjlog",
    0x2C: "tm",
    0x2D: "ts",
    0x2E: "tmw",
    0x2F: "tsw",
    0x30: "cgwsel",
    0x31: "cgadsub",
    0x33: "setini",
}
MATRIX = {0x1B: "m7a", 0x1C: "m7b", 0x1D: "m7c", 0x1E: "m7d", 0x1F: "m7x", 0x20: "m7y"}

Pixel = tuple[int, int, int]
"""A layer's pixel: its value as an index into CGRAM, its tile's palette, its priority."""


def scroll_name(register: int) -> str:
    """The name in PpuRegisters of a scroll, $210D to $2114."""
    return f"bg{(register - 0x0D) // 2 + 1}{'hv'[(register - 0x0D) % 2]}ofs"


@dataclass
class Console:
    """What changes from line to line."""

    registers: dict[str, int]
    cgram: list[int]
    scrolls: dict[str, int] = field(default_factory=dict)
    latch: int = 0
    latch7: int = 0
    address: int = 0
    low: int | None = None

    def find_latches(self, writes: list[tuple[int, int]]) -> None:
        """What the latches hold before the first of a frame's writes (register, value): see RasterWrites."""
        scrolls = [(register, value) for register, value in writes if 0x0D <= register <= 0x14]
        turns = [(register, value) for register, value in writes if register in (0x0D, 0x0E) or register in MATRIX]
        registers = [register for register, _ in writes]
        for register, value in scrolls:
            self.scrolls[scroll_name(register)] = value << 8
            self.latch = value
        for register in {register for register, _ in scrolls if register % 2}:
            if registers.count(register) == 1:
                self.scrolls[scroll_name(register)] = (self.registers[scroll_name(register)] & 7) << 8
        if scrolls and registers.count(scrolls[0][0]) == 1:
            self.latch = self.registers[scroll_name(scrolls[0][0])] & 0xFF
        if turns:
            first = turns[0][0]
            name = MATRIX.get(first, "m7hofs" if first == 0x0D else "m7vofs")
            self.latch7 = self.registers[name] & 0xFF if registers.count(first) == 1 else turns[-1][1]

    def write(self, register: int, value: int) -> None:
        """Write a byte to $2100 + register, as `halscope_hooks.RasterWrites` describes it."""
        regs = self.registers
        if register in BYTE_REGISTERS:
            regs[BYTE_REGISTERS[register]] = value
        elif 0x0D <= register <= 0x14:
            name = scroll_name(register)
            old = self.scrolls.get(name, regs[name])
            low = self.latch & 0xF8 | old >> 8 & 7 if register % 2 else self.latch
            self.scrolls[name] = value << 8 | low
            regs[name] = self.scrolls[name] & 0x3FF
            self.latch = value
            if register <= 0x0E:
                regs["m7hofs" if register == 0x0D else "m7vofs"] = (value << 8 | self.latch7) & 0x1FFF
                self.latch7 = value
        elif register in MATRIX:
            regs[MATRIX[register]] = (value << 8 | self.latch7) & (0xFFFF if register <= 0x1E else 0x1FFF)
            self.latch7 = value
        elif register == 0x21:
            self.address, self.low = value, None
        elif register == 0x22 and self.low is None:
            self.low = value
        elif register == 0x22:
            assert self.low is not None
            self.cgram[self.address] = value << 8 & 0x7F00 | self.low
            self.address, self.low = self.address + 1 & 255, None
        elif register == 0x32:
            for bit, shift in ((0x20, 0), (0x40, 5), (0x80, 10)):
                if value & bit:
                    regs["coldata"] = regs["coldata"] & ~(31 << shift) | (value & 31) << shift


@dataclass
class Row:
    """A row's registers and palette, and where the mosaic blocks of the four layers began."""

    row: int
    regs: dict[str, int]
    cgram: list[int]
    first: list[int]
    scroll: list[tuple[int, int]]


def rows_of(snapshot: Snapshot, lines: int) -> Iterator[Row]:
    """Yield every row of the picture."""
    console = Console(dict(asdict(snapshot.ppu)), [int(colour) & 0x7FFF for colour in snapshot.cgram])
    writes = [] if snapshot.raster is None else snapshot.raster.tolist()
    console.find_latches([(register, value) for _, register, value in writes])
    registers = [register for _, register, _ in writes]
    if snapshot.ppu.cgadd is not None and 0x21 not in registers:
        console.address, odd = divmod((snapshot.ppu.cgadd - registers.count(0x22)) % 512, 2)
        console.low = console.cgram[console.address] & 0xFF if odd else None
    first, left, scroll = [0] * 4, [0] * 4, [(0, 0)] * 4
    for row in range(lines):
        for line, register, value in writes:
            if line == row:
                console.write(register, value)
        regs = console.registers
        for layer in range(4):
            enabled = regs["mosaic"] >> layer & 1
            if left[layer] and enabled:
                left[layer] -= 1
                continue
            first[layer] = row
            left[layer] = regs["mosaic"] >> 4 if enabled else 0
            scroll[layer] = regs[f"bg{layer + 1}hofs"], regs[f"bg{layer + 1}vofs"]
        yield Row(row, dict(regs), list(console.cgram), list(first), list(scroll))


class Painter:
    """Draws single rows of a snapshot's picture, as BGR555 before brightness."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.vram = snapshot.vram.tolist()
        self.oam = snapshot.oam.tolist()

    def word(self, address: int) -> int:
        at = (address & 0x7FFF) * 2
        return int(self.vram[at]) | int(self.vram[at + 1]) << 8

    def bits(self, tile: int, x: int, y: int, depth: int) -> int:
        """The value of a pixel of the tile at a byte address."""
        value = 0
        for plane in range(depth):
            byte = self.vram[(tile + plane // 2 * 16 + y * 2 + plane % 2) & 0xFFFF]
            value |= (byte >> (7 - x) & 1) << plane
        return value

    def map_entry(self, regs: dict[str, int], layer: int, x: int, y: int) -> int:
        large = regs["bgmode"] >> (4 + layer) & 1
        width = 16 if large or regs["bgmode"] & 7 in (5, 6) else 8
        height = 16 if large else 8
        column, row = x // width & 63, y // height & 63
        screen = regs[f"bg{layer + 1}sc"]
        address = (screen & 0xFC) << 8 | (row & 31) << 5 | column & 31
        if screen & 1 and column & 32:
            address += 0x400
        if screen & 2 and row & 32:
            address += 0x800 if screen & 1 else 0x400
        return self.word(address)

    def tiled(self, line: Row, layer: int, x: int, picture_field: int) -> Pixel | None:
        """A pixel of modes 0 to 6; x counts half pixels in modes 5 and 6."""
        regs = line.regs
        mode = regs["bgmode"] & 7
        hires = mode in (5, 6)
        if regs["mosaic"] >> layer & 1:
            x -= x % (((regs["mosaic"] >> 4) + 1) * (2 if hires else 1))
        y = line.first[layer] + 1
        if hires and regs["setini"] & 1:
            y = y * 2 + picture_field
        hofs, vofs = line.scroll[layer]
        hofs *= 2 if hires else 1
        from_x, from_y = x + hofs, y + vofs
        shown = x + (hofs & 7)
        if mode in (2, 4, 6) and shown >= 8:
            column = (regs["bg3hofs"] & 0x3F8) + (shown - 8 & ~7)
            bit = 0x2000 if layer == 0 else 0x4000
            horizontal = vertical = self.map_entry(regs, 2, column, regs["bg3vofs"])
            if mode == 4:
                horizontal, vertical = (0, vertical) if vertical & 0x8000 else (horizontal, 0)
            else:
                vertical = self.map_entry(regs, 2, column, regs["bg3vofs"] + 8)
            if horizontal & bit:
                from_x = shown + (horizontal & 0x3F8)
            if vertical & bit:
                from_y = line.row + 1 + (vertical & 0x3FF)
        entry = self.map_entry(regs, layer, from_x, from_y)
        tile = entry & 0x3FF
        large = regs["bgmode"] >> (4 + layer) & 1
        if (large or hires) and bool(from_x & 8) != bool(entry & 0x4000):
            tile += 1
        if large and bool(from_y & 8) != bool(entry & 0x8000):
            tile += 16
        depth = DEPTHS[mode][layer]
        base = regs["bg12nba" if layer < 2 else "bg34nba"] >> layer % 2 * 4 & 15
        inside_x = 7 - (from_x & 7) if entry & 0x4000 else from_x & 7
        inside_y = 7 - (from_y & 7) if entry & 0x8000 else from_y & 7
        value = self.bits(base * 0x2000 + (tile & 0x3FF) * depth * 8, inside_x, inside_y, depth)
        if value == 0:
            return None
        palette = entry >> 10 & 7
        start = 0 if depth == 8 else palette * (1 << depth) + (layer * 32 if mode == 0 else 0)
        return start + value, palette, entry >> 13 & 1

    def affine(self, line: Row, layer: int, x: int) -> Pixel | None:
        """A pixel of mode 7, or of EXTBG's layer."""
        regs = line.regs
        if regs["mosaic"] >> layer & 1:
            x -= x % ((regs["mosaic"] >> 4) + 1)
        y = line.first[0] + 1
        x = 255 - x if regs["m7sel"] & 1 else x
        y = 255 - y if regs["m7sel"] & 2 else y
        a, b, c, d = (signed(regs[name], 16) for name in ("m7a", "m7b", "m7c", "m7d"))
        centre_x, centre_y = signed(regs["m7x"], 13), signed(regs["m7y"], 13)
        h = clipped(signed(regs["m7hofs"], 13) - centre_x)
        v = clipped(signed(regs["m7vofs"], 13) - centre_y)
        at_x = ((a * h & ~63) + (b * v & ~63) + (b * y & ~63) + a * x + centre_x * 256) >> 8
        at_y = ((c * h & ~63) + (d * v & ~63) + (d * y & ~63) + c * x + centre_y * 256) >> 8
        tile = self.vram[((at_y & 1023) // 8 * 128 + (at_x & 1023) // 8) * 2]
        if not (0 <= at_x < 1024 and 0 <= at_y < 1024) and regs["m7sel"] & 0x80:
            if not regs["m7sel"] & 0x40:
                return None
            tile = 0
        value = self.vram[(tile * 64 + (at_y & 7) * 8 + (at_x & 7)) * 2 + 1]
        colour, priority = (value & 0x7F, value >> 7) if layer else (value, 0)
        return (colour, 0, priority) if colour else None

    def sprites(self, line: Row, picture_field: int) -> tuple[list[tuple[int, int, int] | None], bool, bool]:
        """Each column's sprite pixel (CGRAM index, priority, OAM index), and the flags range over and time over."""
        regs = line.regs
        first = regs["oamadd"] >> 1 & 127 if regs["oamadd"] & 0x8000 else 0
        half = regs["setini"] >> 1 & 1
        found = []
        for n in range(128):
            index = (first + n) % 128
            x, y, tile, attributes = self.oam[index * 4 : index * 4 + 4]
            high = self.oam[512 + index // 4] >> index % 4 * 2 & 3
            x -= 256 * (high & 1)
            width, height = SIZES[regs["obsel"] >> 5][high >> 1]
            inside = (line.row - y) % 256
            if inside < height >> half and (x == -256 or x + width > 0):
                found.append((index, x, inside << half, width, tile, attributes))
        range_over = len(found) > 32
        columns: list[tuple[int, int, int] | None] = [None] * 256
        slivers = 0
        for index, x, inside, width, tile, attributes in reversed(found[:32]):
            row = inside
            if attributes & 0x80:  # halves of a rectangular sprite are flipped in place
                row = inside // width * width + width - 1 - inside % width
            row += (-picture_field if attributes & 0x80 else picture_field) * half
            for cell in range(width // 8):
                left = x + cell * 8
                if x != -256 and not -8 < left < 256:
                    continue
                slivers += 1
                if slivers > 34:
                    break
                column = width // 8 - 1 - cell if attributes & 0x40 else cell
                number = (tile // 16 + row // 8) % 16 * 16 + (tile + column) % 16
                address = (regs["obsel"] & 7) * 0x4000 + number * 32
                if attributes & 1:
                    address += ((regs["obsel"] >> 3 & 3) + 1) * 0x2000
                for pixel in range(8):
                    value = self.bits(address & 0xFFFF, 7 - pixel if attributes & 0x40 else pixel, row % 8, 4)
                    if value and 0 <= left + pixel < 256:
                        palette = 128 + (attributes >> 1 & 7) * 16
                        columns[left + pixel] = palette + value, attributes >> 4 & 3, index
        return columns, range_over, slivers > 34

    def draw(self, line: Row, picture_field: int) -> tuple[list[int], list[int]]:
        """The colours and the sprites of the row's 256 or 512 pixels."""
        regs = line.regs
        mode = regs["bgmode"] & 7
        hires = mode in (5, 6) or bool(regs["setini"] & 8)
        objects = self.sprites(line, picture_field)[0]
        math = Math(line, hires)
        colours, owners = [], []
        for x in range(256):
            for sub in (True, False):
                candidates: dict[str, tuple[int, int]] = {}  # name in ORDER: (colour, index)
                for layer in range(2 if mode == 7 and regs["setini"] & 0x40 else len(DEPTHS[mode])):
                    if mode == 7:
                        pixel = self.affine(line, layer, x)
                    else:
                        pixel = self.tiled(line, layer, x * 2 + (not sub) if mode in (5, 6) else x, picture_field)
                    if pixel is None or not shows(regs, layer, x, sub):
                        continue
                    index, palette, priority = pixel
                    direct = layer == 0 and mode in (3, 4, 7) and regs["cgwsel"] & 1
                    colour = direct_colour(index, palette) if direct else line.cgram[index]
                    candidates[f"{layer + 1}{'LH'[priority]}"] = colour, index
                sprite = objects[x]
                if sprite is not None and shows(regs, 4, x, sub):
                    candidates[f"S{sprite[1]}"] = line.cgram[sprite[0]], sprite[0]
                order = BG3_IN_FRONT if regs["bgmode"] & 15 == 9 else ORDER[mode]
                front = next((name for name in order.split() if name in candidates), None)
                colour, index = candidates[front] if front else (line.cgram[0], 0)
                shown = math.sub(colour, front) if sub else math.main(x, colour, front, index)
                if hires or not sub:
                    colours.append(shown)
                    owners.append(sprite[2] if sprite is not None and front and front[0] == "S" else -1)
        return colours, owners


class Math:
    """Colour math along a row. The subscreen's pixel comes first and follows the main screen's pixel to its left."""

    def __init__(self, line: Row, hires: bool) -> None:
        self.regs = line.regs
        self.hires = hires
        regs = self.regs
        self.black = bool(regs["cgwsel"] & 0x40)
        self.enabled = bool(regs["cgadsub"] & 0x20) and not regs["cgwsel"] & 0x10
        self.other: int | None = None  # the fixed colour
        self.half = bool(regs["cgadsub"] & 0x40) and not regs["cgwsel"] & 2 and not self.black
        self.sub_pixel: tuple[int, str | None] = 0, None

    def sub(self, colour: int, front: str | None) -> int:
        self.sub_pixel = colour, front
        return self.mix(colour)

    def main(self, x: int, colour: int, front: str | None, index: int) -> int:
        regs = self.regs
        bit = 0x20 if front is None else 0x10 if front[0] == "S" else 1 << int(front[0]) - 1
        inside = in_window(regs, 5, x)
        rules = (False, not inside, inside, True)
        self.black = rules[regs["cgwsel"] >> 6]
        self.enabled = bool(regs["cgadsub"] & bit) and not rules[regs["cgwsel"] >> 4 & 3]
        if front is not None and front[0] == "S" and index < 192:
            self.enabled = False
        sub, sub_front = self.sub_pixel
        self.half = bool(regs["cgadsub"] & 0x40) and not self.black
        self.other = None
        if regs["cgwsel"] & 2:
            if sub_front is None:
                self.half = False
            else:
                self.other = sub
        shown = self.mix(colour)
        if self.other is not None:
            self.other = colour  # for the subscreen's next pixel
        return shown

    def mix(self, colour: int) -> int:
        colour = 0 if self.black else colour
        if not self.enabled:
            return colour
        other = self.regs["coldata"] if self.other is None else self.other
        result = 0
        for shift in (0, 5, 10):
            one, two = colour >> shift & 31, other >> shift & 31
            value = max(one - two, 0) if self.regs["cgadsub"] & 0x80 else one + two
            result |= min(value // 2 if self.half else value, 31) << shift
        return result


def signed(value: int, bits: int) -> int:
    """Two's complement."""
    return value - (1 << bits) if value >> bits - 1 else value


def clipped(distance: int) -> int:
    """Mode 7 keeps ten bits and the sign of a distance."""
    return (distance & 1023) - (1024 if distance & 0x2000 else 0)


def in_window(regs: dict[str, int], user: int, x: int) -> bool:
    """Whether a column is inside the windows of a layer (0 to 3), of sprites (4) or of colour math (5)."""
    select = regs[("w12sel", "w34sel", "wobjsel")[user // 2]] >> user % 2 * 4
    inside = []
    for window in (0, 1):
        if select >> window * 2 & 2:
            between = regs[f"wh{window * 2}"] <= x <= regs[f"wh{window * 2 + 1}"]
            inside.append(between != bool(select >> window * 2 & 1))
    if len(inside) < 2:
        return inside == [True]
    logic = regs["wbglog" if user < 4 else "wobjlog"] >> user % 4 * 2 & 3
    one, two = inside
    return (one or two, one and two, one != two, one == two)[logic]


def shows(regs: dict[str, int], user: int, x: int, sub: bool) -> bool:
    """Whether a layer or the sprites are on a screen and not masked there."""
    if not regs["ts" if sub else "tm"] >> user & 1:
        return False
    return not (regs["tsw" if sub else "tmw"] >> user & 1 and in_window(regs, user, x))


def direct_colour(index: int, palette: int) -> int:
    """BBGGGRRR and the palette's bits bgr as BGR555."""
    red = (index & 7) << 2 | (palette & 1) << 1
    green = (index >> 3 & 7) << 2 | palette & 2
    blue = (index >> 6) << 3 | palette & 4
    return red | green << 5 | blue << 10
