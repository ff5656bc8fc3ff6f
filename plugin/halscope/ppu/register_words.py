"""The PPU's registers in words: address, name, and what the bits of each mean.

Source: the names and bits of the registers $2100 to $2133 in the SNES development manual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from halscope_hooks import PpuRegisters

type Words = Callable[[int], str]

_SIZES: Final = (
    *("8×8 and 16×16", "8×8 and 32×32", "8×8 and 64×64", "16×16 and 32×32", "16×16 and 64×64", "32×32 and 64×64"),
    *("16×32 and 32×64", "16×32 and 32×32"),
)
_MODES: Final = (
    *("0: BG1 to BG4 2 bpp", "1: BG1 and BG2 4 bpp, BG3 2 bpp", "2: BG1 and BG2 4 bpp, offset per tile"),
    *("3: BG1 8 bpp, BG2 4 bpp", "4: BG1 8 bpp, BG2 2 bpp, offset per tile", "5: BG1 4 bpp, BG2 2 bpp, 512 wide"),
    *("6: BG1 4 bpp, 512 wide, offset per tile", "7: BG1 rotated and scaled, 8 bpp"),
)
_LAYERS: Final = ("BG1", "BG2", "BG3", "BG4", "OBJ", "backdrop")
_LOGIC: Final = ("OR", "AND", "XOR", "XNOR")
_REGIONS: Final = ("nowhere", "outside the colour window", "inside the colour window", "everywhere")


class Register(NamedTuple):
    """A register of the PPU.

    Args:
        field: Its name in `PpuRegisters`.
        address: Its address on the B bus, $2100 to $2133; of two, the first.
        name: The standard name.
        title: What it is for.
        fields: What its bits mean: a name, and a function from the register's value to words.
    """

    field: str
    address: int
    name: str
    title: str
    fields: tuple[tuple[str, Words], ...]


def describe_registers(ppu: PpuRegisters, only: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Return the registers in words, by address.

    Args:
        ppu: The registers of a frame.
        only: Names of fields of `PpuRegisters`; `None` for all.

    Returns:
        For each `field`, `address`, `name` ("INIDISP"), `title`, `value` (`None`: the host cannot know it) and
        `fields`: [name, words] each, none for an unknown register.
    """
    wanted = None if only is None else frozenset(only)
    found = []
    for one in REGISTERS:
        if wanted is None or one.field in wanted:
            value: int | None = getattr(ppu, one.field)
            fields = [] if value is None else [[name, words(value)] for name, words in one.fields]
            head = {"field": one.field, "address": one.address, "name": one.name, "title": one.title}
            found.append({**head, "value": value, "fields": fields})
    return found


def _bits(low: int, count: int = 1) -> Callable[[int], int]:
    return lambda value: value >> low & (1 << count) - 1


def _choice(low: int, count: int, choices: tuple[str, ...]) -> Words:
    get = _bits(low, count)
    return lambda value: choices[get(value)]


def _flag(bit: int, on: str = "on", off: str = "off") -> Words:
    return _choice(bit, 1, (off, on))


def _layers(low: int, count: int) -> Words:
    get = _bits(low, count)

    def words(value: int) -> str:
        return ", ".join(name for n, name in enumerate(_LAYERS[:count]) if get(value) >> n & 1) or "none"

    return words


def _vram(low: int, count: int, shift: int) -> Words:
    get = _bits(low, count)

    def words(value: int) -> str:
        word = get(value) << shift & 0x7FFF
        return f"VRAM word ${word:04x} (byte ${2 * word:04x})"

    return words


def _second_table(value: int) -> str:
    word = ((value & 7) << 13) + (((value >> 3 & 3) + 1) << 12) & 0x7FFF
    return f"VRAM word ${word:04x} (byte ${2 * word:04x})"


