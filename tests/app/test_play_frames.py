"""Which frames of a game in real time the edits and the caller get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from halscope.app import LiveEdits, Play, Workspace
from halscope.app._game_run import run_in_real_time
from halscope.session import Session
from halscope_hooks import Event, HostGoneError, Patch, Snapshot, Update, Write, WriteReceipt
from support.made_host import MadeHost, MadeRemote, made_snapshot
from support.rom_console import workspaces


@pytest.mark.parametrize(("every", "expected"), [(6, [1, 7, 13, 19, 25]), (1, list(range(1, 26)))])
def test_a_page_that_sees_all_frames_brings_the_edits_no_more_of_them(
    every: int, expected: list[int], tmp_path: Path
) -> None:
    workspace: Workspace = workspaces(tmp_path)[0]
    seen: list[int] = []
    with Session(MadeHost(), owns_host=True) as session:
        play = Play(
            workspace,
            session,
            LiveEdits(workspace, session, report=print),
            resolve=lambda _: None,
            seen=lambda update: seen.append(update.snapshot.frame),
            progress=lambda *_: None,
            report=print,
            every=every,
            all_frames=lambda: True,
        )
        for _ in range(25):
            update = session.step()
            assert update is not None
            play._look(update)
        assert play.last is not None
        assert play.last.snapshot.frame == 25
        assert seen == expected


class SlowHost(MadeRemote):
    """Its next frame comes only to those who wait for it; shorter waits end before. The emulator ends with a frame."""

    def __init__(self, waited: Callable[[int], None]) -> None:
        super().__init__()
        self.did: list[str] = []
        self._waited, self._waits = waited, 0

    def poll(self, timeout: float) -> Snapshot | None:
        if "frame" in self.did:
            raise HostGoneError("the game was ended")
        if timeout < 1 / 60:
            self._waits += 1
            self._waited(self._waits)
            return None
        self.did.append("frame")
        return made_snapshot(1)

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        self.did.append("write")
        return super().write(writes)


def test_the_write_of_an_edit_does_not_wait_for_the_next_frame(tmp_path: Path) -> None:
    workspace: Workspace = workspaces(tmp_path)[0]
    ends = ExitStack()

    def waited(times: int) -> None:
        if times == 3:  # the other thread has made the edit
            pool.submit(session.apply, Patch("0" * 64, (), (Write("vram", 0, b"\1"),))).result()
        elif times == 5:
            ends.close()

    host = SlowHost(waited)
    with ThreadPoolExecutor(1) as pool, Session(host, owns_host=True, threads=True) as session, ends:
        edits = LiveEdits(workspace, session, report=print)
        assert ends.enter_context(edits._game.turn(wait=True))
        play = Play(
            *(workspace, session, edits),
            resolve=lambda _: None,
            seen=lambda _: None,
            progress=lambda *_: None,
            report=print,
        )
        with pytest.raises(HostGoneError, match="was ended"):
            play.run(())
    assert host.did == ["write", "frame"]


def test_the_last_frame_of_a_paused_game_is_decoded_once_somebody_looks_at_it() -> None:
    host, asked = MadeRemote(), 0
    decoded: list[int] = []
    for number in range(1, 4):
        host.send(made_snapshot(number))

    def idle() -> None:  # the game is paused
        nonlocal asked
        asked += 1
        if asked == 3:
            host.send(made_snapshot(4))  # it goes on

    def note(event: Event) -> None:
        if isinstance(event, Update):
            decoded.append(event.snapshot.frame)

    with Session(host, owns_host=True) as session, session.subscribe(note, Update):
        frames = run_in_real_time(session, (), every=100, idle=idle, wanted=lambda: asked > 0)
        assert [next(frames).frame for _ in range(3)] == [1, 2, 3]
        assert decoded == [1]  # nobody looks
        assert next(frames).frame == 4
        assert decoded == [1, 3, 4]
