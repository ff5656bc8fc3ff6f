"""A figure's pictures are collected while it moves: each once, mirrored ones folded, aligned by its anchor."""

from __future__ import annotations

import numpy as np
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.ppu.animation import Animations, Place
from halscope.ppu.grouping import group_sprites
from halscope.ppu.oam import OamEntry
from halscope.ppu.tiles import encode_tiles
from numpy.typing import NDArray
from support.edit_rom import draw_tiles
from support.oam import pack_oam

LARGE = 0x60  # OBSEL: sprites of 16 and 32 pixels
ART = encode_tiles(np.maximum(draw_tiles(64, 1), 1), 4).tobytes()  # no pixel is transparent


def vram_of(*tiles: int) -> NDArray[np.uint8]:
    """VRAM with these tiles of the art at the first 16x16 sprites' places, four tiles each."""
    vram = np.zeros(0x10000, np.uint8)
    for place, tile in enumerate(tiles):
        for part, at in enumerate((0, 1, 16, 17)):
            source = np.frombuffer(ART[32 * (4 * tile + part) :][:32], np.uint8)
            vram[32 * (2 * place + at) :][:32] = source
    return vram


def feed(animations: Animations, number: int, vram: NDArray[np.uint8], *entries: OamEntry) -> None:
    parked = [OamEntry(0, 224, 0)] * (128 - len(entries))
    snapshot = Snapshot(
        vram=vram,
        cgram=np.zeros(256, np.uint16),
        oam=pack_oam((*entries, *parked)),
        ppu=PpuRegisters(obsel=LARGE, oamadd=0, setini=0),
        frame=number,
    )
    frame = decode_frame(snapshot)
    animations.add(frame, group_sprites(frame))


def test_pictures_streamed_into_one_place_are_collected_once_each() -> None:
    animations = Animations()
    for number in range(60):
        feed(animations, number, vram_of([0, 1, 2, 1][number // 5 % 4]), OamEntry(20 + number, 80, 0))
    (track,) = animations.tracks.values()
    assert len(track.pictures) == 3
    assert [step.frames for step in track.steps] == [5] * 12
    assert [step.picture for step in track.steps[:4]] == [track.pictures[at] for at in (0, 1, 2, 1)]


def test_a_figure_that_turns_around_shows_the_same_picture_mirrored() -> None:
    animations = Animations()
    vram = vram_of(0, 1)
    for number in range(20):
        feed(animations, number, vram, OamEntry(100, 80, 2 * (number // 2 % 2), hflip=number >= 10))
    (track,) = animations.tracks.values()
    assert len(track.pictures) == 2
    assert {step.hflip for step in track.steps} == {False, True}


def test_a_mirrored_copy_with_tiles_of_its_own_is_another_picture() -> None:
    animations = Animations()
    plain = vram_of(0)
    mirrored = np.zeros_like(plain)
    for at, source in ((0, 1), (1, 0), (16, 17), (17, 16)):
        pixels = np.frombuffer(plain[32 * source :][:32].tobytes(), np.uint8)
        flipped = np.packbits(np.unpackbits(pixels[:, None], axis=1)[:, ::-1], axis=1).reshape(-1)
        mirrored[32 * at :][:32] = flipped
    for number in range(8):
        feed(animations, number, plain if number < 4 else mirrored, OamEntry(100, 80, 0))
    (track,) = animations.tracks.values()
    assert len(track.pictures) == 2


def test_two_figures_that_walk_side_by_side_are_two_tracks() -> None:
    animations = Animations()
    for number in range(30):
        entries = (OamEntry(20 + number, 80, 0), OamEntry(90 + number, 80, 2))
        feed(animations, number, vram_of(0, 1), *(entries if number % 2 else entries[::-1]))
    assert len(animations.tracks) == 2
    assert [len(track.pictures) for track in animations.tracks.values()] == [1, 1]


def test_a_figure_that_blinks_stays_one_and_one_that_was_away_longer_is_new() -> None:
    animations = Animations()
    for number in (*range(10), *range(16, 20), *range(40, 45)):
        feed(animations, number, vram_of(0), OamEntry(100, 80, 0))
    assert [track.seen for track in animations.tracks.values()] == [19, 44]
    assert [track.number for track in animations.lost(45)] == [1]
    animations.forget(animations.lost(45))
    assert len(animations.tracks) == 1
    assert len(animations.pictures) == 1, "the other track shows it too"


def test_pictures_of_other_sizes_are_aligned_by_how_the_box_jumps() -> None:
    """A walking figure's box grows upward by 16 and to the left by 8 in one picture, in both directions."""
    animations = Animations()
    vram = vram_of(0, 1)
    for number in range(80):
        left = number >= 40
        x = 20 + 2 * number if not left else 100 - 2 * (number - 40)
        body = OamEntry(x, 80, 0, hflip=left)
        entries = [body]
        if number // 10 % 2:
            entries.append(OamEntry(x + 8 if left else x - 8, 64, 2, hflip=left))
        feed(animations, number, vram, *entries)
    tracks = [*animations.tracks.values()]
    assert len(tracks) == 1
    small, tall = tracks[0].pictures
    places = animations.places(tracks)
    assert (places[tall].x - places[small].x, places[tall].y - places[small].y) == (-8, -16)


def test_pictures_that_never_follow_each_other_stand_on_one_ground() -> None:
    animations = Animations()
    vram = vram_of(0, 1)
    for number in range(5):
        feed(animations, number, vram, OamEntry(100, 80, 0))
    for number in range(50, 53):
        feed(animations, number, vram, OamEntry(30, 64, 0), OamEntry(30, 80, 2))
    tracks = [*animations.tracks.values()]
    assert len(tracks) == 2
    small, tall = (track.pictures[0] for track in tracks)
    assert animations.places(tracks) == {small: Place(0, 0), tall: Place(0, -16)}
