"""Generate assembly: the block table, each scene's loader, register list and HDMA channels, and all data."""

from __future__ import annotations

from pathlib import Path

from demobuild.emit import incbin
from demobuild.memory_map import MemoryMap

from labbuild.model import Load, Packed, Scene
from labbuild.pointers import HALF_FRAME, Shapes
from labbuild.transforms import SENDERS, TRANSFORMS

WRAM = 0x7E0000
DECODE_BUFFER = 0x7F0000  # as in memory.inc


def staged(address: int, scene: Scene, memory_map: MemoryMap) -> int:
    """Return where data at an address of WRAM is. The palette buffer is where the map stages data."""
    mirror = scene.mirror
    if mirror is None or not 0 <= address - mirror.address < 512:
        return address
    return address - WRAM + memory_map.staging


class Generator:
    """Collects the lines of the generated file."""

    def __init__(
        self, packed: dict[str, Packed], scenes: tuple[Scene, ...], shapes: Shapes, memory_map: MemoryMap
    ) -> None:
        self.packed = packed
        self.map = memory_map
        self.buffer = DECODE_BUFFER - WRAM + memory_map.staging
        self.shapes = shapes
        self.scenes = scenes
        self.lines = ['.include "memory.inc"', '.include "loads.inc"']

    def generate(self, folder: Path) -> str:
        """Write the data files to the folder. Return the source."""
        self._data(folder)
        self.lines += self.shapes.tables()
        self.lines += ['.segment "CODE"', ".a16", ".i16", f"SCENE_COUNT = {len(self.scenes)}"]
        self.lines.append(f"NEXT_BANK = ${self.map.next_bank:04X}")
        for label, shape in (("block_table", "table24"), ("lz2_table", "lz2_table24")):
            self.lines += [f"{label}:", *(f"        .faraddr {name}" for name in self.shapes.users[shape])]
        self.lines += ["scene_loaders:", "        .addr " + ", ".join(f"load_{scene.name}" for scene in self.scenes)]
        for scene in self.scenes:
            self._loader(scene)
            self._lists(scene)
        return "\n".join(self.lines) + "\n"

    def _data(self, folder: Path) -> None:
        for name, one in self.packed.items():
            first, rest = one.pieces
            (folder / f"{name}.bin").write_bytes(first)
            if rest:
                (folder / f"{name}_rest.bin").write_bytes(rest)
                self.lines += incbin(f"DATA_{name}_rest", f"{name}_rest", f"{name}_rest.bin")
            lines = incbin(f"DATA_{name}", name, f"{name}.bin")
            if one.asset.shape == "frame":
                parts = HALF_FRAME, len(one.stream) - HALF_FRAME
                lines[1:1] = [
                    f"frame_{name}:",
                    f"        .word {parts[0]}, {parts[1]}, .loword({name}), .loword({name}) + {HALF_FRAME}",
                ]
            self.lines += lines

    def _loader(self, scene: Scene) -> None:
        self.lines.append(f"load_{scene.name}:")
        scripted = [load for load in scene.loads if self.packed[load.asset].asset.shape == "script"]
        for load in scene.loads:
            if load not in scripted:
                self._load(load)
        if scripted:
            self._pointer(f"script_of_{scene.name}")
            self.lines.append("        jsr run_script")
        for index, palette in scene.palettes:
            self._raw(f"colours_{palette}", "send_cgram", index)
        if scene.oam:
            self._raw(f"oam_{scene.name}", "send_oam", 0)
        for name, address in scene.copies:
            self._copy(name, staged(address, scene, self.map))
        for name, address in scene.unpacked:
            self._decode(self.packed[name], staged(address, scene, self.map))
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
        """Decode a block to WRAM or BW-RAM."""
        self.lines += self.shapes.fetch(one.asset.name)
        self.lines.append(f"        decode {one.asset.codec}_decode, ${address >> 16:02X}, ${address & 0xFFFF:04X}")

    def _pointer(self, label: str) -> None:
        """Set the routine's own pointer."""
        self.lines += [f"        lda #.loword({label})", "        sta pointer", f"        lda #^{label}"]
        self.lines.append("        sta pointer + 2")

    def _copy(self, name: str, address: int) -> None:
        """Copy raw data to WRAM or BW-RAM."""
        if address < WRAM:
            self.lines += ["        a8", f"        lda #${address >> 16:02X}", "        sta hal_bank", "        a16"]
            self._raw(name, "copy_to_bank", address & 0xFFFF)
            return
        self.lines += ["        a8", f"        lda #${address >> 16 & 1:02X}", "        sta WMADDH", "        a16"]
        self._raw(name, "send_wram", address & 0xFFFF)

    def _raw(self, name: str, routine: str, target: int) -> None:
        size = len(self.packed[name].stream)
        self.lines += self.shapes.fetch(name)
        self.lines += [
            f"        ldx #${target:04X}",
            f"        ldy #{size}",
            f"        jsr {routine}",
        ]

    def _load(self, load: Load) -> None:
        one = self.packed[load.asset]
        offset, size = extent(load, one)
        send = SENDERS.get(load.transform, "send_vram")
        if one.asset.shape == "frame":
            self._pointer(f"frame_{load.asset}")
            self.lines += [f"        ldx #${load.vram_byte // 2:04X}", "        jsr send_frame"]
            return
        if one.asset.codec == "raw" and load.transform not in TRANSFORMS:
            self._raw(load.asset, send, load.vram_byte // 2)
            return
        if one.asset.codec == "raw":
            self._copy(load.asset, self.buffer)
        else:
            self._decode(one, self.buffer)
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
                if channel.table:
                    self.lines.append(f"{self.shapes.channel_label(channel.table)}:")
                if channel.data:
                    self.lines.append(f"channel_of_{channel.data}:")
                self.lines += [
                    f"        .byte ${channel.number << 4:02X}, ${channel.dmap:02X}, ${channel.register:02X}",
                    f"        .faraddr {table}",
                    f"        .byte ^{channel.data}" if channel.data else f"        .byte ${channel.bank:02X}",
                ]
            self.lines.append("        .byte $FF")
        scripted = [load for load in scene.loads if self.packed[load.asset].asset.shape == "script"]
        if scripted:
            self._script(scene.name, scripted)

    def _script(self, scene: str, loads: list[Load]) -> None:
        """Emit a script: a command's number is that of its operands, $80 carries a pointer, $FF ends it."""
        self.lines += ['.segment "TABLE_script"', f"script_of_{scene}:"]
        for number, load in enumerate(loads):
            size = len(self.packed[load.asset].asset.data)
            self.lines += [
                f"        .byte 2, {number * 3}, $80, 1, {60 + number}",
                f"script_{load.asset}:",
                "        .byte $80, $00",
                f"        .faraddr {load.asset}",
                f"        .word ${load.vram_byte // 2:04X}, {size}",
            ]
        self.lines += ["        .byte $FF", '.segment "CODE"']


def extent(load: Load, one: Packed) -> tuple[int, int]:
    """Offset and size, in the decoded data, of what is loaded."""
    offset = one.asset.lead if load.byte_offset is None else load.byte_offset
    return offset, len(one.asset.data) - offset if load.size is None else load.size
