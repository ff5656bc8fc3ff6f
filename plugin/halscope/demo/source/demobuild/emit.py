"""Generate assembly: tables, scene records, load lists, events, and the location of every block."""

import math

from demobuild.model import Actor, Block, PlacedSheet, Scene, SceneLayout

NONE = 0xFF
WAVE_AMPLITUDES = (0, 4, 8, 12, 20, 32, 48, 80)  # pixels; the index is the table's number
FLIPS = {"": 0, "h": 0x40, "v": 0x80, "hv": 0xC0}


def wave_tables() -> bytes:
    """Return one period of a signed sine for each amplitude."""
    return bytes(
        round(amplitude * math.sin(step * math.tau / 256)) & 0xFF
        for amplitude in WAVE_AMPLITUDES
        for step in range(256)
    )


def as_bytes(data: bytes) -> list[str]:
    """`.byte` lines."""
    return ["        .byte " + ", ".join(map(str, data[at : at + 24])) for at in range(0, len(data), 24)]


def incbin(segment: str, label: str, path: str) -> list[str]:
    """Return a segment that includes one file."""
    return [f'.segment "{segment}"', f"{label}:", f'        .incbin "{path}"']


def parts(width: int, height: int, sizes: tuple[int, int]) -> list[str]:
    """Return a metasprite's parts around its centre, using the larger sprite size where it fits."""
    large = sizes[1] <= min(width, height)
    size = sizes[1] if large else sizes[0]
    rows = []
    for y in range(0, height, size):
        for x in range(0, width, size):
            dx, dy = x - width // 2, y - height // 2
            words = (dx, -dx - size, dy, -dy - size, y // 8 * 16 + x // 8, 2 if large else 0)
            rows.append("        .word " + ", ".join(f"${word & 0xFFFF:04X}" for word in words))
    return [f"        .word {len(rows)}", *rows]


def event(scene: SceneLayout, number: int, actor: Actor, prefix: str) -> list[str]:
    """One entry of the event list."""
    sheet = scene.sheets[actor.what]
    palette = scene.obj_palettes.index(actor.palette or sheet.palette)
    attributes = FLIPS[actor.flips] | actor.priority << 4 | palette << 1
    flags = (1 if actor.screen else 0) | (2 if actor.ground else 0)
    return [
        f"        .word {actor.time}, {number * 2}, ${actor.x & 0xFFFF:04X}, ${actor.y & 0xFFFF:04X}",
        f"        .byte ${attributes:02X}, {flags}",
        f"        .addr {prefix}_sheet_{sheet.name}",
        f"        .faraddr script_{actor.script}",
        f"        .byte {actor.first}, {actor.count}, {actor.ticks}",
        f"        .word {actor.phase << 8}",
    ]


class Generator:
    """Collects the lines of the generated file."""

    def __init__(self, order: list[str], blocks: dict[str, Block]) -> None:
        self.order = order  # of the pointer table
        self.blocks = blocks
        self.lines = ['.include "memory.inc"']

    def table(self) -> None:
        """Emit the table through which all blocks are found."""
        self.lines += ['.segment "CODE"', "block_table:"]
        self.lines += [f"        .faraddr block_{name}" for name in self.order]

    def scenes(self, layouts: list[SceneLayout]) -> None:
        self.lines += ["scene_table:", "        .addr " + ", ".join(f"scene_{one.scene.name}" for one in layouts)]
        scripts = sorted({actor.script for one in layouts for actor in one.scene.actors})
        self.lines += [f"        .import script_{name}" for name in scripts]
        for layout in layouts:
            self._record(layout)
            self._slots(layout)
            self._sheets(layout)
            self._loads(layout)
            self._events(layout)
            self._texts(layout.scene)

    def waves(self) -> None:
        self.lines += ['.segment "WAVES"', "wave_tables:", *as_bytes(wave_tables())]

    def ground(self, name: str, line: bytes) -> None:
        self.lines += [f'.segment "GROUND_{name}"', f"ground_{name}:", *as_bytes(line)]

    def _record(self, layout: SceneLayout) -> None:
        scene, name = layout.scene, layout.scene.name
        wide = len(self.blocks[f"{name}_front_map"].data) > 2048
        registers = (
            scene.obsel,
            scene.bg1_map >> 11 << 2 | wide,
            scene.bg2_map >> 11 << 2,
            scene.bg3_map >> 11 << 2,
            scene.bg2_tiles >> 13 << 4 | scene.bg1_tiles >> 13,
            scene.font >> 13,
            0x09,  # mode 1, BG3's priority tiles in front
            0x17,  # BG1, BG2, BG3, OBJ
        )
        self.lines += [
            '.segment "CODE"',
            f"scene_{name}:",
            "        .byte " + ", ".join(f"${value:02X}" for value in registers),
            f"        .addr {name}_slots",
            f"        .faraddr {name}_loads, {name}_events, ground_{name}, {name}_texts",
            f"        .word 0, {scene.front_speed}, {scene.front_y}, {scene.back_speed}, {scene.back_y}",
            f"        .byte {int(scene.status_line)}",
        ]

    def _slots(self, layout: SceneLayout) -> None:
        name = layout.scene.name
        self.lines.append(f"{name}_slots:")
        for number, slot in enumerate(layout.slots):
            self.lines += [
                f"        .word ${slot.vram_byte // 2:04X}",
                f"        .byte {slot.rows}, {NONE if slot.linked is None else slot.linked}",
                f"        .word {slot.row_bytes}, ${slot.staging or 0:04X}",
                f"        .addr {name}_frames_{number}",
                f"        .word {slot.frame_size}, 0, 0",
            ]
        kept = {loaded.block: loaded.bank << 16 | loaded.address for loaded in layout.loads if loaded.kept}
        for number, slot in enumerate(layout.slots):
            self.lines.append(f"{name}_frames_{number}:")
            for source, offset in slot.frames:
                place = f"${kept[source] + offset:06X}" if source in kept else f"raw_{source} + {offset}"
                self.lines.append(f"        .faraddr {place}")

    def _sheets(self, layout: SceneLayout) -> None:
        name = layout.scene.name
        shapes: dict[tuple[int, int], str] = {}
        for sheet in layout.sheets.values():
            label = shapes.setdefault((sheet.width, sheet.height), f"{name}_parts_{sheet.width}x{sheet.height}")
            self.lines += [
                f"{name}_sheet_{sheet.name}:",
                f"        .byte {self._block_number(sheet)}, {NONE if sheet.slot is None else sheet.slot}",
                f"        .addr {label}",
                "        .word " + ", ".join(f"${tile:03X}" for tile in sheet.tiles),
            ]
        for (width, height), label in shapes.items():
            self.lines += [f"{label}:", *parts(width, height, layout.scene.sizes)]

    def _block_number(self, sheet: PlacedSheet) -> int:
        return self.order.index(sheet.block) if sheet.block else 0

    def _loads(self, layout: SceneLayout) -> None:
        name = layout.scene.name
        self.lines += [f'.segment "LOADS_{name}"', f"{name}_loads:"]
        for loaded in layout.loads:
            block = self.blocks[loaded.block]
            self.lines += [
                f"        .byte {self.order.index(block.name)}, ${loaded.bank:02X}  ; {block.name}",
                f"        .word ${loaded.address:04X}",
                f"        .byte {block.lead}, {max(1, block.frames)}, {block.ticks}, {len(loaded.runs)}",
            ]
            for run in loaded.runs:
                target = 0x8000 | run.vram_byte if block.kind == "palettes" else run.vram_byte // 2
                self.lines.append(f"        .word {run.byte_offset}, ${target:04X}, {run.size}")
        self.lines.append(f"        .byte {NONE}")

    def _events(self, layout: SceneLayout) -> None:
        name = layout.scene.name
        self.lines += [f'.segment "EVENTS_{name}"', f"{name}_events:"]
        numbered = sorted(enumerate(layout.scene.actors), key=lambda pair: pair[1].time)
        for number, actor in numbered:
            self.lines += event(layout, number, actor, name)
        self.lines.append("        .word $FFFF")

    def _texts(self, scene: Scene) -> None:
        self.lines += [f'.segment "TEXT_{scene.name}"', f"{scene.name}_texts:"]
        for text in scene.texts:
            attributes = 0x20 | text.palette << 2
            self.lines.append(f'        .byte {text.row}, {text.column}, ${attributes:02X}, "{text.string}", 0')
        self.lines.append(f"        .byte {NONE}")
