"""What attach makes of Mesen's own features: starts that the decoder was seen reading, the sprite under the mouse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from halscope.app import Workspace
from halscope.app._pointing import Pointing
from halscope.app._start_watch import StartWatch
from halscope.cli import main
from halscope.demo import truth
from halscope.hosts.mesen2 import Listener, MesenHost
from halscope.session import Session
from halscope_hooks import Decoder, GameProfile, PointerInput
from support.mesen import StandIn, needs_lua
from support.mesen_demo import attached
from support.mesen_log import DECODER, Replay

pytestmark = [needs_lua, pytest.mark.slow]

DEMO = GameProfile(
    id="halscope-demo",
    name="Halscope demo",
    sha256=(truth()["rom"]["sha256"],),
    decoders=(Decoder(snes_address=DECODER, codec="hal", pointer=PointerInput("dp+1C", "dp+1E")),),
)
STARTS = {block["offset"] for block in truth()["blocks"]}


def test_blocks_that_the_decoder_was_seen_reading_have_traced_starts(
    emulator: StandIn, demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.open(demo, profile=DEMO)
    Listener.shared()
    replay = Replay(emulator)
    replay.run_frame()
    lines: list[str] = []
    with Session(MesenHost(60), owns_host=True, rom=workspace.rom) as session:
        watch = StartWatch(session, lines.append)
        watch.follow(workspace)
        session.set_locate(workspace.tracker())
        watch.ask()
        for _ in range(5):
            replay.run_frame()
        while not replay.ended:
            replay.run_frame()
            session.tick()
            watch.ask()
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
    # The way of the blocks, by the calls and the DMA that Mesen's own core told of.
    passages = {one.block_offset: one for one in watch.passages}
    assert set(passages) == listed
    assert {one.callers for one in passages.values()} == {(0x8789,)}
    staged = {offset: one.buffers for offset, one in passages.items() if one.buffers}
    assert len(staged) > 40
    for buffers in staged.values():
        for at in buffers:  # where the demo's engine unpacks to (behind a block's lead), and its copies of frames
            assert at & ~0xF in (0x7E8000, 0x7F0000, 0x7F2000) or 0x7E2000 <= at < 0x7E2800 or at >= 0x7F8000
    stored = {one.block_offset: (one.callers, one.buffers) for one in again.knowledge.load().starts}
    assert stored == {offset: (one.callers, one.buffers) for offset, one in passages.items()}
    # What the next command says of it.
    capsys.readouterr()
    assert main(["scan", str(demo), "--traces"]) == 0
    text = capsys.readouterr().out
    assert "decoder-call at 0x19405; called from 00:8789; staged at 7F:0000\n" in text
    tile = tmp_path / "tile.bin"
    data = again.rom.decode(again.codec("hal"), 0x19405).data
    tile.write_bytes(next(t for n in range(40) if len(set(t := data[n * 32 : n * 32 + 32].tobytes())) > 12))
    assert main(["locate", str(demo), str(tile), "--json"]) == 0
    origins = json.loads(capsys.readouterr().out)["tiles"][0]["origins"]
    (evidence,) = [one["evidence"] for one in origins if one["block_offset"] == 0x19405]
    assert evidence == {
        "kind": "decoder-call",
        "places": [0x19405],
        "odds": None,
        "callers": [0x8789],
        "buffers": [0x7F0000],
    }


def test_a_click_names_the_sprite_and_its_origin(emulator: StandIn, demo: Path) -> None:
    workspace = Workspace.open(demo)
    Listener.shared()
    lines: list[str] = []
    replay = Replay(emulator)
    replay.run_frame()
    with Session(MesenHost(60), owns_host=True, rom=workspace.rom, locate=workspace.tracker()) as session:
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


def test_without_a_decoder_the_code_that_fills_the_buffers_of_dma_is_named(emulator: StandIn, demo: Path) -> None:
    workspace = Workspace.open(demo)
    lines: list[str] = []
    host = attached(emulator)
    with Session(host, owns_host=True, rom=workspace.rom) as session, StartWatch(session, lines.append) as watch:
        watch.follow(workspace)
        for turn in range(3):
            watch.ask()
            emulator.transfer(0x6000, 0x200, source=0x7F2040)
            if turn:
                emulator.write_wram(0x7F2043, 0x808ACD)
            emulator.run_frame()
            session.step()
        watch.ask()
        session.step()
        emulator.run_frame()
        session.step()
    assert lines == ["code at 80:8ACD writes 7F:2000 to 7F:20FF, from where DMA takes it to VRAM"]
