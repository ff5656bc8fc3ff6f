"""Generate assembly: the block table, each scene's loader, register list and HDMA channels, and all data."""

from __future__ import annotations

from pathlib import Path

from demobuild.emit import incbin

from labbuild.model import Load, Packed, Scene
from labbuild.transforms import SENDERS, TRANSFORMS

DECODE_BUFFER = 0x7F0000  # as in memory.inc


class Generator:
    """Collects the lines of the generated file."""

    def __init__(self, packed: dict[str, Packed], scenes: tuple[Scene, ...]) -> None:
        self.packed = packed
        self.scenes = scenes
        self.lines = ['.include "memory.inc"', '.include "loads.inc"']

    def generate(self, folder: Path) -> str:
        """Write the data files to the folder. Return the source."""
        self._data(folder)
        table = [one for one in self.packed.values() if one.index is not None]
        self.lines += ['.segment "CODE"', ".a16", ".i16", f"SCENE_COUNT = {len(self.scenes)}", "block_table:"]
        self.lines += [f"        .faraddr {one.asset.name}" for one in sorted(table, key=lambda one: one.index or 0)]
        self.lines += ["scene_loaders:", "        .addr " + ", ".join(f"load_{scene.name}" for scene in self.scenes)]
        for scene in self.scenes:
            self._loader(scene)
            self._lists(scene)
        return "\n".join(self.lines) + "\n"

    def _data(self, folder: Path) -> None:
        for name, one in self.packed.items():
            (folder / f"{name}.bin").write_bytes(one.stream)
            self.lines += incbin(f"DATA_{name}", name, f"{name}.bin")

    def _loader(self, scene: Scene) -> None:
        self.lines.append(f"load_{scene.name}:")
        for load in scene.loads:
            self._load(load)
        for index, palette in scene.palettes:
            self._raw(f"colours_{palette}", "send_cgram", index)
        if scene.oam:
            self._raw(f"oam_{scene.name}", "send_oam", 0)
        for name, address in scene.copies:
            self._copy(name, address)
        for name, address in scene.unpacked:
            self._decode(self.packed[name], address)
        self.lines += [f"        ldx #registers_{scene.name}", "        jsr write_registers"]
        if scene.channels:
            self.lines += [f"        ldx #channels_{scene.name}", "        jsr set_channels"]
        if scene.setup:
            self.lines += [f"        .global {scene.setup}", f"        jsr {scene.setup}"]
        for variable, routine in (("scene_update", scene.update), ("scene_vblank", scene.vblank)):
            if routine != "nothing":
                self.lines += [f"        .global {routine}", f"        lda #{routine}", f"        sta {variable}"]
        self.lines += ["        a8", f"        lda #${scene.hdmaen:02X}", "        sta hdma_shadow", "        a16"]
        self.lines.append("        rts")

    def _decode(self, one: Packed, address: int) -> None:
        """Decode a block to WRAM."""
        self.lines += [
            f"        from_table24 block_table, {one.index}",
            f"        decode_hal ${address >> 16:02X}, ${address & 0xFFFF:04X}",
        ]

    def _copy(self, name: str, address: int) -> None:
        """Copy raw data to WRAM."""
        self.lines += ["        a8", f"        lda #${address >> 16 & 1:02X}", "        sta WMADDH", "        a16"]
        self._raw(name, "send_wram", address & 0xFFFF)

    def _raw(self, name: str, routine: str, target: int) -> None:
        size = len(self.packed[name].stream)
        self.lines += [
            f"        source_is ^{name}, .loword({name})",
            f"        ldx #${target:04X}",
            f"        ldy #{size}",
            f"        jsr {routine}",
        ]

    def _load(self, load: Load) -> None:
        one = self.packed[load.asset]
        offset, size = extent(load, one)
        send = SENDERS.get(load.transform, "send_vram")
        if one.asset.codec == "raw" and load.transform not in TRANSFORMS:
            self._raw(load.asset, send, load.vram_byte // 2)
            return
        if one.asset.codec == "raw":
            self._copy(load.asset, DECODE_BUFFER)
        else:
            self._decode(one, DECODE_BUFFER)
        word = f"${load.vram_byte // 2:04X}"
        if load.transform not in TRANSFORMS:
            self.lines.append(f"        send_decoded {send}, {offset}, {word}, {size}")
            return
        stored, shown, routine = TRANSFORMS[load.transform]
        tiles = size // stored
        self.lines.append(f"        expand {routine}, {offset}, {tiles}")
        self.lines.append(f"        send_expanded {word}, {tiles * shown}")

    def _lists(self, scene: Scene) -> None:
        pairs = [f"${register:02X}, ${value:02X}" for register, value in scene.registers]
        self.lines.append(f"registers_{scene.name}:")
        self.lines += [f"        .byte {pair}" for pair in [*pairs, "$FF"]]
        if scene.channels:
            self.lines.append(f"channels_{scene.name}:")
            for channel in scene.channels:
                table = channel.table or f"${channel.address:06X}"
                self.lines += [
                    f"        .byte ${channel.number << 4:02X}, ${channel.dmap:02X}, ${channel.register:02X}",
                    f"        .faraddr {table}",
                    f"        .byte ${channel.bank:02X}",
                ]
            self.lines.append("        .byte $FF")


def extent(load: Load, one: Packed) -> tuple[int, int]:
    """Offset and size, in the decoded data, of what is loaded."""
    offset = one.asset.lead if load.byte_offset is None else load.byte_offset
    return offset, len(one.asset.data) - offset if load.size is None else load.size
