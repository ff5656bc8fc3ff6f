"""The complete build: scenes in, image and truth out."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

from demobuild import toolchain
from demobuild.graphics import bgr555
from demobuild.linking import assemble_all, link_image
from demobuild.memory_map import BANK, LOROM, MemoryMap
from demobuild.packer import Packer, unpack
from demobuild.placement import Item, Placement
from labart.palettes import PALETTES
from support import lz_reference, plain_packer

from labbuild import truth
from labbuild.emit import Generator
from labbuild.model import Asset, Packed
from labbuild.pointers import ALIGNED, IN_ONE_BANK, Shapes
from labbuild.scenes import SCENES

BANKS = 8
SEED = 0x1AB
HEADER = """.include "memory.inc"
.segment "HEADER"
        .byte "{title:<21}"
        .byte ${map.mode:02X}, ${map.cartridge:02X}, ${size:02X}, ${map.ram:02X}, $01, $00, $00
        .word $FFFF, $0000
.segment "VECTORS"
        .addr 0, 0, unused_vector, unused_vector, unused_vector, nmi, 0, irq
        .addr 0, 0, unused_vector, 0, unused_vector, unused_vector, reset, unused_vector
"""
SHARED = ("init.s", "hal.s")  # of the demo


def pack(assets: list[Asset]) -> dict[str, Packed]:
    """Every asset by name, packed and checked."""
    packed: dict[str, Packed] = {}
    for asset in assets:
        if asset.name in packed:
            raise toolchain.BuildError(f"two assets are named {asset.name}")
        stream, unpacked = _stream(asset.codec, asset.data)
        if unpacked != (asset.data, len(stream)):
            raise toolchain.BuildError(f"block {asset.name} does not decode to what was packed")
        packed[asset.name] = Packed(asset, stream)
    return packed


@cache
def _stream(codec: str, data: bytes) -> tuple[bytes, tuple[bytes, int]]:
    """Data packed, and what the stream decodes to with its packed size. The same in every memory map."""
    if codec == "hal":
        stream = Packer(data).pack()
        return stream, unpack(stream)
    if codec == "lz2":
        stream = plain_packer.pack(data, format="lz2")
        return stream, lz_reference.decode(stream, format="lz2")
    return data, (data, len(data))


def items(packed: dict[str, Packed], shapes: Shapes, sizes: dict[str, int]) -> list[Item]:
    """Return the items to place, in order: shuffled, but those whose pointers share a bank stay together."""

    def item(name: str, **where: Any) -> Item:
        segment = f"DATA_{name}"
        return Item(segment, sizes[segment], **where)

    together = {name for shape in IN_ONE_BANK for name in shapes.users[shape]}
    together |= {name for name, one in packed.items() if one.asset.before_edge is not None}
    groups = [[item(name, odd=True)] for name in packed if name not in together]
    for shape in IN_ONE_BANK:
        align = ALIGNED.get(shape, 1)
        groups.append(
            [
                item(name, odd=align == 1, align=align, stay=number > 0)
                for number, name in enumerate(shapes.users[shape])
            ]
        )
    groups += [[Item(segment, size, odd=True)] for segment, size in sizes.items() if segment.startswith("TABLE_")]
    random.Random(SEED + 1).shuffle(groups)
    return [item for group in groups for item in group]


def edges(packed: dict[str, Packed]) -> dict[int, tuple[Item, Item | None]]:
    """Return the blocks at the ends of banks, from bank 1 on: the parts before and after the end."""
    found = {}
    for bank, one in enumerate((one for one in packed.values() if one.asset.before_edge is not None), 1):
        first, rest = one.pieces
        segment = f"DATA_{one.asset.name}"
        found[bank] = Item(segment, len(first)), Item(f"{segment}_rest", len(rest)) if rest else None
    return found


def all_assets() -> list[Asset]:
    """Every scene's own assets, and its palettes and sprites."""
    assets = [asset for scene in SCENES for asset in scene.assets]
    assets += [Asset(f"oam_{scene.name}", "oam", scene.oam) for scene in SCENES if scene.oam]
    used = dict.fromkeys(palette for scene in SCENES for _, palette in scene.palettes)
    assets += [Asset(f"colours_{name}", "palettes", bgr555(PALETTES[name])) for name in used]
    return assets


def build(source: Path, shared: Path, folder: Path, memory_map: MemoryMap = LOROM) -> tuple[bytes, dict[str, Any]]:
    """Build the image from the assembly in `source` and the demo's in `shared`, working in `folder`."""
    toolchain.require_tools()
    assets = all_assets()
    packed, shapes = pack(assets), Shapes(assets)
    generated, header = folder / "generated.s", folder / "header.s"
    generated.write_text(Generator(packed, SCENES, shapes, memory_map).generate(folder))
    (folder / "staging.inc").write_text(f"STAGING = ${memory_map.staging:06X}\n")
    kibibytes = (memory_map.size or BANKS * BANK) // 1024
    header.write_text(HEADER.format(title=truth.TITLE, map=memory_map, size=(kibibytes - 1).bit_length()))
    includes = [source, shared, folder]
    objects = assemble_all(
        [*sorted(source.glob("*.s")), *(shared / name for name in SHARED), generated, header], folder, *includes
    )
    placed = Placement(BANKS, SEED).place(items(packed, shapes, toolchain.segment_sizes(objects)), edges(packed))
    image, labels = link_image(objects, placed, folder, BANKS, *includes, memory_map=memory_map)
    return image, truth.truth(image, packed, SCENES, shapes, labels, memory_map, BANKS)
