"""The truth file: where everything is in the ROM, and what the game shows when."""

import hashlib
from collections.abc import Mapping
from typing import Any

from demobuild.model import Block, SceneLayout, Slot

# Variables exposed to tests, with their sizes in bytes.
SYMBOLS = {
    "frame_counter": 4,
    "scene": 1,
    "ready": 1,
    "next_scene": 1,
    "scene_frame": 2,
    "scene_timer": 2,
    "load_count": 2,
    "lag_frames": 2,
    "coins": 2,
    "slot_frame": 4,
    "oam_shadow": 544,
}
WRAM_BANK = 0x7E


def truth(
    image: bytes,
    blocks: list[Block],
    packed: Mapping[str, bytes],
    raw: tuple[str, bytes],
    raw_frames: int,
    layouts: list[SceneLayout],
    labels: Mapping[str, int],
) -> dict[str, Any]:
    """Return the whole file as JSON values. ROM offsets are file offsets; WRAM offsets count from $7E:0000."""
    name, data = raw
    return {
        "rom": {"sha256": hashlib.sha256(image).hexdigest(), "size": len(image), "title": "HALSCOPE DEMO"},
        "table": {"offset": rom_offset(labels["block_table"]), "count": len(blocks), "entry_size": 3},
        "decoder": {"snes_address": labels["hal_decode"], "offset": rom_offset(labels["hal_decode"])},
        "symbols": {symbol: labels[symbol] for symbol in SYMBOLS},
        "symbol_sizes": SYMBOLS,
        "blocks": [
            block_record(index, block, packed[block.name], rom_offset(labels[f"block_{block.name}"]))
            for index, block in enumerate(blocks)
        ],
        "raw": [
            {
                "name": name,
                "offset": rom_offset(labels[f"raw_{name}"]),
                "size": len(data),
                "kind": "sprites",
                "frames": raw_frames,
                "frame_bytes": len(data) // raw_frames,
                "frame_width": 64,
                "frame_height": 64,
                "layout": "frames",
                "palette": name,
            }
        ],
        "scenes": [scene_record(number, layout, labels) for number, layout in enumerate(layouts)],
    }


def rom_offset(snes_address: int) -> int:
    """LoROM."""
    return (snes_address >> 16 & 0x7F) * 0x8000 + (snes_address & 0x7FFF)


def block_record(index: int, block: Block, packed: bytes, offset: int) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": block.name,
        "index": index,
        "offset": offset,
        "packed_size": len(packed),
        "size": len(block.data),
        "kind": block.kind,
        "lead": block.lead,
        "sha256": hashlib.sha256(block.data).hexdigest(),
    }
    if block.kind == "sprites":
        record |= {
            "frames": block.frames,
            "frame_bytes": block.frame_bytes,
            "frame_width": block.frame_width,
            "frame_height": block.frame_height,
            "layout": block.layout,
            "palette": block.palette,
        }
    return record


def scene_record(number: int, layout: SceneLayout, labels: Mapping[str, int]) -> dict[str, Any]:
    scene = layout.scene
    slot_frame = labels["slot_frame"]
    return {
        "id": number,
        "name": scene.name,
        "obsel": scene.obsel,
        "sprite_sizes": list(scene.sizes),
        "obj_palettes": layout.obj_palettes,
        "vram": [
            {"vram_byte": run.vram_byte, "size": run.size, "block": run.block, "byte_offset": run.byte_offset}
            for loaded in layout.loads
            if not loaded.block.endswith("_palettes")
            for run in loaded.runs
        ],
        "cgram": [
            {"cgram_byte": run.vram_byte, "size": run.size, "block": run.block, "byte_offset": run.byte_offset}
            for loaded in layout.loads
            if loaded.block.endswith("_palettes")
            for run in loaded.runs
        ],
        "wram": [
            {"wram_offset": wram_offset(loaded.bank, loaded.address), "block": loaded.block}
            for loaded in layout.loads
            if loaded.kept
        ],
        "slots": [slot_record(slot, slot_frame + place) for place, slot in enumerate(layout.slots)],
    }


def slot_record(slot: Slot, frame_symbol: int) -> dict[str, Any]:
    return {
        "name": slot.name,
        "vram_byte": slot.vram_byte,
        "size": slot.rows * slot.row_bytes,
        "rows": slot.rows,
        "row_bytes": slot.row_bytes,
        "vram_row_stride": 512,
        "source_row_stride": slot.row_bytes,
        "frame_symbol": frame_symbol,
        "via": "rom" if slot.via == "rom" else "wram",
        "staging_wram": None if slot.staging is None else wram_offset(WRAM_BANK, slot.staging),
        "frames": [{"block": source, "byte_offset": offset} for source, offset in slot.frames],
    }


def wram_offset(bank: int, address: int) -> int:
    return (bank - WRAM_BANK) * 0x10000 + address
