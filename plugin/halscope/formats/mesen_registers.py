"""Registers from Mesen's decoded state: its fields are put together to the bytes that the game wrote.

The names and units of the fields are those of `SnesPpu`, `InternalRegisters` and `SnesDmaController` in Mesen's source;
addresses count words. A field that a build does not have is missing, and its register is then `None`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from halscope_hooks import CpuRegisters, DmaChannel, PpuRegisters

Fields = Mapping[str, int]
"""The fields that the emulator has, by their names; booleans are 0 or 1."""

_Part = tuple[str, int, int]  # name of a field, its mask, the bit at which it begins


def _flags(names: str, first: int = 0) -> list[_Part]:
    return [(name, 1, bit) for bit, name in enumerate(names.split(), first)]


def _window(low: int) -> list[_Part]:
    """Two layers of $2123 to $2125: for each, inverted and active of window 1, then of window 2."""
    return [
        (f"window[{window}].{kind}Layers[{low + layer}]", 1, layer * 4 + window * 2 + bit)
        for layer in (0, 1)
        for window in (0, 1)
        for bit, kind in enumerate(("inverted", "active"))
    ]


def _layers(kind: str, count: int = 5) -> list[_Part]:
    return [(f"{kind}[{layer}]", 1, layer) for layer in range(count)]


_PPU: Final[dict[str, list[_Part]]] = {
    "inidisp": [("screenBrightness", 0x0F, 0), ("forcedBlank", 1, 7)],
    "oamadd": [("oamRamAddress", 0x1FF, 0), ("enableOamPriority", 1, 15)],
    "bgmode": [
        ("bgMode", 7, 0),
        ("mode1Bg3Priority", 1, 3),
        *((f"layers[{n}].largeTiles", 1, 4 + n) for n in range(4)),
    ],
    "m7sel": [
        ("mode7.horizontalMirroring", 1, 0),
        ("mode7.verticalMirroring", 1, 1),
        ("mode7.fillWithTile0", 1, 6),
        ("mode7.largeMap", 1, 7),
    ],
    "w12sel": _window(0),
    "w34sel": _window(2),
    "wobjsel": _window(4),
    "wh0": [("window[0].left", 0xFF, 0)],
    "wh1": [("window[0].right", 0xFF, 0)],
    "wh2": [("window[1].left", 0xFF, 0)],
    "wh3": [("window[1].right", 0xFF, 0)],
    "tm": [("mainScreenLayers", 0x1F, 0)],
    "ts": [("subScreenLayers", 0x1F, 0)],
    "tmw": _layers("windowMaskMain"),
    "tsw": _layers("windowMaskSub"),
    "cgadsub": [("colorMathEnabled", 0x3F, 0), ("colorMathHalveResult", 1, 6), ("colorMathSubtractMode", 1, 7)],
    "cgadd": [("cgramAddressLatch", 1, 0), ("cgramAddress", 0xFF, 1)],
    "coldata": [("fixedColor", 0x7FFF, 0)],
    "setini": [*_flags("screenInterlace objInterlace overscanMode hiResMode"), ("extBgEnabled", 1, 6)],
    "m7x": [("mode7.centerX", 0x1FFF, 0)],
    "m7y": [("mode7.centerY", 0x1FFF, 0)],
    "m7hofs": [("mode7.hscroll", 0x1FFF, 0)],
    "m7vofs": [("mode7.vscroll", 0x1FFF, 0)],
    **{f"m7{letter}": [(f"mode7.matrix[{n}]", 0xFFFF, 0)] for n, letter in enumerate("abcd")},
    **{f"bg{n + 1}hofs": [(f"layers[{n}].hscroll", 0x3FF, 0)] for n in range(4)},
    **{f"bg{n + 1}vofs": [(f"layers[{n}].vscroll", 0x3FF, 0)] for n in range(4)},
}
# A script does not see enumerations; ours watches the three registers that they make, and names them `halscope.wbglog`.
_ENUMERATIONS: Final[dict[str, list[_Part]]] = {
    "wbglog": [(f"maskLogic[{n}]", 3, 2 * n) for n in range(4)],
    "wobjlog": [(f"maskLogic[{n}]", 3, 2 * (n - 4)) for n in (4, 5)],
    "cgwsel": [
        ("directColorMode", 1, 0),
        ("colorMathAddSubscreen", 1, 1),
        ("colorMathPreventMode", 3, 4),
        ("colorMathClipMode", 3, 6),
    ],
}
_NMITIMEN: Final[list[_Part]] = [
    ("enableAutoJoypadRead", 1, 0),
    ("enableHorizontalIrq", 1, 4),
    ("enableVerticalIrq", 1, 5),
    ("enableNmi", 1, 7),
]
_DMAP: Final[list[_Part]] = [
    ("transferMode", 7, 0),
    ("fixedTransfer", 1, 3),
    ("decrement", 1, 4),
    ("unusedControlFlag", 1, 5),
    ("hdmaIndirectAddressing", 1, 6),
    ("invertDirection", 1, 7),
]
_CHANNEL: Final[dict[str, list[_Part]]] = {
    "dmap": _DMAP,
    "bbad": [("destAddress", 0xFF, 0)],
    "a1t": [("srcAddress", 0xFFFF, 0)],
    "a1b": [("srcBank", 0xFF, 0)],
    "das": [("transferSize", 0xFFFF, 0)],
    "dasb": [("hdmaBank", 0xFF, 0)],
    "a2a": [("hdmaTableAddress", 0xFFFF, 0)],
    "ntrl": [("hdmaLineCounterAndRepeat", 0xFF, 0)],
}


def ppu_registers(fields: Fields) -> PpuRegisters:
    """Return the PPU registers."""
    values = {name: _joined(fields, "ppu.", parts) for name, parts in _PPU.items()}
    size, enabled = fields.get("ppu.mosaicSize"), fields.get("ppu.mosaicEnabled")
    values["mosaic"] = None if size is None or enabled is None else (size - 1 & 0xF) << 4 | enabled & 0xF
    for name, parts in _ENUMERATIONS.items():
        stored = _joined(fields, "ppu.", parts)
        values[name] = _joined(fields, "halscope.", [(name, 0xFF, 0)]) if stored is None else stored
    for n in range(4):
        layer = f"ppu.layers[{n}]."
        map_word = fields.get(f"{layer}tilemapAddress")
        doubled = _joined(fields, layer, _flags("doubleWidth doubleHeight"))
        values[f"bg{n + 1}sc"] = None if map_word is None or doubled is None else map_word >> 8 & 0xFC | doubled
    for register, first in (("bg12nba", 0), ("bg34nba", 2)):
        low, high = (fields.get(f"ppu.layers[{n}].chrAddress") for n in (first, first + 1))
        values[register] = None if low is None or high is None else low >> 12 & 0xF | high >> 8 & 0xF0
    return PpuRegisters(obsel=_obsel(fields), **values)


def cpu_registers(fields: Fields) -> CpuRegisters:
    """Return the registers of HDMA and IRQs."""
    channels = []
    for n in range(CpuRegisters.CHANNELS):
        prefix = f"dmaController.channel[{n}]."
        values = {name: _joined(fields, prefix, parts) for name, parts in _CHANNEL.items()}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) == len(values):
            channels.append(DmaChannel(**known))
    whole = len(channels) == CpuRegisters.CHANNELS
    prefix = "internalRegisters."
    return CpuRegisters(
        nmitimen=_joined(fields, prefix, _NMITIMEN),
        hdmaen=_joined(fields, "dmaController.", [("hdmaChannels", 0xFF, 0)]),
        htime=_joined(fields, prefix, [("horizontalTimer", 0x1FF, 0)]),
        vtime=_joined(fields, prefix, [("verticalTimer", 0x1FF, 0)]),
        dma=tuple(channels) if whole else (),
    )


def _obsel(fields: Fields) -> int | None:
    mode, base, offset = (fields.get(f"ppu.{name}") for name in ("oamMode", "oamBaseAddress", "oamAddressOffset"))
    if mode is None or base is None or offset is None:
        return None
    return (mode & 7) << 5 | ((offset >> 12) - 1 & 3) << 3 | base >> 13 & 7


def _joined(fields: Fields, prefix: str, parts: list[_Part]) -> int | None:
    """Return a register from its fields, or `None` if one is missing."""
    value = 0
    for name, mask, bit in parts:
        field = fields.get(prefix + name)
        if field is None:
            return None
        value |= (field & mask) << bit
    return value
