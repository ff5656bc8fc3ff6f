"""The complete build: art in, image and truth out."""

import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from art import sprite_sheets

from demobuild import emit, toolchain, truth
from demobuild.blocks import RAW_SHEET, SceneGraphics, font_block, raw_sheet, sprite_block
from demobuild.layout import Planner
from demobuild.linking import assemble_all, link_image
from demobuild.model import Block, SceneLayout
from demobuild.packer import Packer, unpack
from demobuild.placement import BANKS, Item, Placement
from demobuild.scenes import SCENES

FAR_CODE = ("SCRIPT_CODE", "TEXT_CODE")
FAR_DATA = ("SCRIPTS_CALM", "SCRIPTS_LIVELY", "WAVES")
SNUG_SHARE = 0.2  # share of blocks that directly follow the previous one
ODD_SHARE = 0.85


@cache
def all_blocks() -> tuple[list[Block], list[SceneLayout], dict[str, SceneGraphics]]:
    """Every block, and the scenes planned around them. Don't change what it returns."""
    graphics = {scene.name: SceneGraphics(scene) for scene in SCENES}
    blocks = [sprite_block(sheet) for sheet in sprite_sheets() if sheet.name != RAW_SHEET]
    blocks.append(font_block())
    for one in graphics.values():
        blocks += one.blocks()
    # The palette block depends on the sheets that a scene shows; the plan depends only on the other blocks.
    placeholder = [Block(f"{scene.name}_palettes", "palettes", bytes(512)) for scene in SCENES]
    named = {block.name: block for block in [*blocks, *placeholder]}
    layouts = [Planner(scene, named, raw_sheet()[1]).plan() for scene in SCENES]
    blocks += [graphics[layout.scene.name].palettes(layout.obj_palettes) for layout in layouts]
    random.Random(3).shuffle(blocks)
    return blocks, layouts, graphics


def pack_all(blocks: list[Block]) -> dict[str, bytes]:
    """Every block packed and checked."""
    packed = {}
    usage: Counter[tuple[int, bool]] = Counter()
    for block in blocks:
        packer = Packer(block.data)
        packed[block.name] = packer.pack()
        usage += packer.usage
        if unpack(packed[block.name]) != (block.data, len(packed[block.name])):
            raise toolchain.BuildError(f"block {block.name} does not decode to what was packed")
    unused = set(range(7)) - {command for command, _ in usage}
    if unused or not any(long for _, long in usage):
        raise toolchain.BuildError(f"the packer wrote no command {sorted(unused)}, or no long one: {dict(usage)}")
    return packed


def build(source: Path, folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Build the image from the assembly in `source`, working in `folder`. Return the image and its truth."""
    toolchain.require_tools()
    blocks, layouts, graphics = all_blocks()
    packed = pack_all(blocks)
    raw, raw_frames = raw_sheet()

    generator = emit.Generator([block.name for block in blocks], {block.name: block for block in blocks})
    generator.table()
    generator.scenes(layouts)
    generator.waves()
    for layout in layouts:
        scene = layout.scene
        generator.ground(scene.name, graphics[scene.name].ground_line(scene.ground))
    for block in blocks:
        (folder / f"{block.name}.hal").write_bytes(packed[block.name])
        generator.lines += emit.incbin(f"BLOCK_{block.name}", f"block_{block.name}", f"{block.name}.hal")
    (folder / f"{RAW_SHEET}.bin").write_bytes(raw)
    generator.lines += emit.incbin(f"RAW_{RAW_SHEET}", f"raw_{RAW_SHEET}", f"{RAW_SHEET}.bin")
    generated = folder / "generated.s"
    generated.write_text("\n".join(generator.lines) + "\n")

    objects = assemble_all([*sorted(source.glob("*.s")), generated], folder, source)
    placed = Placement().place(items(blocks, layouts, toolchain.segment_sizes(objects)))
    image, labels = link_image(objects, placed, folder, BANKS, source)

    record = truth.truth(image, blocks, packed, (RAW_SHEET, raw), raw_frames, layouts, labels)
    for entry in record["blocks"]:
        if unpack(image, entry["offset"]) != (
            next(block.data for block in blocks if block.name == entry["name"]),
            entry["packed_size"],
        ):
            raise toolchain.BuildError(f"block {entry['name']} is not at {entry['offset']:#x} in the image")
    return image, record


def items(blocks: list[Block], layouts: list[SceneLayout], sizes: dict[str, int]) -> list[Item]:
    """Return the items to place, in order: shuffled blocks, with the engine's far code and data in between."""
    generator = random.Random(11)
    order = list(blocks)
    generator.shuffle(order)
    result = [
        Item(
            f"BLOCK_{block.name}",
            sizes[f"BLOCK_{block.name}"],
            odd=generator.random() < ODD_SHARE,
            snug=number > 0 and generator.random() < SNUG_SHARE,
        )
        for number, block in enumerate(order)
    ]
    others = [*FAR_CODE, *FAR_DATA]
    for layout in layouts:
        others += [f"{kind}_{layout.scene.name}" for kind in ("LOADS", "EVENTS", "GROUND", "TEXT")]
    between = [Item(name, sizes[name]) for name in others]
    between.append(Item(f"RAW_{RAW_SHEET}", sizes[f"RAW_{RAW_SHEET}"], odd=True))
    for item in between:
        result.insert(generator.randrange(1, len(result)), item)
    return result
