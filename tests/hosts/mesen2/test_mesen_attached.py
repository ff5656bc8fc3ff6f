"""What attach makes of Mesen's own features: starts that the decoder was seen reading, the sprite under the mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.app import Workspace
from halscope.app._pointing import Pointing
from halscope.app._start_watch import StartWatch
from halscope.demo import truth
from halscope.hosts.mesen2 import Listener, MesenHost
from halscope.session import Session
from halscope_hooks import Decoder, GameProfile, PointerInput
from support.mesen import StandIn, needs_lua
from support.mesen_log import DECODER, Replay

pytestmark = [needs_lua, pytest.mark.slow]

DEMO = GameProfile(
    id="halscope-demo",
    name="Halscope demo",
    sha256=(truth()["rom"]["sha256"],),
    decoders=(Decoder(snes_address=DECODER, codec="hal", pointer=PointerInput("dp+1C", "dp+1E")),),
)
STARTS = {block["offset"] for block in truth()["blocks"]}


def test_blocks_that_the_decoder_was_seen_reading_have_traced_starts(emulator: StandIn, demo: Path) -> None:
    workspace = Workspace.open(demo, profile=DEMO)
    Listener.shared()
    replay = Replay(emulator)
    replay.run_frame()
    lines: list[str] = []
    with Session(MesenHost(5.0), owns_host=True, rom=workspace.rom) as session:
        watch = StartWatch(session, lines.append)
        watch.follow(workspace)
        session.set_locate(workspace.tracker())
        watch.ask()
        for _ in range(5):
            replay.run_frame()
        while not replay.ended:
            replay.run_frame()
            session.tick()
        update = session.step()
        for _ in range(5):
            replay.emulator.run_frame()
            update = session.step() or update
        assert update is not None
        assert update.origins is not None
        best = [found[0] for found in update.origins.origins if found and found[0].codec == "hal"]
        seen = {one.block_offset for one in best if one.start == "traced"}
        assert len(seen) > 5
        assert seen <= STARTS
        watch.close()
    again = Workspace.open(demo, profile=DEMO)
    listed = {block.offset for block in again.blocks() if block.start == "traced"}
    assert listed == {one.block_offset for one in watch.traced} >= seen, "what was learnt is used by the next command"
    assert listed <= STARTS
    assert lines == []


def test_a_click_names_the_sprite_and_its_origin(emulator: StandIn, demo: Path) -> None:
    workspace = Workspace.open(demo)
    Listener.shared()
    lines: list[str] = []
    replay = Replay(emulator)
    replay.run_frame()
    with Session(MesenHost(5.0), owns_host=True, rom=workspace.rom, locate=workspace.tracker()) as session:
        pointing = Pointing(session, lines.append)
        for _ in range(180):
            replay.run_frame()
            update = session.step()
        assert update is not None
        index = next(one.index for one in update.frame.sprites if 0 <= one.x < 200 and 0 <= one.y < 200)
        for _ in range(5):
            sprite = update.frame.sprites[index]  # sprites move
            middle = {b"x": sprite.x + sprite.width // 2, b"y": sprite.y + sprite.height // 2 + 7}
            emulator.mouse |= {**middle, b"left": True}
            replay.run_frame()
            update = session.step() or update
        emulator.drawn.clear()
        replay.run_frame()
        pointing.close()
    (line,) = lines
    assert "palette" in line
    assert "hal 0x" in line
    labels = [given[2].decode() for what, given in emulator.drawn if what == "string"]
    assert any("hal 0x" in label for label in labels), labels
