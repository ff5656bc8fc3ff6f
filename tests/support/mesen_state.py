"""What Mesen's getState() holds for given registers: the inverse of what Halscope does, read in Mesen's source."""

from __future__ import annotations

from typing import Any

from halscope_hooks import Snapshot


def state_of(snapshot: Snapshot) -> dict[bytes, object]:
    """Return the part of the state that the PPU, the CPU's registers and DMA make.

    Addresses count words, and a run of capitals at the beginning of a name is lower case ("hscroll"). Enumerations are
    left out: `maskLogic`, `colorMathClipMode` and `colorMathPreventMode`.
    """
    state: dict[str, Any] = {}
    ppu = snapshot.ppu
    raw: dict[str, int] = {name: getattr(ppu, name) or 0 for name in ppu.__slots__}

    def flag(register: str, bit: int) -> bool:
        return bool(raw[register] >> bit & 1)

    state |= {
        "ppu.forcedBlank": flag("inidisp", 7),
        "ppu.screenBrightness": raw["inidisp"] & 15,
        "ppu.bgMode": raw["bgmode"] & 7,
        "ppu.mode1Bg3Priority": flag("bgmode", 3),
        "ppu.mainScreenLayers": raw["tm"] & 31,
        "ppu.subScreenLayers": raw["ts"] & 31,
        "ppu.mosaicSize": (raw["mosaic"] >> 4) + 1,
        "ppu.mosaicEnabled": raw["mosaic"] & 15,
        "ppu.oamMode": raw["obsel"] >> 5,
        "ppu.oamBaseAddress": (raw["obsel"] & 7) << 13,
        "ppu.oamAddressOffset": ((raw["obsel"] >> 3 & 3) + 1) << 12,
        "ppu.oamRamAddress": raw["oamadd"] & 0x1FF,
        "ppu.enableOamPriority": flag("oamadd", 15),
        "ppu.hiResMode": flag("setini", 3),
        "ppu.screenInterlace": flag("setini", 0),
        "ppu.objInterlace": flag("setini", 1),
        "ppu.overscanMode": flag("setini", 2),
        "ppu.extBgEnabled": flag("setini", 6),
        "ppu.directColorMode": flag("cgwsel", 0),
        "ppu.colorMathAddSubscreen": flag("cgwsel", 1),
        "ppu.colorMathEnabled": raw["cgadsub"] & 63,
        "ppu.colorMathHalveResult": flag("cgadsub", 6),
        "ppu.colorMathSubtractMode": flag("cgadsub", 7),
        "ppu.fixedColor": raw["coldata"],
        "ppu.cgramAddress": raw["cgadd"] >> 1,
        "ppu.cgramAddressLatch": flag("cgadd", 0),
        "ppu.mode7.horizontalMirroring": flag("m7sel", 0),
        "ppu.mode7.verticalMirroring": flag("m7sel", 1),
        "ppu.mode7.fillWithTile0": flag("m7sel", 6),
        "ppu.mode7.largeMap": flag("m7sel", 7),
        "ppu.mode7.centerX": _signed(raw["m7x"], 13),
        "ppu.mode7.centerY": _signed(raw["m7y"], 13),
        "ppu.mode7.hscroll": raw["m7hofs"],
        "ppu.mode7.vscroll": raw["m7vofs"],
    }
    for n, letter in enumerate("abcd"):
        state[f"ppu.mode7.matrix[{n}]"] = _signed(raw[f"m7{letter}"], 16)
    for n in range(4):
        layer = f"ppu.layers[{n}]."
        tiles = raw["bg12nba" if n < 2 else "bg34nba"] >> (n & 1) * 4 & 7
        state |= {
            f"{layer}chrAddress": tiles << 12,
            f"{layer}tilemapAddress": (raw[f"bg{n + 1}sc"] & 0x7C) << 8,
            f"{layer}doubleWidth": flag(f"bg{n + 1}sc", 0),
            f"{layer}doubleHeight": flag(f"bg{n + 1}sc", 1),
            f"{layer}hscroll": raw[f"bg{n + 1}hofs"],
            f"{layer}vscroll": raw[f"bg{n + 1}vofs"],
            f"{layer}largeTiles": flag("bgmode", 4 + n),
        }
    for n in range(6):
        register, bit = (("w12sel", 0), ("w34sel", 0), ("wobjsel", 0))[n // 2][0], n % 2 * 4
        for window in (0, 1):
            at = bit + window * 2
            state[f"ppu.window[{window}].invertedLayers[{n}]"] = flag(register, at)
            state[f"ppu.window[{window}].activeLayers[{n}]"] = flag(register, at + 1)
        if n < 5:
            state[f"ppu.windowMaskMain[{n}]"] = flag("tmw", n)
            state[f"ppu.windowMaskSub[{n}]"] = flag("tsw", n)
    for window, left, right in ((0, "wh0", "wh1"), (1, "wh2", "wh3")):
        state |= {f"ppu.window[{window}].left": raw[left], f"ppu.window[{window}].right": raw[right]}
    cpu = snapshot.cpu
    assert cpu is not None
    enabled = cpu.nmitimen or 0
    state |= {
        "internalRegisters.enableAutoJoypadRead": bool(enabled & 1),
        "internalRegisters.enableHorizontalIrq": bool(enabled & 0x10),
        "internalRegisters.enableVerticalIrq": bool(enabled & 0x20),
        "internalRegisters.enableNmi": bool(enabled & 0x80),
        "internalRegisters.horizontalTimer": cpu.htime,
        "internalRegisters.verticalTimer": cpu.vtime,
        "dmaController.hdmaChannels": cpu.hdmaen,
    }
    for n, channel in enumerate(cpu.dma):
        prefix = f"dmaController.channel[{n}]."
        state |= {
            f"{prefix}transferMode": channel.dmap & 7,
            f"{prefix}fixedTransfer": bool(channel.dmap & 8),
            f"{prefix}decrement": bool(channel.dmap & 0x10),
            f"{prefix}unusedControlFlag": bool(channel.dmap & 0x20),
            f"{prefix}hdmaIndirectAddressing": bool(channel.dmap & 0x40),
            f"{prefix}invertDirection": bool(channel.dmap & 0x80),
            f"{prefix}destAddress": channel.bbad,
            f"{prefix}srcAddress": channel.a1t,
            f"{prefix}srcBank": channel.a1b,
            f"{prefix}transferSize": channel.das,
            f"{prefix}hdmaBank": channel.dasb,
            f"{prefix}hdmaTableAddress": channel.a2a,
            f"{prefix}hdmaLineCounterAndRepeat": channel.ntrl,
        }
    state["frameCount"] = snapshot.frame
    return {key.encode(): value for key, value in state.items()}


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
