"""Which frames of a game in real time the edits and the caller get."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.app import LiveEdits, Play, Workspace
from halscope.session import Session
from support.made_host import MadeHost
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
