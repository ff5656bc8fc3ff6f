"""Events of an edit of a running game: the whole patch against the ROM, and the writes that were done."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Workspace, _game_edits
from halscope.codecs.hal import HAL
from halscope.inject import apply_patch, sheet_from_block, write_sheet
from halscope.session import Session, WriteTimeoutError, _host_call
from halscope_hooks import Event, HalscopeError, HostError, HostInfo, Patch, PatchReady, Snapshot, Write, WriteReceipt
from support.edit_rom import FIRST, FIRST_TILES, LEAD, PALETTE, EditRom, make_edit_rom

WRAM_AT = 0x2000


class RunningGame:
    """A host that holds the edit ROM and a decoded block in WRAM; it takes writes, and checks what they expect."""

    def __init__(self, edit_rom: EditRom) -> None:
        self.memories = {
            "rom": edit_rom.rom.data.copy(),
            "vram": np.zeros(0x10000, np.uint8),
            "wram": np.zeros(0x20000, np.uint8),
        }
        self.wram[WRAM_AT : WRAM_AT + len(edit_rom.first)] = np.frombuffer(edit_rom.first, np.uint8)
        self.calls: list[tuple[Write, ...]] = []

    @property
    def rom(self) -> bytes:
        return self.memories["rom"].tobytes()

    @property
    def wram(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return self.memories["wram"]

    @property
    def info(self) -> HostInfo:
        spaces = frozenset(("rom", "vram", "wram"))
        driven = frozenset({"driven"})
        return HostInfo("made", "a test", spaces, spaces, capabilities=driven)  # type: ignore[arg-type]

    def block(self, size: int) -> bytes:
        return self.wram[WRAM_AT : WRAM_AT + size].tobytes()

    def step(self) -> Snapshot:
        return Snapshot(
            vram=self.memories["vram"].copy(),
            wram=self.wram.copy(),
            cgram=np.zeros(256, np.uint16),
            oam=np.zeros(544, np.uint8),
        )

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        for write in writes:
            area = self.memories[write.space][write.offset : write.offset + len(write.data)]
            assert write.expected is None or area.tobytes() == write.expected
            area[:] = np.frombuffer(write.data, np.uint8)
        self.calls.append(tuple(writes))
        return WriteReceipt(done=True)

    def close(self) -> None: ...


class PausedGame(RunningGame):
    """A game in an emulator that is paused: it makes a write when it continues."""

    def __init__(self, edit_rom: EditRom) -> None:
        super().__init__(edit_rom)
        self.paused: list[tuple[Sequence[Write], WriteReceipt]] | None = []

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        if self.paused is None:
            return super().write(writes)
        self.paused.append((writes, WriteReceipt()))
        return self.paused[-1][1]

    def resume(self, error: HostError | None = None) -> None:
        waiting, self.paused = self.paused or [], None
        for writes, receipt in waiting:
            if error is None:
                super().write(writes)
            receipt.complete(error)


class Stage:
    """The game, its edits, and the events that subscribers received."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.edit_rom = make_edit_rom()
        (folder / "edit.sfc").write_bytes(self.edit_rom.rom.data)
        self.workspace = Workspace.open(folder / "edit.sfc")
        self.game = RunningGame(self.edit_rom)
        self.session = Session(self.game)
        self.said: list[str] = []
        self.edits = LiveEdits(self.workspace, self.session, force=True, report=self.said.append)
        self.heard: list[PatchReady] = []
        self.handle = self.session.subscribe(self._hear, PatchReady)
        self.sheet = sheet_from_block(
            self.workspace.rom, HAL, FIRST, palette=PALETTE, start="pointer", lead=LEAD, title="walk"
        )

    def _hear(self, event: Event) -> None:
        assert isinstance(event, PatchReady)
        self.heard.append(event)

    def save(self, name: str, *numbers: int, colour: int = 0) -> None:
        """Save the sheet with these tiles in one colour (0: blank), and take it into the game."""
        pixels = self.sheet.compose().pixels
        for number in numbers:
            cell = self.sheet.cells[number]
            pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = colour
        path, _ = write_sheet(self.sheet, pixels, self.folder / name)
        self.edits.bring_in([path], self.game.step())

    def with_blank(self, *numbers: int) -> bytes:
        data = bytearray(self.edit_rom.first)
        for number in numbers:
            data[LEAD + 32 * number : LEAD + 32 * number + 32] = bytes(32)
        return bytes(data)

    def holds(self, *blank: int) -> bool:
        """Whether the game's memory and its ROM hold the block with these tiles blank, and nothing else is edited."""
        wanted = self.with_blank(*blank)
        return self.game.block(len(wanted)) == wanted and HAL.decode(self.game.rom, FIRST).data.tobytes() == wanted


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_every_save_tells_of_a_patch_that_applies_to_the_rom_its_hash_names(stage: Stage) -> None:
    stage.save("a.png", 3)
    stage.save("b.png", 9, 11)
    stage.save("a.png", 4)
    stage.save("b.png")
    rom = stage.workspace.rom
    assert len(stage.heard) == 4
    for event, blank in zip(stage.heard, [(3,), (3, 9, 11), (4, 9, 11), (4,)], strict=True):
        assert event.patch.rom_sha256 == rom.sha256
        image = apply_patch(rom.data, event.patch)
        assert HAL.decode(image, FIRST).data.tobytes() == stage.with_blank(*blank)
    assert [event.written for event in stage.heard] == stage.game.calls
    assert stage.heard[-1].patch == stage.edits.patch


