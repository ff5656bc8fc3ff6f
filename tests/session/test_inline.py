"""Inline and threaded sessions run the same code: if nothing is dropped, events are equal and in the same order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter
from halscope.hosts.recording import ReplayHost
from halscope.ppu import decode_frame
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope.session import JobContext, Session
from halscope_hooks import Event, Frame, JobFailed, PpuRegisters, Snapshot, Update
from support.made_host import WAIT, MadeHost, eventually, made_snapshot, session_threads

FRAMES = 40


@pytest.fixture(scope="module")
def index() -> RomIndex:
    with rom_path() as path:
        return RomIndex.build(Rom.load(path), [HAL])


@pytest.fixture
def recording(tmp_path: Path, index: RomIndex) -> Path:
    """Tiles of the demo's blocks move through VRAM; sprites and colours change."""
    data = index.rom.data
    noise = np.random.default_rng(4)
    vram = noise.integers(0, 256, 0x10000, np.uint8)
    oam = noise.integers(0, 256, 544, np.uint8)
    with RecordingWriter(tmp_path / "run.hrec", emulator="made") as writer:
        for frame in range(FRAMES):
            at = 32 * int(noise.integers(0, 2000))
            block = index.block(("hal", int(index.blocks["offset"][frame % len(index.blocks)]))).data[:1024]
            vram[at : at + len(block)][: 0x10000 - at] = block[: 0x10000 - at]
            vram[frame * 32 : frame * 32 + 32] = data[frame * 512 : frame * 512 + 32]
            oam[frame % 512] ^= 0x11
            cgram = noise.integers(0, 0x8000, 256, np.uint16)
            writer.append(
                Snapshot(
                    vram=vram, cgram=cgram, oam=oam, ppu=PpuRegisters(obsel=frame // 10 & 3, bgmode=1), frame=frame
                )
            )
    return tmp_path / "run.hrec"


def events_of(recording: Path, index: RomIndex, *, threads: bool, delivery: str) -> list[Event]:
    """All events that a subscriber receives for the recording, frame by frame."""
    heard: list[Event] = []
    host = ReplayHost(recording)
    with Session(host, threads=threads, workers=2, locate=VramTracker(index).update) as session:
        handle = session.subscribe(heard.append, Update, JobFailed, delivery="own" if delivery == "own" else "host")
        while session.tick(WAIT) is not None:  # wait for each frame, so that none is dropped
            assert eventually(lambda: session.pump(WAIT) or len(heard) == session.stats().seen)
            assert eventually(lambda: len(heard) == session.stats().seen)
        assert session.stats().dropped == handle.dropped == 0
    host.close()
    return heard


@pytest.mark.slow
@pytest.mark.parametrize("delivery", ["host", "own"])
def test_threads_give_the_same_frames_and_origins_in_the_same_order(
    recording: Path, index: RomIndex, delivery: str
) -> None:
    inline = events_of(recording, index, threads=False, delivery="host")
    threaded = events_of(recording, index, threads=True, delivery=delivery)
    assert [type(event) for event in inline] == [Update] * FRAMES
    assert [type(event) for event in threaded] == [type(event) for event in inline]
    located = 0
    for one, other in zip(inline, threaded, strict=True):
        assert isinstance(one, Update)
        assert isinstance(other, Update)
        assert one.frame.snapshot.frame == other.frame.snapshot.frame
        np.testing.assert_array_equal(one.frame.palettes, other.frame.palettes)
        for sprite, twin in zip(one.frame.sprites, other.frame.sprites, strict=True):
            assert (sprite.x, sprite.y, sprite.tile, sprite.palette) == (twin.x, twin.y, twin.tile, twin.palette)
            np.testing.assert_array_equal(sprite.pixels, twin.pixels)
        assert one.origins is not None
        assert other.origins is not None
        assert list(one.origins.origins) == list(other.origins.origins)
        assert one.changes.tiles.tolist() == other.changes.tiles.tolist()
        assert one.changes.sprites.tolist() == other.changes.sprites.tolist()
        located += one.origins.located
    assert located > 100 * FRAMES // 10


def test_what_is_decoded_again_is_what_changed(recording: Path) -> None:
    """Frames of the session equal frames decoded afresh, and share what did not change."""
    frames: list[Frame] = []
    shared = 0
    host = ReplayHost(recording)
    session = Session(host)
    while (update := session.step()) is not None:
        fresh = decode_frame(update.snapshot)
        for sprite, twin in zip(update.frame.sprites, fresh.sprites, strict=True):
            np.testing.assert_array_equal(sprite.pixels, twin.pixels)
        if frames:
            pairs = zip(frames[-1].sprites, update.frame.sprites, strict=True)
            shared += sum(one is other for one, other in pairs)
        frames.append(update.frame)
    assert shared > FRAMES, "nothing was kept from frame to frame"
    session.close()
    host.close()


def test_inline_uses_no_thread_and_does_everything_before_it_returns() -> None:
    host = MadeHost()
    with Session(host) as session:
        heard: list[str] = []
        handles = [
            session.subscribe(lambda event: heard.append(type(event).__name__), delivery=delivery)
            for delivery in ("host", "own")
        ]
        session.submit(made_snapshot(1))
        assert heard == ["Update"] * 2
        job = session.run("work", reports)
        assert job.result(0) == 7
        assert heard[2:] == ["JobProgress"] * 2
        assert session.preview("fails", fails, key=1).ended
        assert heard[4:] == ["JobFailed"] * 2
        assert session_threads() == []
        assert all(handle.dropped == 0 for handle in handles)


def reports(context: JobContext) -> int:
    context.report(1, 2)
    return 7


def fails(_context: JobContext) -> None:
    raise ValueError("no")


def test_inline_is_the_same_every_time() -> None:
    def play() -> list[str]:
        heard: list[str] = []
        host = MadeHost(frames=5)

        def nested(event: Event) -> None:
            heard.append(type(event).__name__)
            if isinstance(event, Update) and event.frame.snapshot.frame == 2:
                session.run("nested", fails)
                session.submit(made_snapshot(100))

        with Session(host) as session:
            handle = session.subscribe(nested)
            while session.tick() is not None:
                pass
        assert handle.closed
        return heard

    first = play()
    assert len(first) == 5 + 2 + 1, "the nested failure and the nested frame come, and then the end"
    assert play() == first
