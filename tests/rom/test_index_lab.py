"""Every tile that the lab ROM converts on its way into VRAM is found where the truth file says it is stored."""

from __future__ import annotations

from functools import cache

import pytest
from halscope.codecs import hal
from halscope.codecs.lz import LZ2
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import TRANSFORMS, Origin
from support.lab_truth import IMAGE, load_truth, sources, vram

BY_NAME = {transform.name: transform for transform in TRANSFORMS}


@cache
def lab_index() -> RomIndex:
    return RomIndex.build(Rom.load(IMAGE), [hal.HAL, LZ2])


def converted() -> list[tuple[str, int]]:
    """The scenes' pieces of VRAM that a transform fills: the scene's name, and the piece's number."""
    return [
        (scene["name"], number)
        for scene in load_truth()["scenes"]
        for number, piece in enumerate(scene["vram"])
        if piece["transform"] in BY_NAME
    ]


@pytest.mark.parametrize(("name", "number"), converted())
def test_converted_tiles_are_found_first_where_they_are_stored(name: str, number: int) -> None:
    truth = load_truth()
    piece = next(scene for scene in truth["scenes"] if scene["name"] == name)["vram"][number]
    transform = BY_NAME[piece["transform"]]
    found = lab_index().locate_vram(vram(name))
    blocks = {block["name"]: block for block in truth["blocks"]}
    raw = {one["name"]: one for one in truth["raw"]}
    stored = sources()[piece["block"]]
    telling = right = 0
    wrong = []
    for tile in range(piece["size"] // transform.vram_bytes):
        at = piece["byte_offset"] + tile * transform.stored_bytes
        if len(set(stored[at : at + transform.stored_bytes])) <= 4:
            continue
        telling += 1
        origins = found.at(piece["vram_byte"] + tile * transform.vram_bytes, transform.depth)
        if piece["block"] in raw:
            place = ("raw", raw[piece["block"]]["offset"] + at, 0)
        else:
            block = blocks[piece["block"]]
            place = (block["codec"], block["offset"], at)
        if [_place(origin) for origin in origins[:1]] == [(*place, transform.name)]:
            right += 1
        else:
            wrong.append((tile, place, origins[:2]))
    print(f"{name}, {piece['block']} as {transform.name}: {right} of {telling} telling tiles")
    assert telling
    assert right == telling, wrong[:4]


def _place(origin: Origin) -> tuple[str, int, int, str]:
    return origin.codec, origin.block_offset, origin.byte_offset, origin.transform


def test_the_lab_has_every_kind_of_transform() -> None:
    used = {piece["transform"] for scene in load_truth()["scenes"] for piece in scene["vram"]}
    assert used >= {"3bpp-low", "3bpp-high", "2bpp", "1bpp", "1bpp-4bpp", "mode7"}
