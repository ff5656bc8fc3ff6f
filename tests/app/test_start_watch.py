"""Watching: what a game reads makes starts proven, for this session, for the next command, and for edits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.app import StartWatch, Workspace, keep_knowledge, use_project_knowledge
from halscope.app._room import room_options
from halscope.cli import main
from halscope.codecs.hal import HAL
from halscope.inject.room.free_space import MARGIN, Usage, runs_of
from halscope.project import Project, ProvenStart
from halscope.rom.tracing import FIRST_TOUCH, TracedStart
from halscope.rom.tracing._candidate import family_of, output_at
from halscope.session import Session
from halscope_hooks import HostInfo, RomIdentity, Snapshot, Touched, Update, Write, WriteReceipt
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from support.truth_rom import TrueBlock, TruthRom, shared_truth
from support.watched_game import WatchedGame


class TracingHost:
    """A driven host that shows the frames of a model game and traces it."""

    def __init__(self, rom: RomIdentity, frames: Iterable[tuple[Snapshot, Sequence[Touched]]]) -> None:
        self.info = HostInfo(
            "model", "a model", frozenset({"vram"}), rom=rom, capabilities=frozenset({"driven", "tracing"})
        )
        self._frames = iter(frames)
        self._touches: Sequence[Touched] = ()

    def step(self) -> Snapshot | None:
        snapshot, self._touches = next(self._frames, (None, ()))
        return snapshot

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """The whole ROM is watched."""

    def take_touches(self) -> Sequence[Touched]:
        touches, self._touches = self._touches, ()
        return touches

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        raise AssertionError(writes)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def truth() -> TruthRom:
    return shared_truth(1, pointers=False)


@pytest.fixture
def rom(truth: TruthRom, tmp_path: Path) -> Path:
    path = tmp_path / "game.sfc"
    path.write_bytes(truth.rom.data.tobytes())
    return path


def unproven(truth: TruthRom, workspace: Workspace) -> list[TrueBlock]:
    """Blocks of sprites that the index lists, with a start that is not proven."""
    listed = {block.offset: block.start for block in workspace.blocks()}
    kinds = ("sprites", "tiles")
    return [one for one in truth.blocks if one.kind in kinds and listed.get(one.offset) in ("content", "adjacent")]


def frames_of(truth: TruthRom, blocks: Sequence[TrueBlock]) -> list[tuple[Snapshot, list[Touched]]]:
    game = WatchedGame(truth.rom.data.tobytes(), np.random.default_rng(3), others=0.0)
    frames = list(game.idle(3))
    for block in blocks:
        frames += [*game.load(block.offset, block.packed_size, block.data, skip=block.lead), *game.idle(2)]
    return frames


def watch(
    workspace: Workspace, frames: Iterable[tuple[Snapshot, Sequence[Touched]]], lines: list[str], *, runs: str = ""
) -> list[Update]:
    """Run a session with a watch; return its updates."""
    host = TracingHost(RomIdentity(sha256=runs or workspace.rom.sha256), frames)
    updates = []
    with Session(host, locate=workspace.tracker()) as session, StartWatch(session, lines.append) as watching:
        watching.follow(workspace)
        while (update := session.step()) is not None:
            watching.look(update)
            updates.append(update)
    return updates


def test_a_watch_that_was_stopped_keeps_no_touches(truth: TruthRom, rom: Path) -> None:
    workspace = Workspace.open(rom)
    frames = frames_of(truth, unproven(truth, workspace)[:2])
    host = TracingHost(RomIdentity(sha256=workspace.rom.sha256), frames)
    with Session(host, locate=workspace.tracker()) as session, StartWatch(session, lambda _: None) as watching:
        watching.follow(workspace)
        assert watching._tap is not None
        watching._tap.close()  # as the session does where it cannot keep up
        while session.step() is not None:
            pass
        assert not any(isinstance(one, list) for one in watching._news)


def test_what_was_traced_is_known_to_this_session_and_to_the_next_command(truth: TruthRom, rom: Path) -> None:
    workspace = Workspace.open(rom)
    blocks = unproven(truth, workspace)[:4]
    lines: list[str] = []
    watch(workspace, frames_of(truth, blocks), lines)
    assert lines == [
        "watched: 4 starts of blocks were traced; tiles of 4 compressed blocks came by, 4 of them with a traced start"
    ]
    again = Workspace.open(rom)
    for one in (workspace, again):
        assert {block.offset for block in one.blocks() if block.start == "traced"} == {one.offset for one in blocks}
        assert all(block.score == 1 for block in one.blocks() if block.start == "traced")
        first = blocks[0]
        tile = next(
            first.data[at : at + 32]
            for at in range(first.lead, len(first.data) - 31, 32)
            if one.index().informative(first.data[at : at + 32]).all()
        )
        best = one.index().lookup(tile)[0][0]
        assert (best.codec, best.block_offset, best.start) == ("hal", first.offset, "traced")
    assert again.knowledge.load().starts == tuple(
        sorted(ProvenStart("hal", block.offset, "traced", by=(FIRST_TOUCH,)) for block in blocks)
    )


def test_of_equal_plain_palettes_the_one_that_was_read_ranks_first_the_next_time_too(
    truth: TruthRom, rom: Path, tmp_path: Path
) -> None:
    image = bytearray(truth.rom.data)
    colours = np.random.default_rng(4).integers(0, 0x8000, 16).astype("<u2")
    (begin, _), *_ = runs_of(truth.rom.data, 0xFF, 1000).tolist()
    places = begin + 101, begin + 301
    for at in places:
        image[at : at + 32] = colours.tobytes()
    rom.write_bytes(image)
    workspace = Workspace.open(rom)
    blank, *_ = frames_of(truth, [])[0]
    lit = blank.cgram.copy()
    lit[32:48] = colours
    # The colours come into CGRAM some frames after they were read.
    shown = [replace(blank, frame=frame, cgram=lit if frame > 104 else blank.cgram) for frame in range(100, 170)]
    assert Workspace.open(rom).palettes.origins(lit).at(40)[0].block_offset == places[0] + 16
    watch(workspace, [(one, [Touched(102, places[1])] if one.frame == 102 else []) for one in shown], [])
    again = Workspace.open(rom)
    assert again.knowledge.load().read_colours == (places[1],)
    best = again.palettes.origins(lit).at(40)[0]
    assert (best.block_offset, best.start) == (places[1] + 16, "traced")
    with Project.create(tmp_path / "hack", workspace.rom) as project:
        keep_knowledge(project, workspace)
        shutil.rmtree(again.knowledge.path.parent)
        elsewhere = Workspace.open(rom)  # another machine, which has the project alone
        use_project_knowledge(project, elsewhere)
    assert elsewhere.palettes.origins(lit).at(40)[0] == best


def test_padding_that_the_game_reads_is_kept_and_is_no_free_space(truth: TruthRom, rom: Path) -> None:
    workspace = Workspace.open(rom)
    (begin, end), *_ = runs_of(workspace.rom.data, 0xFF, 1000).tolist()
    code = next(at for at in range(0x1000) if workspace.rom.data[at] not in (0, 0xFF))
    frames = frames_of(truth, [])
    snapshot, touches = frames[-1]
    frames[-1] = (
        snapshot,
        [*touches, *(Touched(snapshot.frame, at) for at in (begin + 100, begin + 200, begin + 1, code))],
    )
    watch(workspace, frames, [])
    for one in (workspace, Workspace.open(rom)):
        usage = Usage.of(one.rom, one.index(), room_options(one).read)
        assert room_options(one).read == (begin + MARGIN,)
        assert not any(area.run == (begin, end) for area in usage.free_areas())
    unseen = Usage.of(workspace.rom, workspace.index())
    assert any(area.run == (begin, end) for area in unseen.free_areas())


def test_origins_of_the_running_session_become_traced(
    truth: TruthRom, rom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halscope.app._start_watch.LEARN_EVERY", 0.0)
    workspace = Workspace.open(rom)
    (block,) = unproven(truth, workspace)[:1]
    updates = watch(workspace, frames_of(truth, [block]), [])
    assert updates[-1].origins is not None
    found = [origins[0] for origins in updates[-1].origins.origins if origins]
    assert {(one.block_offset, one.start) for one in found} == {(block.offset, "traced")}


def test_a_rom_that_is_not_the_one_that_runs_learns_nothing(truth: TruthRom, rom: Path) -> None:
    workspace = Workspace.open(rom)
    lines: list[str] = []
    watch(workspace, frames_of(truth, unproven(truth, workspace)[:1]), lines, runs="0" * 64)
    assert workspace.knowledge.load().starts == ()
    assert lines == []


def test_knowledge_that_cannot_be_read_stops_neither_the_game_nor_what_it_has_learnt(
    truth: TruthRom, rom: Path
) -> None:
    workspace = Workspace.open(rom)
    (block,) = unproven(truth, workspace)[:1]
    workspace.knowledge.path.parent.mkdir(parents=True, exist_ok=True)
    workspace.knowledge.path.write_text('{"format": "halscope-knowledge", "version": 99}')
    lines: list[str] = []
    watch(Workspace.open(rom), frames_of(truth, [block]), lines)
    assert "are not saved" in lines[0]
    assert "newer Halscope" in lines[0]
    assert lines[1].startswith("watched: 1 starts of blocks were traced")
    assert 'version": 99' in workspace.knowledge.path.read_text()


def test_a_traced_start_that_the_index_had_not_kept_becomes_its_familys_best(truth: TruthRom, rom: Path) -> None:
    workspace = Workspace.open(rom)
    index = workspace.index()
    lost = None
    for block in truth.blocks:
        output = output_at(truth.rom, HAL, block.offset)
        assert output is not None
        twins = {one.offset for one in family_of(truth.rom, output) or []}
        lost = next((at for at in sorted(twins) if index.lacks({"hal": np.array([at])})), None)
        if lost is not None:
            break
    assert lost is not None
    workspace.knowledge.update(lambda known: known.proved([ProvenStart("hal", lost, "traced", by=(FIRST_TOUCH,))]))
    (listed,) = [one for one in Workspace.open(rom).blocks() if one.start == "traced"]
    assert listed.offset == lost


def test_an_edit_of_a_watched_block_needs_no_force(
    truth: TruthRom, rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.open(rom)
    (block,) = unproven(truth, workspace)[:1]
    sheets, out = tmp_path / "sheets", tmp_path / "edit.ips"
    assert main(["extract", str(rom), hex(block.offset), "--out", str(sheets), "--json"]) == 0
    png = next(sheets.glob("*.png"))
    _paint(png)
    assert main(["inject", str(rom), str(png), "-o", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    workspace.learn_starts([TracedStart("hal", block.offset, FIRST_TOUCH)])
    assert main(["inject", str(rom), str(png), "-o", str(out)]) == 0
    assert out.exists()


def _paint(png: Path) -> None:
    """Fill the sheet with one colour, as an editor does; its block then surely fits."""
    with Image.open(png) as opened:
        opened.load()
        texts = PngInfo()
        for key, value in opened.text.items():  # type: ignore[attr-defined]  # it is a PNG
            texts.add_text(key, value)
        opened.paste(1, (0, 0, opened.width, opened.height))
        opened.save(png, pnginfo=texts)


def test_scan_says_how_much_is_proven_and_by_what(
    truth: TruthRom, rom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.open(rom)
    first, second = unproven(truth, workspace)[:2]
    workspace.learn_starts(
        [TracedStart("hal", first.offset, FIRST_TOUCH), TracedStart("hal", second.offset, "decoder-call")]
    )
    assert main(["scan", str(rom), "--traces", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    by_offset = {block["offset"]: block for block in told["blocks"]}
    assert by_offset[first.offset]["evidence"] == {"kind": "first-touch", "places": [first.offset], "odds": 4096.0}
    assert by_offset[second.offset]["evidence"] == {"kind": "decoder-call", "places": [second.offset], "odds": None}
    assert sum("evidence" in block for block in told["blocks"]) == 2
    assert told["traces"]["proven"] == told["traces"]["starts"]["traced"] == 2
    assert told["traces"]["kinds"] == {"decoder-call": 1, "first-touch": 1}
    assert told["traces"]["blocks"] == len(told["blocks"])
    assert main(["scan", str(rom), "--traces"]) == 0
    text = capsys.readouterr().out
    assert f"first-touch at {first.offset:#x}, 4e+03 : 1" in text
    assert f"proven starts: 2 of {len(told['blocks'])} (1 by decoder-call, 1 by first-touch)" in text


@pytest.mark.slow
def test_pointers_are_evidence_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pointed = shared_truth(1, pointers=True)
    rom = tmp_path / "pointed.sfc"
    rom.write_bytes(pointed.rom.data.tobytes())
    assert main(["scan", str(rom), "--traces", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    block = next(one for one in told["blocks"] if one["start"] == "pointer")
    assert block["evidence"]["kind"] == "long"
    assert block["evidence"]["odds"] > 1000
    (place,) = block["evidence"]["places"]
    assert pointed.table is not None
    assert (place - pointed.table) % 3 == 0
    assert told["traces"]["kinds"] == {"long": told["traces"]["proven"]}


@pytest.mark.slow
def test_what_is_read_in_a_later_frame_waits_for_the_snapshots_before_it(truth: TruthRom, rom: Path) -> None:
    block = unproven(truth, Workspace.open(rom))[0]
    frames = frames_of(truth, [block])
    host = TracingHost(RomIdentity(sha256=truth.rom.sha256), ())
    with Session(host) as session:
        late, prompt = (StartWatch(session, lambda _: None) for _ in range(2))
        for watching, together in ((prompt, 1), (late, 6)):
            watching.follow(Workspace.open(rom))
            for at in range(0, len(frames), together):
                some = frames[at : at + together]
                for _, touches in some:  # the host's thread is ahead of the tap's
                    watching._touched(touches)
                for snapshot, _ in some:
                    watching._see(snapshot)
            watching.close()
        assert prompt.traced
        assert late.traced == prompt.traced
