"""What a page asks of the timeline: searches that others do not wait for, and that can be ended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from halscope.app import Controls, RecordedFrames, Timeline
from halscope.formats.recording import PassedFrame, RecordingWriter
from halscope.session import State
from support.inspected import Inspected, frame_numbers
from support.made_host import made_snapshot
from websockets.sync.client import ClientConnection

FRAMES = 40
TILE = 8 * 32
IDS = itertools.count(1)


class AgainAndAgain(RecordedFrames):  # type: ignore[misc] # final, but for this: a search through it takes minutes
    """A recording that is passed again and again."""

    def walk(self, first: int, end: int) -> Iterator[PassedFrame]:
        for _ in range(1_000_000):
            yield from super().walk(first, end)


def recording(folder: Path) -> Path:
    """Frames in which a tile comes with the 20th."""
    with RecordingWriter(folder / "run.hrec") as writer:
        for number in range(FRAMES):
            snapshot = made_snapshot(number)
            vram = snapshot.vram.copy()
            vram[TILE : TILE + 32] = number >= 20
            writer.append(replace(snapshot, vram=vram))
    return folder / "run.hrec"


@contextmanager
def inspected(frames: RecordedFrames, folder: Path) -> Iterator[ClientConnection]:
    """A page that shows the last frame of a recording."""
    game: Inspected | None = None
    with Timeline(frames, lambda: None if game is None else game.workspace(), Controls(), folder) as timeline:
        game = Inspected(timeline=timeline)
        with game, game.page() as page:
            frame_numbers(page, 1)  # the session runs
            ask(page, "past", position=FRAMES - 1)
            yield page


def send(page: ClientConnection, kind: str, **fields: object) -> int:
    number = next(IDS)
    page.send(json.dumps({"type": kind, "id": number, **fields}))
    return number


def messages(page: ClientConnection) -> Iterator[dict[str, Any]]:
    """The texts that the page is told; frames are acknowledged."""
    while True:
        message = page.recv(timeout=60)
        if isinstance(message, bytes):
            page.send('{"type": "seen"}')
        else:
            yield json.loads(message)


def heads(page: ClientConnection) -> Iterator[dict[str, Any]]:
    """What the page is told of frames, each of which it has painted."""
    while True:
        message = page.recv(timeout=60)
        if isinstance(message, bytes):
            page.send('{"type": "seen"}')
            yield json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])


def answer(page: ClientConnection, number: int) -> dict[str, Any]:
    return next(one for one in messages(page) if one["type"] == "answer" and one["id"] == number)


def ask(page: ClientConnection, kind: str, **fields: object) -> Any:
    found = answer(page, send(page, kind, **fields))
    assert "error" not in found, found
    return found.get("value")


def test_a_search_shows_the_frame_that_it_finds(tmp_path: Path) -> None:
    with inspected(RecordedFrames(recording(tmp_path)), tmp_path / "kept") as page:
        assert ask(page, "jump", vram=TILE, bpp=4, to="first") == 20
        assert ask(page, "past", by=0) == 20
        assert ask(page, "past", position=FRAMES - 1) == FRAMES - 1
        assert ask(page, "jump", vram=TILE, bpp=4, to="changed") == 20
        assert ask(page, "jump", vram=TILE, bpp=4, to="shown") is None  # no sprite has it


def test_a_kept_moment_is_shown_as_a_frame_of_the_timeline_is_until_it_is_deleted(tmp_path: Path) -> None:
    frames, folder = RecordedFrames(recording(tmp_path)), tmp_path / "kept"
    with inspected(frames, folder) as page:
        number = send(page, "keep")
        [kept] = next(one for one in messages(page) if one["type"] == "moments" and one["moments"])["moments"]
        name = answer(page, number)["value"]
        assert (kept["name"], kept["bytes"]) == (name, (folder / f"{name}.hrec").stat().st_size)
        ask(page, "past", position=7)
        send(page, "show moment", name=name)
        head = next(head for head in heads(page) if head.get("moment"))
        assert (head["moment"], head["frame"], "past" in head) == (name, FRAMES - 1, False)
        found = ask(page, "compare", name=name)  # what is asked about a frame is about this one
        assert (found["frames"], found["tiles"], found["marks"]) == ([FRAMES - 1, FRAMES - 1], [], [[], []])
        assert "load its state" in answer(page, send(page, "play from"))["error"]
        assert ask(page, "past", by=1) == 8  # steps go on from the frame that was shown before
        ask(page, "delete moment", name=name)
        assert "no moment" in answer(page, send(page, "show moment", name=name))["error"]


@pytest.mark.parametrize("newer", ["end jump", "jump"])
def test_others_do_not_wait_for_a_search_which_is_ended_by_the_person_or_by_the_next_one(
    newer: str, tmp_path: Path
) -> None:
    with inspected(AgainAndAgain(recording(tmp_path)), tmp_path / "kept") as page:
        search = send(page, "jump", vram=TILE, bpp=4, to="shown")
        told = next(one for one in messages(page) if one["type"] == "searched")
        assert told["total"] == FRAMES
        assert told["done"] > 0
        assert ask(page, "past", position=3) == 3  # pictures come meanwhile
        after = send(page, newer, **({} if newer == "end jump" else {"vram": TILE, "bpp": 4, "to": "first"}))
        ended: dict[int, dict[str, Any]] = {}
        while len(ended) < 2:
            one = next(messages(page))
            if one["type"] == "answer":
                ended[one["id"]] = one
        assert "ended" in ended[search]["error"] or "newer" in ended[search]["error"]
        assert "error" not in ended[after]
        assert ask(page, "past", by=0) == (3 if newer == "end jump" else 0)


def test_a_question_before_the_first_frame_waits_until_the_games_thread_begins_the_session(tmp_path: Path) -> None:
    frames = RecordedFrames(recording(tmp_path))
    with Timeline(frames, lambda: None, Controls(), tmp_path / "kept") as timeline:
        game = Inspected(timeline=timeline)
        with game.page() as page:
            early = send(page, "past", position=3)
            ask(page, "end jump")  # it has come to the first one by then
            assert game.session.state is State.NEW
            with game:
                assert answer(page, early)["value"] == 3
