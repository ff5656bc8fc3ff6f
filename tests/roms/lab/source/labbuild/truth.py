"""The truth file: where everything is in the ROM, and what each scene holds. The README describes the fields."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from demobuild.memory_map import MemoryMap

from labbuild.emit import WRAM, extent, staged
from labbuild.model import Channel, Load, Mirror, Packed, Rows, Scene, Wave
from labbuild.pointers import Shapes
from labbuild.transforms import SENDERS, TRANSFORMS

TITLE = "HALSCOPE LAB"
# Variables exposed to tests, with their sizes in bytes.
SYMBOLS = {
    "frame_counter": 4,
    "scene": 1,
    "ready": 1,
    "next_scene": 1,
    "scene_frame": 2,
    "load_count": 2,
    "lag_frames": 2,
    "cycle_step": 2,
    "cycle_shown": 2,
    "swell_phase": 2,
    "ripple_next": 2,
    "ripple_shown": 2,
}


def truth(
    image: bytes,
    packed: dict[str, Packed],
    scenes: tuple[Scene, ...],
    shapes: Shapes,
    labels: Mapping[str, int],
    memory_map: MemoryMap,
    banks: int,
) -> dict[str, Any]:
    """Return the whole file as JSON values.

    ROM offsets are file offsets; WRAM offsets count from $7E:0000, BW-RAM offsets from $40:0000.
    """

    def offset_of(label: str) -> int:
        return memory_map.rom_offset(labels[label], banks)

    blocks = [one for one in packed.values() if one.asset.codec != "raw"]
    raws = [one for one in packed.values() if one.asset.codec == "raw"]
    return {
        "rom": {
            "sha256": hashlib.sha256(image).hexdigest(),
            "size": len(image),
            "title": TITLE,
            "map": memory_map.name,
        },
        "table": {
            "offset": offset_of("block_table"),
            "count": len(shapes.users["table24"]),
            "entry_size": 3,
        },
        "decoders": [
            {
                "codec": "hal",
                "snes_address": labels["hal_decode"],
                "offset": offset_of("hal_decode"),
                "edge": "wrap",
            },
            {
                "codec": "lz2",
                "snes_address": labels["lz2_decode"],
                "offset": offset_of("lz2_decode"),
                "edge": "next-bank",
            },
        ],
        "symbols": {symbol: labels[symbol] for symbol in SYMBOLS},
        "symbol_sizes": SYMBOLS,
        "blocks": [_block(one, shapes, offset_of(one.asset.name)) for one in blocks],
        "raw": [_raw(one, offset_of(one.asset.name)) for one in raws],
        "pointers": list(shapes.records(offset_of)),
        "scenes": [_scene(number, scene, packed, labels, memory_map) for number, scene in enumerate(scenes)],
    }


def _block(one: Packed, shapes: Shapes, offset: int) -> dict[str, Any]:
    asset = one.asset
    return {
        "name": asset.name,
        "index": shapes.index(asset.name) if asset.shape == "table24" else None,
        "codec": asset.codec,
        "offset": offset,
        "packed_size": len(one.stream),
        "size": len(asset.data),
        "kind": asset.kind,
        "bpp": asset.bpp,
        "lead": asset.lead,
        "sha256": hashlib.sha256(asset.data).hexdigest(),
    }


def _raw(one: Packed, offset: int) -> dict[str, Any]:
    asset = one.asset
    return {"name": asset.name, "offset": offset, "size": len(asset.data), "kind": asset.kind, "bpp": asset.bpp}


def _scene(
    number: int, scene: Scene, packed: dict[str, Packed], labels: Mapping[str, int], memory_map: MemoryMap
) -> dict[str, Any]:
    return {
        "id": number,
        "name": scene.name,
        "shows": scene.shows,
        "agreed": scene.agreed,
        "registers": [[0x2100 | register, value] for register, value in scene.registers],
        "hdmaen": scene.hdmaen,
        "vram": [_piece(load, packed) for load in scene.loads],
        "drawn": [{"vram_byte": vram_byte, "size": size} for vram_byte, size in scene.drawn],
        "cgram": [
            {"cgram_byte": index * 2, "size": 32, "block": f"colours_{palette}", "byte_offset": 0}
            for index, palette in scene.palettes
        ]
        + ([] if scene.mirror is None else _mirrored(scene.mirror)),
        "mirror": None if scene.mirror is None else _mirror(scene, scene.mirror, memory_map),
        "wram": [
            {**_place(staged(address, scene, memory_map)), "block": name}
            for name, address in (*scene.copies, *scene.unpacked)
            if not _goes_round(scene.mirror, address)
        ],
        "oam": f"oam_{scene.name}" if scene.oam else None,
        "channels": [_channel(channel, labels) for channel in scene.channels],
        "raster": [_rows(rows) for rows in scene.raster],
    }


def _rows(rows: Rows | Wave) -> dict[str, Any]:
    record: dict[str, Any] = {"channel": rows.channel, "register": rows.register}
    if isinstance(rows, Wave):
        return record | {
            "wave": list(rows.values),
            "phase": rows.phase,
            "lines": rows.lines,
            "stride": rows.stride,
        }
    if rows.entry is not None:
        record["entry"] = rows.entry
    return record | {"runs": [list(run) for run in rows.runs]}


def _mirrored(mirror: Mirror) -> list[dict[str, Any]]:
    return [
        {"cgram_byte": 2 * entry, "size": 2 * count, "block": name, "byte_offset": offset}
        for entry, name, offset, count in mirror.pieces
    ]


def _goes_round(mirror: Mirror | None, address: int) -> bool:
    """Whether an address is where the buffer's colours change."""
    return mirror is not None and address == mirror.address + 2 * mirror.cycle[0]


def _place(address: int) -> dict[str, int]:
    return {"wram_offset": address - WRAM} if address >= WRAM else {"bwram_offset": address - 0x400000}


def _mirror(scene: Scene, mirror: Mirror, memory_map: MemoryMap) -> dict[str, Any]:
    first, count = mirror.cycle
    return {
        **_place(staged(mirror.address, scene, memory_map)),
        "size": 512,
        "halved": [
            {"cgram_byte": 2 * entry, "size": 2 * count, "of_cgram_byte": 2 * bright}
            for entry, bright, count in mirror.halved
        ],
        "cycle": {"cgram_byte": 2 * first, "size": 2 * count, "symbol": "cycle_shown"},
    }


def _piece(load: Load, packed: dict[str, Packed]) -> dict[str, Any]:
    offset, size = extent(load, packed[load.asset])
    if load.transform in SENDERS:
        size *= 2
    elif load.transform != "none":
        stored, shown, _ = TRANSFORMS[load.transform]
        size = size // stored * shown
    return {
        "vram_byte": load.vram_byte,
        "size": size,
        "block": load.asset,
        "byte_offset": offset,
        "transform": load.transform,
    }


def _channel(channel: Channel, labels: Mapping[str, int]) -> dict[str, Any]:
    address = labels[channel.table] if channel.table else channel.address
    return {
        "number": channel.number,
        "dmap": channel.dmap,
        "bbad": channel.register,
        "table": channel.table or None,
        "table_address": address,
        "indirect_bank": labels[channel.data] >> 16 if channel.data else channel.bank,
    }
