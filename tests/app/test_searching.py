"""Searches through a timeline, compared with looking at every frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.app import RecordedFrames, TileSearch
from halscope.app._kept_frames import Frames, LiveFrames
from halscope.formats.recording import RecordingWriter, SnapshotSpool, trimmed
from halscope.ppu.grouping import is_on_screen
from halscope.ppu.obj import decode_sprites
from halscope.session import Session
from halscope_hooks import Snapshot
from support.made_host import MadeHost, eventually
from support.ppu_states import noise

COUNT = 90
TILES = [np.full(32, 0x40 + number, np.uint8) for number in range(6)]


def frames_of_a_game(seed: int) -> list[Snapshot]:
    """Frames in which tiles come and go, sprites move on and off the screen, and OBSEL ($2101) changes."""
    rng = np.random.default_rng(seed)
    state = noise(rng, inidisp=0x0F, obsel=0x63, setini=0)
    base = state.snapshot()
    vram, oam, ppu = base.vram.copy(), base.oam.copy(), base.ppu
    oam[1:512:4] = 240  # below the screen
    oam[512:] &= 0xAA  # X is 0 to 255
    found = []
    for number in range(COUNT):
        if rng.random() < 0.3:
            at = 32 * int(rng.integers(2048))
            vram[at : at + 32] = TILES[rng.integers(len(TILES))]
        if rng.random() < 0.3:
            vram[0x100:0x120] = rng.integers(1, 4)
        if rng.random() < 0.5:
            oam[4 * rng.integers(128) + rng.integers(4)] = rng.integers(256)
        if rng.random() < 0.05:
            ppu = replace(ppu, obsel=int(rng.integers(256)))
        found.append(replace(base, vram=vram.copy(), oam=oam.copy(), ppu=ppu, frame=1000 + number))
    return found


@contextmanager
def recorded(snapshots: list[Snapshot], folder: Path) -> Iterator[Frames]:
    with RecordingWriter(folder / "run.hrec", keyframe_every=13) as writer:
        for snapshot in snapshots:
            writer.append(snapshot)
    frames = RecordedFrames(folder / "run.hrec")
    yield frames
    frames.close()


def tiles_of(snapshot: Snapshot) -> tuple[set[bytes], set[bytes]]:
    """The tiles in VRAM, and those that sprites on the screen show."""
    tiles = [one.tobytes() for one in snapshot.vram.reshape(-1, 32)]
    sprites = decode_sprites(snapshot, snapshot.ppu.obsel or 0)
    cells = [one.cells.reshape(-1).tolist() for one in sprites if is_on_screen(one, 224)]
    return set(tiles), {tiles[address // 32] for places in cells for address in places}


@pytest.mark.parametrize("seed", range(2))
def test_a_search_finds_what_looking_at_every_frame_finds(seed: int, tmp_path: Path) -> None:
    snapshots = frames_of_a_game(seed)
    tiles = [tiles_of(one) for one in snapshots]
    outcomes = set()
    with recorded(snapshots, tmp_path) as frames:
        for tile in [one.tobytes() for one in TILES]:
            came = next((n for n, (held, _) in enumerate(tiles) if tile in held), None)
            shown = next((n for n, (_, seen) in enumerate(tiles) if tile in seen), None)
            assert TileSearch.first_in_vram(frames, tile).run() == came
            assert TileSearch.first_on_screen(frames, tile).run() == shown
            outcomes |= {came, shown}
        for position in (0, 12, 13, 14, 40, COUNT - 1):
            part = [one.vram[0x100:0x120].tobytes() for one in snapshots[: position + 1]]
            changed = next((n for n in range(position, 0, -1) if part[n] != part[n - 1]), None)
            assert TileSearch.last_changed(frames, position, 0x100, 32).run() == changed
            outcomes.add(changed)
    assert len(outcomes) > 6


def test_a_search_goes_on_in_slices_and_says_how_far_it_is(tmp_path: Path) -> None:
    snapshots = frames_of_a_game(0)
    with recorded(snapshots, tmp_path) as frames:
        search = TileSearch.first_in_vram(frames, bytes(range(32)))
        told = []
        while not search.go_on(25):
            told.append(search.done)
            assert frames.snapshot(0).frame == 1000  # others look at frames meanwhile
        assert (told, search.total, search.found) == ([25, 50, 75], COUNT, None)


def test_the_frames_of_a_running_game_are_passed_as_they_are_kept(tmp_path: Path) -> None:
    with SnapshotSpool(most_frames=60, most_bytes=32 << 20, keyframe_every=13) as spool:
        snapshots = [trimmed(one, wram=True, picture=False) for one in frames_of_a_game(1)]
        for snapshot in snapshots:
            spool.append(snapshot)
        passed = spool.walk(0, COUNT)
        first = next(passed)
        assert first.position == spool.first > 0  # older ones are not kept
        assert first.changed("cgram")
        for position in (spool.first, spool.first + 3, COUNT - 1):
            one = next(spool.walk(position, COUNT))
            assert one.position == position
            assert one.changed("oam")  # the first that is passed
            assert one.register("obsel") == snapshots[position].ppu.obsel
            assert one.section("vram") == snapshots[position].vram.tobytes()
            assert one.snapshot().frame == spool.snapshot(position).frame == 1000 + position
        seen = [(one.position, one.changed("vram")) for one in spool.walk(spool.first, COUNT)]
        assert [position for position, _ in seen] == list(range(spool.first, COUNT))
        assert not all(changed for _, changed in seen)


def test_a_search_meets_frames_that_are_dropped_while_it_goes_on(tmp_path: Path) -> None:
    frames = LiveFrames(most_frames=40, folder=tmp_path)
    with Session(MadeHost(), threads=True, owns_host=True) as session:
        frames.follow(session)
        for _ in range(60):
            session.advance()
        assert eventually(lambda: frames.end == 60)
        search = TileSearch.first_in_vram(frames, b"?" * 32)
        assert not search.go_on(5)
        for _ in range(200):
            session.advance()
        assert eventually(lambda: frames.end == 260)
        assert search.run() is None
    frames.close()
