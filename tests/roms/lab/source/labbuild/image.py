"""The complete build: scenes in, image and truth out."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from demobuild import toolchain
from demobuild.graphics import bgr555
from demobuild.linking import assemble_all, link_image
from demobuild.packer import Packer, unpack
from demobuild.placement import Item, Placement
from labart.palettes import PALETTES

from labbuild import truth
from labbuild.emit import Generator
from labbuild.model import Asset, Packed
from labbuild.scenes import SCENES

BANKS = 8
SEED = 0x1AB
HEADER = """.include "memory.inc"
.segment "HEADER"
        .byte "{title:<21}"
        .byte $20, $00, ${size:02X}, $00, $01, $00, $00
        .word $FFFF, $0000
.segment "VECTORS"
        .addr 0, 0, unused_vector, unused_vector, unused_vector, nmi, 0, unused_vector
        .addr 0, 0, unused_vector, 0, unused_vector, unused_vector, reset, unused_vector
"""
SHARED = ("init.s", "hal.s")  # of the demo


def pack(assets: list[Asset]) -> dict[str, Packed]:
    """Every asset by name, packed and checked; the block table's order is shuffled."""
    packed: dict[str, Packed] = {}
    for asset in assets:
        if asset.name in packed:
            raise toolchain.BuildError(f"two assets are named {asset.name}")
        stream = asset.data
        if asset.codec == "hal":
            stream = Packer(asset.data).pack()
            if unpack(stream) != (asset.data, len(stream)):
                raise toolchain.BuildError(f"block {asset.name} does not decode to what was packed")
        packed[asset.name] = Packed(asset, stream)
    listed = [one for one in packed.values() if one.asset.codec == "hal"]
    random.Random(SEED).shuffle(listed)
    for index, one in enumerate(listed):
        one.index = index
    return packed


def all_assets() -> list[Asset]:
    """Every scene's own assets, and its palettes and sprites."""
    assets = [asset for scene in SCENES for asset in scene.assets]
    assets += [Asset(f"oam_{scene.name}", "oam", scene.oam) for scene in SCENES if scene.oam]
    used = dict.fromkeys(palette for scene in SCENES for _, palette in scene.palettes)
    assets += [Asset(f"colours_{name}", "palettes", bgr555(PALETTES[name])) for name in used]
    return assets


def build(source: Path, shared: Path, folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Build the image from the assembly in `source` and the demo's in `shared`, working in `folder`."""
    toolchain.require_tools()
    packed = pack(all_assets())
    generated, header = folder / "generated.s", folder / "header.s"
    generated.write_text(Generator(packed, SCENES).generate(folder))
    header.write_text(HEADER.format(title=truth.TITLE, size=(BANKS * 32).bit_length() - 1))
    includes = [source, shared]
    objects = assemble_all(
        [*sorted(source.glob("*.s")), *(shared / name for name in SHARED), generated, header], folder, *includes
    )
    sizes = toolchain.segment_sizes(objects)
    order = list(packed.values())
    random.Random(SEED + 1).shuffle(order)
    items = [Item(f"DATA_{one.asset.name}", sizes[f"DATA_{one.asset.name}"], odd=one.asset.odd) for one in order]
    placed = Placement(BANKS, SEED).place(items)
    image, labels = link_image(objects, placed, folder, BANKS, *includes)
    return image, truth.truth(image, packed, SCENES, labels)