def test_what_is_written_leads_the_running_game_from_one_edit_to_the_next(stage: Stage) -> None:
    stage.save("a.png", 3)
    assert stage.holds(3)
    stage.save("b.png", 9, 11)
    assert stage.holds(3, 9, 11)
    assert stage.game.rom == apply_patch(stage.workspace.rom.data, stage.heard[-1].patch)
    assert {write.space for write in stage.heard[-1].written} == {"rom", "wram"}


def test_writes_that_a_session_is_given_go_out_in_place_of_the_patchs_own(stage: Stage) -> None:
    patch = Patch("0" * 64, (Write("rom", 0, b"x"),), (Write("vram", 0, b"x"),), "whole")
    stage.session.apply(patch)
    stage.session.apply(patch, writes=[Write("vram", 5, b"y")])
    assert stage.game.calls == [(*patch.rom, *patch.live), (Write("vram", 5, b"y"),)]
    assert stage.heard == [PatchReady(patch, stage.game.calls[0]), PatchReady(patch, stage.game.calls[1])]


@pytest.mark.parametrize("refused", [False, True], ids=["made", "refused"])
def test_a_write_that_a_paused_game_makes_late_is_part_of_the_edits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    monkeypatch.setattr(_game_edits, "WRITE_WAIT", 0.01)
    monkeypatch.setattr(_host_call, "ANSWER_WAIT", 0.05)
    stage = Stage(tmp_path)
    game = stage.game = PausedGame(stage.edit_rom)
    with Session(game, threads=True, workers=2) as session, ThreadPoolExecutor(1) as emulator:
        stage.edits.attach(session, stage.workspace)
        done = threading.Event()

        def pump() -> None:
            while not done.wait(0.001):
                session.pump()

        pumping = emulator.submit(pump)
        try:
            for name, number in (("a.png", 3), ("b.png", 9)):  # the second is not even tried
                with pytest.raises(WriteTimeoutError, match="may still make it"):
                    stage.save(name, number)
            assert game.paused is not None
            assert len(game.paused) == 1
            assert stage.edits.patch is None
            game.resume(HostError("the game was reset") if refused else None)
            monkeypatch.setattr(_game_edits, "WRITE_WAIT", 60)  # now it answers, however busy the machine is
            stage.save("b.png", 9)
            assert stage.holds(*(() if refused else (3,)), 9)
            names = [Path(edit.name).name for edit in stage.edits.edits.edits]
            assert names == (["b.png"] if refused else ["a.png", "b.png"])
            (said,) = stage.said
            assert ("was not made: the game was reset" if refused else "edits are in the game") in said
        finally:
            done.set()
            pumping.result(60)


