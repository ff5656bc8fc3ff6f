"""Random edits of the lab ROM, each booted on a core: what is edited is on the screen, and nothing else has changed.

    python tests/support/random_edits.py [--edits N] [--seed N] [--map MAP...] [--core CORE]

An edit paints some tiles of one to four blocks: flat, which packs well, or as noise, which outgrows the block's place,
so that it moves and its pointers are rewritten. In the patched image, every byte outside of the edited blocks, their
new places, the pointers to them and the checksum must be as before. It is then booted, and VRAM and the picture are
compared. Printed are the numbers of edits that stayed in place, moved, and were refused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from halscope.codecs.hal import HAL
from halscope.codecs.lz import LZ2
from halscope.inject import EditedSheet, EditPlan, apply_patch, make_room, sheet_from_block, to_patch
from halscope.rom import checksum
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import InjectError
from support import lab_truth
from support.lab_edits import assert_shown, monsters
from support.planning import plan_edits
from support.roomy_rom import assert_only

_MOST_BLOCKS: Final = 4


@dataclass(slots=True)
class RandomEdits:
    """Edits of one image.

    Args:
        path: The image.
        truth: Its truth file.
        core: Name of the core that shows them.
        seed: Of the random numbers.
    """

    path: Path
    truth: dict[str, Any]
    core: str
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    def run(self, count: int, folder: Path) -> None:
        """Make edits, one after another, each of the original image. Raises AssertionError for one that is wrong."""
        rng = np.random.default_rng(self.seed)
        rom = Rom.load(self.path)
        index = RomIndex.build(rom, [HAL, LZ2])
        known = [one for one in monsters(self.truth) if index.references(one["codec"], one["offset"])]
        for _ in range(count):
            self._edit(rom, index, known, rng, folder)

    def _edit(
        self, rom: Rom, index: RomIndex, known: list[dict[str, Any]], rng: np.random.Generator, folder: Path
    ) -> None:
        chosen = rng.permutation(len(known))[: int(rng.integers(1, _MOST_BLOCKS + 1))].tolist()
        plan = _painted(rom, index, [known[number] for number in chosen], rng)
        try:
            room = make_room(plan, index)
        except InjectError as error:
            if "has to stay in its bank" not in str(error):
                raise
            self.done["refused: words of one bank, which is full"] += 1
            return
        image = np.frombuffer(apply_patch(rom, to_patch(plan, room)), np.uint8)
        parts = {pointer["target"]: pointer["parts"] for pointer in self.truth["pointers"]}
        names = {block["offset"]: block["name"] for block in self.truth["blocks"]}
        named = [(rom.header_offset + 0x1C, rom.header_offset + 0x20)]
        moved = {move.old for move in room.moves}
        named += [
            (block.block_offset, block.end + room.slack.get(block.key, 0))
            for block in plan.blocks
            if block.block_offset not in moved
        ]
        for move in room.moves:
            named.append((move.new, move.new + move.size))
            named += [(part["offset"], part["offset"] + part["size"]) for part in parts[names[move.old]]]
        assert_only(rom.data, image, named)
        assert checksum.is_right(image, rom.header_offset)
        assert_shown(self.core, image, plan, names, folder)
        self.done["moved" if moved else "in place"] += 1


def _painted(rom: Rom, index: RomIndex, blocks: list[dict[str, Any]], rng: np.random.Generator) -> EditPlan:
    """Return the plan of an edit that changes some tiles of each block."""
    edited = []
    for block in blocks:
        codec = HAL if block["codec"] == "hal" else LZ2
        sheet = sheet_from_block(rom, codec, block["offset"], start="pointer", lead=block["lead"], title=block["name"])
        pixels = sheet.compose().pixels
        is_noise = bool(rng.integers(2))
        numbers = rng.permutation(len(sheet.cells))[: int(rng.integers(1, len(sheet.cells) + 1))].tolist()
        for cell in (sheet.cells[number] for number in numbers):
            tile = rng.integers(1, 16, (8, 8), np.uint8) if is_noise else np.uint8(rng.integers(1, 16))
            pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = tile
        edited.append(EditedSheet(sheet, pixels, block["name"]))
    return plan_edits(rom, [HAL, LZ2], edited, index=index)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=100, help="edits of each image (default: 100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--map", nargs="*", default=["lorom"], help="images: lorom, hirom, exhirom, exlorom, sa1")
    parser.add_argument("--core", default="snes9x")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        others = [one for one in options.map if one != "lorom"]
        if others:
            build = lab_truth.FOLDER / "source" / "build.py"
            subprocess.run([sys.executable, build, "--map", *others, "--out", folder], check=True)
        for memory_map in options.map:
            if memory_map == "exlorom" and "bsnes" in options.core:
                print(f"exlorom is left out: {options.core} does not know it")
                continue
            path = lab_truth.IMAGE if memory_map == "lorom" else folder / f"halscope-lab-{memory_map}.sfc"
            truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            edits = RandomEdits(path, truth, options.core, options.seed)
            edits.run(options.edits, folder)
            print(memory_map, options.core, dict(edits.done), flush=True)


if __name__ == "__main__":
    main()
