"""Which frames of a game in real time the edits and the caller get."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.app import LiveEdits, Play, Workspace
from halscope.app._game_run import run_in_real_time
from halscope.session import Session
from halscope_hooks import Event, Update
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