def test_an_edit_that_cannot_be_placed_leaves_the_game_and_the_edits_as_they_were(stage: Stage) -> None:
    stage.save("a.png", 3)
    before = stage.game.rom, stage.edits.patch, stage.edits.plan
    with pytest.raises(HalscopeError, match="edited in two ways"):
        stage.save("b.png", 3, colour=5)
    assert (stage.game.rom, stage.edits.patch, stage.edits.plan) == before
    assert len(stage.heard) == 1
    stage.save("c.png", FIRST_TILES - 1)
    assert stage.holds(3, FIRST_TILES - 1)


def test_saving_a_sheet_back_to_its_original_reverts_its_edit_alone(stage: Stage) -> None:
    stage.save("a.png", 3)
    stage.save("b.png", 9)
    stage.save("a.png")
    assert stage.holds(9)
    assert [Path(edit.name).name for edit in stage.edits.edits.edits] == ["b.png"]
    stage.save("b.png")
    assert stage.holds()
    assert stage.game.rom == stage.workspace.rom.data.tobytes()
    assert stage.edits.patch is None
    assert stage.heard[-1].patch == Patch(stage.workspace.rom.sha256, (), summary="nothing was changed")
    stage.edits.write_patch(stage.folder / "out.bps")
    assert not (stage.folder / "out.bps").exists()
    assert stage.said == [f"{stage.folder / 'out.bps'}: not written, nothing was edited"]


def test_the_running_game_follows_undo_redo_and_the_revert_of_any_edit(stage: Stage) -> None:
    stage.save("a.png", 3)
    stage.save("b.png", 9)
    stage.save("a.png", 4)
    for edits, blank in [
        (stage.edits.edits.undo(), (3, 9)),
        (stage.edits.edits.undo().undo(), (3,)),
        (stage.edits.edits, (4, 9)),
        (stage.edits.edits.revert(1), (9,)),
        (stage.edits.edits.revert(1).undo(), (4, 9)),
    ]:
        stage.edits.take(edits, stage.game.step())
        assert stage.edits.edits == edits
        assert stage.holds(*blank)


def test_edits_that_cannot_be_planned_leave_the_list_as_it_was(stage: Stage) -> None:
    stage.save("a.png", 3)
    before = stage.edits.edits
    with pytest.raises(HalscopeError, match="edited in two ways"):
        stage.save("b.png", 3, colour=5)
    assert stage.edits.edits is before


def test_a_plain_tile_of_an_edit_that_is_taken_back_returns_where_its_sheet_was(stage: Stage) -> None:
    """Once all its edits are gone no plan names the sheet any more, but its tiles are still in VRAM."""
    rom = stage.workspace.rom
    cells = tuple(
        replace(cell, vram_byte=at, x=8 * number, y=0)
        for number, (cell, at) in enumerate(zip(stage.sheet.cells[:2], (0x4000, 0x6000), strict=True))
    )
    figure = replace(stage.sheet, cells=cells, width=16, height=8)
    for cell, at in zip(cells, (0x4000, 0x6000), strict=True):
        stage.game.memories["vram"][at : at + 32] = np.frombuffer(cell.tile, np.uint8)
    stage.sheet = figure
    original = stage.game.memories["vram"].copy()
    stage.save("a.png", 0, colour=2)  # plain, and nothing beside it in VRAM vouches for it
    assert (stage.game.memories["vram"] != original).any()
    stage.edits.take(stage.edits.edits.undo(), stage.game.step())
    assert (stage.game.memories["vram"] == original).all()
    assert stage.game.rom == rom.data.tobytes()


def test_edits_that_a_reloaded_game_does_not_take_stay_in_the_patch(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_writes: Sequence[Write]) -> WriteReceipt:
        raise HostError("the game no longer has the expected bytes there")

    stage.save("a.png", 3)
    monkeypatch.setattr(stage.game, "write", refuse)
    stage.edits.follow(stage.workspace)
    for _ in range(2):
        update = stage.session.step()
        assert update is not None
        stage.edits.look(replace(update, origins=stage.workspace.index().locate_vram(update.snapshot.vram)))
    assert sum("could not be written into the reloaded game" in line for line in stage.said) == 1, stage.said
    stage.edits.write_patch(stage.folder / "kept.sfc")
    kept = (stage.folder / "kept.sfc").read_bytes()
    assert HAL.decode(kept, FIRST).data.tobytes() == stage.with_blank(3)
