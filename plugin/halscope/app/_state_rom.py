"""Whether a snes9x state goes with a ROM: states of libretro cores name none, so their content has to tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from halscope_hooks import TILE_BYTES, FormatError

from halscope.formats import snes9x
from halscope.rom.image import Rom

_SAMPLED: Final = 96
"""Tiles that are looked for in the ROM: 50 ms for 4 MiB."""

_FEWEST: Final = 8
"""Different bytes of a tile that is worth looking for."""

_ENOUGH: Final = 2
"""Tiles that must be in the ROM: one may be a row of a map that counts up, as in any program."""

_DEEPEST: Final = 64
"""Bytes of the stack that are searched for return addresses."""

_JSR, _JSL, _JSR_INDIRECT, _JMP = 0x20, 0x22, 0xFC, 0x4C
_BRANCHES: Final = frozenset({0x10, 0x30, 0x50, 0x70, 0x80, 0x90, 0xB0, 0xD0, 0xF0})
_LOOP: Final = 16
"""Bytes behind the program counter within which a waiting loop branches back."""


def recognised(state: bytes, rom: Rom) -> bool | None:
    """Return whether anything in a snes9x state is certainly this ROM's; `None` if the state cannot tell.

    Looked for are the state's graphics in the ROM, uncompressed, the calls that the return addresses on its stack are
    from, and the waiting loop around its program counter, or the code there if it is in WRAM. Measured with 15 public
    programs: the state of another one was recognised in 15 of 210 pairs (programs that share code or pictures of few
    colours), the right one was not in 2 of 15, which never wait and convert their tiles.
    """
    try:
        _, blocks = snes9x.find_blocks(state)
        fields = snes9x.parse_state(state, copy_memories=False)
    except FormatError:
        return None
    if "REG" not in blocks or blocks["REG"][1] < 16 or fields.wram is None:
        return None
    at = blocks["REG"][0]
    registers = memoryview(state)[at : at + 16]  # PB, DB, P, A, D, S, X, Y, PC; words are big-endian
    bank, stack, counter = registers[0], int.from_bytes(registers[8:10]), int.from_bytes(registers[14:16])
    image = rom.data.tobytes()
    if bank in (0x7E, 0x7F):
        at = (bank & 1) << 16 | counter
        code = fields.wram[max(0, at - _LOOP) : at + _LOOP].tobytes()
        if len(set(code)) >= _FEWEST and code in image:
            return True
    if _waits(rom, bank, counter) or any(_calls(rom, bank, fields.wram[:0x2000].tobytes(), stack)):
        return True
    return sum(tile in image for tile in _tiles(fields.vram.tobytes())) >= _ENOUGH


def _code(rom: Rom, address: int, count: int) -> bytes | None:
    """Return the ROM's bytes at a 24-bit address, or `None` if it has none there."""
    offset = rom.to_offset(address)
    return None if offset is None or offset + count > rom.data.size else rom.data[offset : offset + count].tobytes()


def _waits(rom: Rom, bank: int, counter: int) -> bool:
    """Whether a branch or a jump soon after the program counter leads back to it, or to just before it."""
    code = _code(rom, bank << 16 | counter, _LOOP + 3)
    if code is None:
        return False
    for at in range(_LOOP):
        if code[at] in _BRANCHES:
            target = at + 2 + int.from_bytes(code[at + 1 : at + 2], signed=True)
        elif code[at] == _JMP:
            target = int.from_bytes(code[at + 1 : at + 3], "little") - counter
        else:
            continue
        if -_LOOP <= target <= 0:
            return True
    return False


def _calls(rom: Rom, bank: int, low: bytes, stack: int) -> Iterator[bool]:
    """Yield, for each place on the stack, whether it holds a return address behind a call in the ROM.

    JSR pushes the address of its last byte, JSL the bank before it (W65C816S data sheet).
    """
    for at in range(stack + 1, min(stack + 1 + _DEEPEST, len(low) - 3)):
        address = int.from_bytes(low[at : at + 2], "little")
        if address < 0x8002:
            continue
        near = _code(rom, bank << 16 | (address - 2), 1)
        far = _code(rom, low[at + 2] << 16 | (address - 3), 4)
        is_far = far is not None and far[0] == _JSL and rom.to_offset(int.from_bytes(far[1:], "little")) is not None
        yield is_far or (near is not None and near[0] in (_JSR, _JSR_INDIRECT))


def _tiles(vram: bytes) -> list[bytes]:
    """Return a sample of the tiles in VRAM that say something."""
    tiles = {vram[at : at + TILE_BYTES] for at in range(0, len(vram), TILE_BYTES)}
    telling = sorted(tile for tile in tiles if len(set(tile)) >= _FEWEST)
    step = max(1, len(telling) // _SAMPLED)
    return telling[::step][:_SAMPLED]
