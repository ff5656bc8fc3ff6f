"""Assembly: packed blocks and the pointers to them as source for asar or ca65. Takes values, returns text and bytes.

Syntax: asar's manual (docs/manual in https://github.com/RPGHacker/asar), and ca65's and ld65's (https://cc65.github.io/doc).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Assembler = Literal["asar", "ca65"]

SOURCES: Final[Mapping[Assembler, str]] = {"asar": "graphics.asm", "ca65": "graphics.s"}
CONFIG: Final = "graphics.cfg"
BASE: Final = "base.sfc"
"""The name under which ca65's source includes the rest of the ROM; the person copies the ROM there."""

_NOT_IN_LABELS: Final = re.compile(r"[^A-Za-z0-9_]")
_ASAR_MAPPINGS: Final = {"sa1": "sa1rom"}  # the others have the same names


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer to a block.

    Args:
        shape: How it is stored, for a comment.
        parts: File offsets of its low, high and bank byte; the bank's is `None` where it is not stored with it.
        address: The 24-bit SNES address that it holds, in the mirror that the game uses.
    """

    shape: str
    parts: tuple[int, int, int | None]
    address: int


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the file that a block's packed bytes are in.

    Args:
        rom_offset: File offset of its first byte.
        room: Its length in bytes.
    """

    rom_offset: int
    room: int


@dataclass(frozen=True, slots=True)
class Graphic:
    """A block to be exported.

    Args:
        name: Its name, for labels and files.
        suffix: Suffix of the file with its packed bytes: the codec's name.
        packed: The packed bytes.
        parts: Where they are; more than one where the block crosses the end of a bank.
        pointers: The pointers to it.
    """

    name: str
    suffix: str
    packed: bytes = field(repr=False)
    parts: tuple[Part, ...]
    pointers: tuple[Pointer, ...] = ()

    @property
    def label(self) -> str:
        """Its name as both assemblers take it."""
        name = _NOT_IN_LABELS.sub("_", self.name)
        return f"_{name}" if name[:1].isdigit() else name

    @property
    def room(self) -> int:
        """Bytes of its place."""
        return sum(part.room for part in self.parts)

    @property
    def movable(self) -> bool:
        """Whether it can be anywhere: every pointer has its bank, and there is one."""
        return bool(self.pointers) and all(pointer.parts[2] is not None for pointer in self.pointers)

    def files(self) -> dict[str, bytes]:
        """Return the files with its packed bytes, by name: one, or one for each part that is not empty."""
        if len(self.parts) == 1:
            return {f"{self.name}.{self.suffix}": self.packed}
        files, at = {}, 0
        for number, part in enumerate(self.parts, 1):
            files[f"{self.name}.{number}.{self.suffix}"] = self.packed[at : at + part.room]
            at += part.room
        return {name: data for name, data in files.items() if data}


@dataclass(frozen=True, slots=True)
class Game:
    """The ROM that graphics are from.

    Args:
        title: Its title, for a comment.
        crc32: CRC32 of the image without copier header.
        size: Size of that image in bytes.
        mapping: Name of its mapping.
        window: Bytes of the file that a bank has.
        address_of: Returns the 24-bit SNES address of a file offset.
    """

    title: str
    crc32: str
    size: int
    mapping: str
    window: int
    address_of: Callable[[int], int]


def asar_source(game: Game, graphics: Sequence[Graphic], *, freedata: bool) -> str:
    """Return asar's source.

    Args:
        game: The ROM.
        graphics: The blocks.
        freedata: Let asar find a place for every block whose pointers all have a bank; the others stay where they are.
    """
    lines = [
        f"; Graphics of {_comment(game.title)} (CRC32 {game.crc32}), by Halscope.",
        "; On a copy of the ROM:  asar graphics.asm copy.sfc   (.sfc: no copier header; .smc: with one)",
        "; asar corrects the checksum by itself.",
        *(["; It looks for room behind the first 512 KiB: a smaller ROM must be filled up first."] if freedata else []),
        "",
        _ASAR_MAPPINGS.get(game.mapping, game.mapping),
    ]
    for graphic in graphics:
        lines.append("")
        moved = freedata and graphic.movable
        if freedata and not moved:
            lines.append(f"; {graphic.label} stays: {_why_fixed(graphic)}")
        home = 0 if moved else _home(game, graphic)
        lines += _asar_freedata(graphic) if moved else _asar_fixed(game, graphic, home)
        cleaned = False
        for pointer in graphic.pointers:
            lines.append(f"; pointer: {pointer.shape}")
            value = _moved_value(game, graphic, pointer) if moved else _value(graphic.label, pointer.address - home)
            if moved and not cleaned and _is_long(pointer):
                # It tells asar what to remove when it assembles again; asar takes a bare label alone.
                lines.append(f"org ${game.address_of(pointer.parts[0]):06X} : autoclean dl {graphic.label}")
                cleaned = True
            for offset, kind in _pieces(game, pointer):
                lines.append(f"org ${game.address_of(offset):06X} : {_ASAR_WRITES[kind].format(value)}")
    return "\n".join(lines) + "\n"


