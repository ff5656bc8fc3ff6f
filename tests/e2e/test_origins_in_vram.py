"""Every tile in VRAM with a source known from the build is found at exactly that place in the ROM, first answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest
from halscope import hal
from halscope.demo import rom_path, truth
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from support.cores import E2E_CORES, most_on_the_first
from support.demo_game import DemoGame, without_pointers

MOMENTS = 5  # snapshots of each scene, spread over its animations
APART = 37  # frames; not a multiple of an animation's length


@cache
def index_of(pointers: bool) -> RomIndex:
    with rom_path() as path:
        image = path.read_bytes()
    if not pointers:
        image = without_pointers(image, truth())
    return RomIndex.build(Rom.from_bytes(image, "the demo ROM"), [hal.HAL])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("core", "scene"),
    most_on_the_first(E2E_CORES, ["title", "meadow", "cave", "keep"], ["keep"]),
    indirect=["core"],
)
def test_every_known_tile_is_found_first_with_and_without_pointers(
    core: str, scene: str, measured: Callable[[str], None]
) -> None:
    with DemoGame(core) as game:
        game.go_to(scene)
        moments = []
        for _ in range(MOMENTS):
            *_, snapshot = game.frames(APART)
            moments.append((snapshot.vram, game.known_tiles(snapshot)))
    for pointers in (True, False):
        index = index_of(pointers)
        count: Counter[str] = Counter()
        wrong = []
        for vram, known in moments:
            found = index.locate_vram(vram)
            for tile, place in known.items():
                if not found.informative[tile]:
                    count["uninformative"] += 1
                    continue
                count["informative"] += 1
                places = [(origin.codec, origin.block_offset, origin.byte_offset) for origin in found.origins[tile]]
                count["found"] += place in places
                count["first"] += places[:1] == [place]
                if places[:1] != [place]:
                    wrong.append((tile, place, places[:3]))
        asked = count["informative"]
        measured(
            f"{core} {scene} {'with' if pointers else 'without'} pointers: {asked} informative tiles, found "
            f"{count['found'] / asked:.2%}, first {count['first'] / asked:.2%}; {count['uninformative']} say nothing"
        )
        assert count["found"] == asked, wrong[:5]
        assert count["first"] == asked, wrong[:5]