def _signed(bits: int, scale: int = 1) -> Words:
    def words(value: int) -> str:
        number = value - (1 << bits) if value >> bits - 1 & 1 else value
        return f"{number / scale:.4g}" if scale > 1 else f"{number}"

    return words


def _window(low: int) -> Words:
    def words(value: int) -> str:
        parts = [
            f"{'outside' if value >> low + 2 * n & 1 else 'inside'} window {n + 1}"
            for n in range(2)
            if value >> low + 2 * n + 1 & 1
        ]
        return " and ".join(parts) or "no window"

    return words


def _pixel(value: int) -> str:
    return f"pixel {value}"


def _level(low: int) -> Words:
    get = _bits(low, 5)
    return lambda value: f"{get(value)} of 31"


def _cgram(value: int) -> str:
    return f"colour {value >> 1}, {'high' if value & 1 else 'low'} byte next"


def _maps(number: int) -> Register:
    fields = (
        ("map", _vram(2, 6, 10)),
        ("size", _choice(0, 2, ("32×32 tiles", "64×32 tiles", "32×64 tiles", "64×64 tiles"))),
    )
    return Register(f"bg{number}sc", 0x2106 + number, f"BG{number}SC", f"tilemap of BG{number}", fields)


def _scrolls(number: int) -> tuple[Register, Register]:
    at = 0x210B + 2 * number
    return (
        Register(
            f"bg{number}hofs", at, f"BG{number}HOFS", f"horizontal scroll of BG{number}", (("left edge", _pixel),)
        ),
        Register(
            f"bg{number}vofs", at + 1, f"BG{number}VOFS", f"vertical scroll of BG{number}", (("top edge", _pixel),)
        ),
    )


def _designation(field: str, address: int, title: str) -> Register:
    return Register(field, address, field.upper(), title, (("layers", _layers(0, 5)),))


def _matrix(letter: str, address: int) -> Register:
    return Register(f"m7{letter}", address, f"M7{letter.upper()}", "mode 7 matrix", (("factor", _signed(16, 256)),))


def _selection(field: str, address: int, low: str, high: str) -> Register:
    title = f"windows of {low} and {high}"
    return Register(field, address, field.upper(), title, ((low, _window(0)), (high, _window(4))))


_OBSEL = (
    ("sizes", _choice(5, 3, _SIZES)),
    ("first table", _vram(0, 3, 13)),
    ("second table (tiles $100 on)", _second_table),
)
_TILES_LARGE: Final = tuple((f"BG{n + 1} tiles", _flag(4 + n, "16×16", "8×8")) for n in range(4))