_ASAR_WRITES: Final = {
    "long": "dl {0}",
    "word": "dw {0}",
    "low": "db {0}",
    "high": "db ({0})>>8",
    "bank": "db ({0})>>16",
}


def _asar_fixed(game: Game, graphic: Graphic, home: int) -> Iterator[str]:
    files = iter(graphic.files())
    for number, part in enumerate(graphic.parts):
        address = home if number == 0 else game.address_of(part.rom_offset)
        yield f"org ${address:06X}"
        if number == 0:
            yield f"{graphic.label}:"
        name = next(files, None)
        if name is not None:
            yield f'\tincbin "{name}"'
    if len(graphic.parts) == 1:
        # Not by the position behind the last byte: at the end of a bank that is another bank.
        yield f'\tassert filesize("{graphic.name}.{graphic.suffix}") <= {graphic.room}, "{graphic.label} is too large"'


def _asar_freedata(graphic: Graphic) -> Iterator[str]:
    has_long = any(_is_long(pointer) for pointer in graphic.pointers)
    if not has_long:
        yield f"; No long pointer leads to {graphic.label}: assemble it on a clean copy, or the old one stays there."
    yield "freedata" if has_long else "freedata cleaned"
    yield f"{graphic.label}:"
    yield f'\tincbin "{graphic.name}.{graphic.suffix}"'


def _moved_value(game: Game, graphic: Graphic, pointer: Pointer) -> str:
    """Return the value of a pointer to a block that asar places. Games with fast ROM read it from bank 80 on."""
    fast = game.mapping in ("lorom", "hirom") and pointer.address >= 0x800000
    return f"{graphic.label}|$800000" if fast else graphic.label


def ca65_source(game: Game, graphics: Sequence[Graphic]) -> tuple[str, str]:
    """Return ca65's source and ld65's configuration, which together make the whole ROM.

    What is not exported is included from the ROM itself, so that every byte is where it was. A bank with graphics is a
    segment; ca65 takes no more than 255.
    """
    source = [
        f"; Graphics of {_comment(game.title)} (CRC32 {game.crc32}), by Halscope.",
        f"; Copy the ROM without copier header to {BASE}, then:",
        ";   ca65 graphics.s && ld65 -C graphics.cfg -o out.sfc graphics.o",
        "; In a project with a configuration of its own, take the segments and their addresses from graphics.cfg.",
        "; The checksum in the header is not corrected.",
    ]
    banks = _banks(game, graphics)
    pieces = sorted(_ca65_pieces(game, graphics, banks), key=lambda piece: piece.offset)
    memory, segments, at = [], [], 0
    for begin, end, start in _stretches(game, banks):
        name = f"ROM_{begin:06X}"
        source += ["", f'.segment "{name}"']
        memory.append(f"    {name}: start = ${start:06X}, size = ${end - begin:X}, file = %O;")
        segments.append(f"    {name}: load = {name}, type = ro;")
        while pieces and pieces[0].offset < end:
            piece = pieces.pop(0)
            source += [*_base(at, piece.offset), *piece.lines]
            at = piece.offset + piece.size
        source += _base(at, end)
        at = end
    config = ["MEMORY {", *memory, "}", "SEGMENTS {", *segments, "}"]
    return "\n".join(source) + "\n", "\n".join(config) + "\n"


def _banks(game: Game, graphics: Sequence[Graphic]) -> dict[int, int]:
    """Return the address of each bank with graphics by its file offset, in the mirror that its first pointers use."""
    banks: dict[int, int] = {}
    for graphic in graphics:
        for part in graphic.parts:
            begin = part.rom_offset - part.rom_offset % game.window
            first = part is graphic.parts[0]
            mirror = _home(game, graphic) - game.address_of(part.rom_offset) if first else 0
            banks.setdefault(begin, game.address_of(begin) + mirror)
    return banks


