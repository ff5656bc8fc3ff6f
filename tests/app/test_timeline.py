"""The timeline of a game on a real core: past frames, states, rewinding, and where a figure appeared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from halscope.app import Controls, TileSearch, last_frame, open_host
from halscope.app._state_ring import StateRing
from halscope.demo import rom_path
from halscope.formats.recording import SnapshotSpool
from halscope.hosts.libretro import available_cores
from halscope.ppu import decode_frame
from halscope.ppu.grouping import is_on_screen
from halscope_hooks import Host, HostError, Snapshot, capability

pytestmark = pytest.mark.slow

EVERY = 20


class Played:
    """A game that runs in this process, with its states and all frames that it has shown."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.controls = Controls()
        self.ring = StateRing(self.controls, every=EVERY)
        self.shown: dict[int, Snapshot] = {}

    def run(self, frames: int, *buttons: str) -> Snapshot:
        driven, pad = capability(self.host, "driven"), capability(self.host, "playable")
        assert driven is not None
        assert pad is not None
        self.controls.hold(self, buttons)
        for _ in range(frames):
            pad.press(self.controls.held)
            snapshot = driven.step()
            assert snapshot is not None
            self.shown[snapshot.frame] = snapshot
            self.ring.look(snapshot)
            self.controls.run(self.host)
        return self.shown[max(self.shown)]


@pytest.fixture
def played() -> Iterator[Played]:
    if not available_cores():
        pytest.skip("no libretro core is installed")
    with rom_path() as rom:
        host = open_host(rom, core="snes9x")
        one = Played(host)
        yield one
        one.ring.close()
        host.close()


def assert_same(one: Snapshot, other: Snapshot) -> None:
    for name in ("vram", "cgram", "oam", "wram"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_the_game_goes_on_from_a_past_frame_with_the_buttons_that_were_held(played: Played) -> None:
    played.run(45)
    played.run(15, "right")
    played.run(15, "left", "b")
    last = played.run(45).frame
    then = last - 50  # in the midst of the second press
    arrival = played.ring.play_from(played.host, then)
    assert arrival.ran == then - arrival.state.frame + 1 <= EVERY + 1
    after = played.run(1, "left", "b")
    assert after.frame == arrival.frame + 1 > last  # frames are counted on
    assert_same(after, played.shown[then + 1])
    again = played.run(2 * EVERY)  # what is kept from here on leads on from there
    arrival = played.ring.play_from(played.host, again.frame - 5)
    assert_same(played.run(1), played.shown[again.frame - 4])


def test_rewinding_goes_back_by_a_state_and_from_there_by_the_one_before(played: Played) -> None:
    with pytest.raises(HostError, match="no state is kept yet"):
        played.ring.rewind(played.host)
    played.run(3 * EVERY + 5)
    states = played.ring.states
    arrival = played.ring.rewind(played.host)
    assert arrival.state == states[-2]  # the last one is younger than half a second
    assert_same(played.run(1), played.shown[arrival.state.frame + 1])
    assert played.ring.rewind(played.host).state == states[-3]
    with pytest.raises(HostError, match="no state before this frame"):
        played.ring.play_from(played.host, 0)


def test_the_game_goes_on_from_a_frame_after_a_state_that_was_loaded(played: Played) -> None:
    console = capability(played.host, "stateful")
    assert console is not None
    played.run(EVERY + 5)
    saved = console.save_state()
    last = played.run(3 * EVERY)
    assert last_frame(played.host) == last.frame
    played.ring.load(played.host, saved)
    played.run(5)  # no state of the second is due yet
    then = played.run(1)
    played.run(4)
    played.ring.play_from(played.host, then.frame - 1)
    assert_same(played.run(1), then)


def test_a_figure_leads_to_the_frame_that_first_showed_it(played: Played) -> None:
    with SnapshotSpool(most_frames=1000, most_bytes=32 << 20) as spool:
        for _ in range(90):
            spool.append(played.run(1))
        frame = decode_frame(spool.snapshot(89))
        sprite = next(one for one in frame.sprites if is_on_screen(one, 224) and one.pixels.any())
        address = int(sprite.cells[0, 0])
        tile = frame.snapshot.vram[address : address + 32].tobytes()
        frames = Kept(spool)
        shown = TileSearch.first_on_screen(frames, tile).run()
        loaded = TileSearch.first_in_vram(frames, tile).run()
        assert shown is not None
        assert loaded is not None
        assert loaded <= shown
        assert tile_is_shown(spool.snapshot(shown), tile)
        assert not any(tile_is_shown(spool.snapshot(position), tile) for position in range(shown))
        assert all(tile not in spool.snapshot(position).vram.tobytes() for position in range(loaded))
        changed = TileSearch.last_changed(frames, 89, address, 32).run()
        assert changed is not None
        before, after = spool.snapshot(changed - 1).vram, spool.snapshot(changed).vram
        assert not np.array_equal(before[address : address + 32], after[address : address + 32])
        assert after[address : address + 32].tobytes() == tile


class Kept:
    """The frames of a spool."""

    live = False

    def __init__(self, spool: SnapshotSpool) -> None:
        self.first, self.end, self.snapshot = spool.first, spool.end, spool.snapshot
        self.walk, self.keyframe = spool.walk, spool.keyframe


def tile_is_shown(snapshot: Snapshot, tile: bytes) -> bool:
    vram = snapshot.vram
    return any(
        vram[address : address + 32].tobytes() == tile
        for sprite in decode_frame(snapshot).sprites
        if is_on_screen(sprite, 224)
        for address in sprite.cells.reshape(-1).tolist()
    )
