"""Several pages at once: each is told everything, and one that stalls slows neither the others nor the game."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import Controls, LiveEdits, Workspace
from halscope.demo import rom_path
from halscope.inspector import Inspector
from halscope.session import Session
from halscope_hooks import Snapshot
from support.inspected import Inspected, frame_numbers, inspected, text_message
from support.made_host import MadeHost, eventually
from websockets import Origin
from websockets.sync.client import connect


class Pictured(MadeHost):
    """A made game with a picture that differs in every row of every frame."""

    def step(self) -> Snapshot | None:
        snapshot = super().step()
        assert snapshot is not None
        return replace(snapshot, picture=np.full((224, 256, 3), snapshot.frame & 0xFF, np.uint8))


@pytest.fixture
def game() -> Iterator[Inspected]:
    with inspected() as running:
        yield running


def test_two_tabs_and_a_window_are_each_told_frames_notices_and_their_own_answers(game: Inspected) -> None:
    with game.page() as first, game.page() as second, game.page() as window:
        pages = [first, second, window]
        for page in pages:
            assert text_message(page, "hello")["emulator"] == "a made game"
            numbers = frame_numbers(page, 5)
            assert numbers == sorted(set(numbers))
        for number, page in enumerate(pages):
            page.send(json.dumps({"type": "registers", "only": ["obsel"], "id": 10 + number}))
        for number, page in enumerate(pages):
            assert text_message(page, "answer")["id"] == 10 + number
        game.inspector.notices.post("sheet", {"name": "hero.png", "error": None})
        for page in pages:
            assert text_message(page, "sheet")["name"] == "hero.png"
        window.close()
        frame_numbers(first, 5)  # one that leaves takes nothing from the others
        frame_numbers(second, 5)
    assert eventually(lambda: game.inspector.pages == 0)


def test_a_page_that_reads_nothing_holds_up_nobody() -> None:
    with inspected(Pictured()) as game:
        narrow = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect(("127.0.0.1", game.inspector.port))
        with game.page() as other, game.page(via=narrow) as stalled:
            told = frame_numbers(other, 1)[0]
            for _ in range(100):  # more pictures than both ends' buffers hold: the server waits for this page
                stalled.send('{"type": "seen"}')
                numbers = frame_numbers(other, 1)
                assert numbers[0] > told
                told = numbers[0]
            other.send('{"type": "registers", "only": ["obsel"], "id": 3}')
            assert text_message(other, "answer")["id"] == 3
            before = game.frames
            assert eventually(lambda: game.frames > before + 10)
            narrow.shutdown(socket.SHUT_RDWR)  # its browser is gone
        assert eventually(lambda: game.inspector.pages == 0)


def test_a_page_that_comes_before_the_game_is_told_of_it_as_soon_as_it_runs() -> None:
    with Inspector(Controls(), lambda: None) as inspector:
        origin, token = inspector.address.split("/#")
        address = f"{origin.replace('http', 'ws')}/live?token={token}"
        with (
            connect(address, origin=Origin(origin), open_timeout=60) as page,
            Session(MadeHost(), threads=True, owns_host=True) as session,
        ):
            assert eventually(lambda: inspector.pages == 1)
            inspector.follow(session)
            assert text_message(page, "hello")["emulator"] == "a made game"


def test_a_page_that_comes_while_a_game_begins_may_edit_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        rom_path() as rom,
        Inspector(Controls(), lambda: None) as inspector,
        Session(MadeHost(), threads=True, owns_host=True) as session,
    ):
        origin, token = inspector.address.split("/#")
        address = f"{origin.replace('http', 'ws')}/live?token={token}"
        with connect(address, origin=Origin(origin), open_timeout=60) as page:
            assert eventually(lambda: inspector.pages == 1)
            subscribe = session.subscribe

            def slowly(*arguments: Any, **options: Any) -> Any:
                with pytest.raises(TimeoutError):  # not told of a game of which it would know only a part
                    page.recv(timeout=0.2)
                return subscribe(*arguments, **options)

            monkeypatch.setattr(session, "subscribe", slowly)
            edits = LiveEdits(Workspace.open(rom), session, tmp_path, report=lambda _: None)
            inspector.follow(session, edits)
            assert text_message(page, "hello")["emulator"] == "a made game"
            page.send('{"type": "edit_step", "action": "undo", "id": 4}')
            answer = text_message(page, "answer")
            assert "cannot be edited" not in str(answer), answer


def test_a_page_that_paints_nothing_needs_no_frames_until_it_paints_again(game: Inspected) -> None:
    with game.page() as hidden:
        told = frame_numbers(hidden, 3)[-1]
        assert game.inspector.needs_frames
        waiting = [hidden.recv(timeout=60) for _ in range(2)]  # as a tab that is hidden: it takes them, and paints none
        assert eventually(lambda: not game.inspector.needs_frames)
        assert game.inspector.pages == 1
        before = game.frames
        assert eventually(lambda: game.frames > before + 50)
        with pytest.raises(TimeoutError):
            hidden.recv(timeout=0)  # nothing has piled up
        hidden.send('{"type": "seen"}')
        assert frame_numbers(hidden, 1)[0] > told + 50  # the newest, at once
        assert len(waiting) == 2
        assert game.inspector.needs_frames


def test_a_page_that_looks_needs_frames_beside_one_that_is_hidden(game: Inspected) -> None:
    with game.page(), game.page() as shown:
        for _ in range(3):
            numbers = frame_numbers(shown, 200)
            assert numbers == sorted(set(numbers))
            assert game.inspector.needs_frames