REGISTERS: Final[tuple[Register, ...]] = (
    Register(
        *("inidisp", 0x2100, "INIDISP", "screen display"),
        (("forced blank", _flag(7, "on: the screen is black")), ("brightness", lambda value: f"{value & 15} of 15")),
    ),
    Register("obsel", 0x2101, "OBSEL", "sizes and tiles of sprites", _OBSEL),
    Register(
        *("oamadd", 0x2102, "OAMADD", "OAM address, priority rotation"),
        (("address", lambda value: f"word ${value & 0x1FF:03x}"), ("priority rotation", _flag(15))),
    ),
    Register(
        *("bgmode", 0x2105, "BGMODE", "mode and tile sizes of the layers"),
        (("mode", _choice(0, 3, _MODES)), ("BG3 in front (mode 1)", _flag(3)), *_TILES_LARGE),
    ),
    Register(
        *("mosaic", 0x2106, "MOSAIC", "mosaic"),
        (("blocks", lambda value: f"{(value >> 4) + 1}×{(value >> 4) + 1} pixels"), ("layers", _layers(0, 4))),
    ),
    *(_maps(number) for number in range(1, 5)),
    Register(
        "bg12nba", 0x210B, "BG12NBA", "tiles of BG1 and BG2", (("BG1", _vram(0, 4, 12)), ("BG2", _vram(4, 4, 12)))
    ),
    Register(
        "bg34nba", 0x210C, "BG34NBA", "tiles of BG3 and BG4", (("BG3", _vram(0, 4, 12)), ("BG4", _vram(4, 4, 12)))
    ),
    Register("m7hofs", 0x210D, "M7HOFS", "mode 7 horizontal scroll", (("left edge", _signed(13)),)),
    Register("m7vofs", 0x210E, "M7VOFS", "mode 7 vertical scroll", (("top edge", _signed(13)),)),
    *(register for number in range(1, 5) for register in _scrolls(number)),
    Register(
        *("m7sel", 0x211A, "M7SEL", "mode 7 settings"),
        (
            ("flip", _choice(0, 2, ("none", "horizontal", "vertical", "both"))),
            ("outside the map", _choice(6, 2, ("repeats", "repeats", "transparent", "tile 0"))),
        ),
    ),
    *(_matrix(letter, 0x211B + n) for n, letter in enumerate("abcd")),
    Register("m7x", 0x211F, "M7X", "mode 7 centre", (("x", _signed(13)),)),
    Register("m7y", 0x2120, "M7Y", "mode 7 centre", (("y", _signed(13)),)),
    Register("cgadd", 0x2121, "CGADD", "CGRAM address", (("next write", _cgram),)),
    _selection("w12sel", 0x2123, "BG1", "BG2"),
    _selection("w34sel", 0x2124, "BG3", "BG4"),
    _selection("wobjsel", 0x2125, "OBJ", "colour math"),
    Register("wh0", 0x2126, "WH0", "window 1, left", (("from", _pixel),)),
    Register("wh1", 0x2127, "WH1", "window 1, right", (("to", _pixel),)),
    Register("wh2", 0x2128, "WH2", "window 2, left", (("from", _pixel),)),
    Register("wh3", 0x2129, "WH3", "window 2, right", (("to", _pixel),)),
    Register(
        *("wbglog", 0x212A, "WBGLOG", "how both windows are joined for the layers"),
        tuple((f"BG{n + 1}", _choice(2 * n, 2, _LOGIC)) for n in range(4)),
    ),
    Register(
        *("wobjlog", 0x212B, "WOBJLOG", "how both windows are joined for sprites and colour math"),
        (("OBJ", _choice(0, 2, _LOGIC)), ("colour math", _choice(2, 2, _LOGIC))),
    ),
    _designation("tm", 0x212C, "layers on the main screen"),
    _designation("ts", 0x212D, "layers on the sub screen"),
    _designation("tmw", 0x212E, "layers that windows mask on the main screen"),
    _designation("tsw", 0x212F, "layers that windows mask on the sub screen"),
    Register(
        *("cgwsel", 0x2130, "CGWSEL", "colour math: where"),
        (
            ("main screen black", _choice(6, 2, _REGIONS)),
            ("colour math prevented", _choice(4, 2, _REGIONS)),
            ("operand", _flag(1, "sub screen", "fixed colour")),
            ("direct colour (8 bpp)", _flag(0)),
        ),
    ),
    Register(
        *("cgadsub", 0x2131, "CGADSUB", "colour math: how"),
        (("operation", _flag(7, "subtract", "add")), ("halved", _flag(6)), ("layers", _layers(0, 6))),
    ),
    Register(
        *("coldata", 0x2132, "COLDATA", "fixed colour"),
        (("red", _level(0)), ("green", _level(5)), ("blue", _level(10))),
    ),
    Register(
        *("setini", 0x2133, "SETINI", "video mode"),
        (
            ("interlace", _flag(0)),
            ("sprite interlace", _flag(1)),
            ("lines", _flag(2, "239", "224")),
            ("pseudo-512 wide", _flag(3)),
            ("mode 7 EXTBG", _flag(6)),
            ("external sync", _flag(7)),
        ),
    ),
)
"""All registers of `PpuRegisters`, by address."""