def _stretches(game: Game, banks: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """Yield the banks with graphics, and what is between them: file offset, end, SNES address."""
    at = 0
    for begin in sorted(banks):
        if begin > at:
            yield at, begin, game.address_of(at)
        at = min(begin + game.window, game.size)
        yield begin, at, banks[begin]
    if at < game.size:
        yield at, game.size, game.address_of(at)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the ROM that is made anew: its file offset, size and lines of source."""

    offset: int
    size: int
    lines: list[str]


_CA65_WRITES: Final = {
    "long": ".faraddr {0}",
    "word": ".word .loword({0})",
    "low": ".byte .lobyte({0})",
    "high": ".byte .hibyte({0})",
    "bank": ".byte .bankbyte({0})",
}
_SIZES: Final = {"long": 3, "word": 2, "low": 1, "high": 1, "bank": 1}


def _ca65_pieces(game: Game, graphics: Sequence[Graphic], banks: Mapping[int, int]) -> Iterator[_Piece]:
    taken: set[int] = set()
    for graphic in graphics:
        names = iter(graphic.files())
        for number, part in enumerate(graphic.parts):
            name = next(names, None)
            begin, end = f"@part{number}", f"@end{number}"  # cheap local labels: no symbol file has them
            # What is behind a shorter block stays; a longer one is an error of the size.
            rest = f"${part.rom_offset:X} + ({end} - {begin}), ${part.room:X} - ({end} - {begin})"
            lines = [f"{graphic.label}:"] if number == 0 else []
            lines += [f"{begin}:", *([] if name is None else [f'    .incbin "{name}"']), f"{end}:"]
            lines.append(f'    .incbin "{BASE}", {rest}')
            taken.update(range(part.rom_offset, part.rom_offset + part.room))
            yield _Piece(part.rom_offset, part.room, lines)
    for graphic in graphics:
        offset = graphic.parts[0].rom_offset
        place = banks[offset - offset % game.window] + offset % game.window
        for pointer in graphic.pointers:
            value = _value(graphic.label, pointer.address - place)
            for at, kind in _pieces(game, pointer):
                stretch = range(at, at + _SIZES[kind])
                # Several pointers may share a bank byte; one that ends in another bank cannot be split.
                if not taken.isdisjoint(stretch) or at // game.window != stretch[-1] // game.window:
                    continue
                taken.update(stretch)
                yield _Piece(at, len(stretch), [f"    {_CA65_WRITES[kind].format(value)}    ; {pointer.shape}"])


def _base(begin: int, end: int) -> list[str]:
    return [f'    .incbin "{BASE}", ${begin:X}, ${end - begin:X}'] if end > begin else []


def _pieces(game: Game, pointer: Pointer) -> Iterator[tuple[int, str]]:
    """Yield the writes of a pointer: file offset and kind. Bytes that stand together are written together."""
    low, high, bank = pointer.parts
    if _is_long(pointer) and _together(game, low, 3):
        yield low, "long"
        return
    if high == low + 1 and _together(game, low, 2):
        yield low, "word"
    else:
        yield low, "low"
        yield high, "high"
    if bank is not None:
        yield bank, "bank"


def _is_long(pointer: Pointer) -> bool:
    low, high, bank = pointer.parts
    return (high, bank) == (low + 1, low + 2)


def _together(game: Game, offset: int, size: int) -> bool:
    """Whether bytes of the file follow each other in the console's address space too."""
    return game.address_of(offset + size - 1) == game.address_of(offset) + size - 1


def _home(game: Game, graphic: Graphic) -> int:
    """Return the block's address: in the banks of its first pointer with a bank, or else in the usual ones.

    A mirror at another address in its bank (a half bank of SA-1) does not go on where the usual one does.
    """
    usual = game.address_of(graphic.parts[0].rom_offset)
    held = (pointer.address for pointer in graphic.pointers if pointer.parts[2] is not None)
    first = next(held, usual)
    return first if first & 0xFFFF == usual & 0xFFFF else usual


def _value(label: str, distance: int) -> str:
    """Return the label, in another mirror if need be."""
    if not distance:
        return label
    return f"{label}{'+' if distance > 0 else '-'}${abs(distance):X}"


def _why_fixed(graphic: Graphic) -> str:
    if not graphic.pointers:
        return "no pointer to it is known"
    return "a pointer to it has no bank of its own, so it must stay in its bank"


def _comment(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() and letter.isascii())
