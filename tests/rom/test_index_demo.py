"""Every tile of the demo ROM's scenes is found where the build put it, first answer, with and without pointers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from halscope import demo
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from support.demo_truth import Place, scene_vrams


@cache
def demo_rom(*, pointers: bool) -> Rom:
    """The demo ROM, or one whose pointer table is noise."""
    with demo.rom_path() as path:
        image = bytearray(path.read_bytes())
    if not pointers:
        table = demo.truth()["table"]
        size = table["count"] * table["entry_size"]
        noise = np.random.default_rng(table["offset"]).integers(0, 256, size, np.uint8)
        image[table["offset"] : table["offset"] + size] = noise.tobytes()
    return Rom.from_bytes(bytes(image), "the demo ROM")


@cache
def demo_index(*, pointers: bool) -> RomIndex:
    return RomIndex.build(demo_rom(pointers=pointers), [hal.HAL])


@pytest.mark.slow
@pytest.mark.parametrize("pointers", [True, False])
def test_the_first_answer_is_the_exact_place_in_every_scene(pointers: bool) -> None:
    index = demo_index(pointers=pointers)
    tiles = among = first = silent = 0
    wrong: list[str] = []
    for scene in scene_vrams(demo_rom(pointers=True).data, demo.truth()):
        found = index.locate_vram(scene.vram)
        for tile, place in scene.places.items():
            if not found.informative[tile]:
                silent += 1
                continue
            answers = [Place(one.codec, one.block_offset, one.byte_offset) for one in found.origins[tile]]
            tiles += 1
            among += place in answers
            first += answers[:1] == [place]
            if answers[:1] != [place]:
                wrong.append(f"{scene.scene}, tile {tile}: {answers[:2]} instead of {place}")
    print(f"pointers {pointers}: {tiles} tiles, {among / tiles:.2%} among the answers, {first / tiles:.2%} first")
    assert tiles > 10_000
    assert silent < tiles / 4
    assert among == tiles
    assert first >= (1 if pointers else 0.99) * tiles, wrong[:10]


def test_with_its_table_every_block_is_found_by_pointer() -> None:
    blocks = demo_index(pointers=True).blocks
    named = {int(row["offset"]) for row in blocks if row["start"] == "pointer"}
    assert named == {block["offset"] for block in demo.truth()["blocks"]}


def test_without_its_table_nothing_claims_a_pointer_and_graphics_are_found_by_content() -> None:
    blocks = demo_index(pointers=False).blocks
    assert "pointer" not in blocks["start"]
    exact = {(int(row["offset"]), int(row["size"])) for row in blocks}
    graphics = {(block["offset"], block["size"]) for block in demo.truth()["blocks"] if block["kind"] != "palettes"}
    print(f"{len(exact & graphics)} of {len(graphics)} blocks of graphics and maps start exactly")
    assert len(exact & graphics) >= 0.95 * len(graphics)


def test_what_is_listed_with_a_good_score_is_true() -> None:
    ends = {block["offset"] + block["packed_size"] for block in demo.truth()["blocks"]}
    for pointers in (True, False):
        blocks = demo_index(pointers=pointers).blocks
        listed = blocks[blocks["score"] >= 0.5]
        assert {int(end) for end in listed["offset"] + listed["packed_size"]} <= ends
        assert len(listed) >= 0.85 * len(ends)
