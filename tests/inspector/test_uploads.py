"""Files that a page sends: only with the token and from the page itself, not too long, and not too many."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator

import pytest
from halscope.app import MOST_PICTURE_BYTES
from support.inspected import Inspected, frame_numbers, inspected, posted, text_message
from support.made_host import eventually


@pytest.fixture(scope="module")
def game() -> Iterator[Inspected]:
    with inspected() as running:
        yield running


def send(
    game: Inspected, body: bytes, *, length: int | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """POST a body as the page does; headers replace its own, an empty one leaves it out."""
    return posted(game.inspector.port, game.token, body, length=length, headers=headers)


def test_a_file_with_the_token_is_kept_until_it_is_taken(game: Inspected) -> None:
    status, body = send(game, b"picture")
    assert status == 200
    name = json.loads(body)["upload"]
    with game.page() as page:
        for reason in ("cannot be edited from here", "cannot be edited from here"):
            page.send(json.dumps({"type": "drop", "id": 1, "upload": name, "name": "a.png"}))
            assert reason in text_message(page, "answer")["error"]
    uploads = game.inspector._site.uploads
    assert uploads.take(name) == b"picture"
    for _ in range(5):
        name = json.loads(send(game, b"x" * 100)[1])["upload"]
    assert uploads.take(name) == b"x" * 100
    with pytest.raises(Exception, match="drop it again"):
        uploads.take(name)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer wrong"},
        {"Origin": ""},
        {"Origin": "http://example.org"},
    ],
)
def test_a_file_of_somebody_else_is_refused(game: Inspected, headers: dict[str, str]) -> None:
    assert send(game, b"picture", headers=headers)[0] == 403


def test_a_file_that_is_too_long_is_refused_before_it_is_read(game: Inspected) -> None:
    status, body = send(game, b"", length=MOST_PICTURE_BYTES + 1)
    assert (status, body) == (413, b"a file may have 4 MiB")


@pytest.mark.parametrize(
    "question",
    [
        '{"type": "edit_step", "action": "undo", "id": 3}',
        '{"type": "edit_step", "action": "destroy", "id": 3}',
        '{"type": "edit_picture", "step": 1, "number": 1, "id": 3}',
        '{"type": "export", "format": "bps", "id": 3}',
        '{"type": "export", "format": "../x.sfc", "id": 3}',
        '{"type": "uses", "vram": 0, "bpp": 4, "id": 3}',
        '{"type": "uses", "vram": 0, "bpp": 3, "id": 3}',
    ],
)
def test_questions_about_edits_are_refused_where_nothing_can_be_edited(game: Inspected, question: str) -> None:
    with game.page() as page:
        page.send(question)
        assert text_message(page, "answer")["error"]


def begun(game: Inspected, length: int) -> socket.socket:
    """Begin to send a file of this length, and stop in its midst."""
    own = f"127.0.0.1:{game.inspector.port}"
    one = socket.create_connection(("127.0.0.1", game.inspector.port), 60)
    one.sendall(
        f"POST /upload HTTP/1.1\r\nHost: {own}\r\nOrigin: http://{own}\r\nAuthorization: Bearer {game.token}\r\n"
        f"Content-Length: {length}\r\n\r\n{'x' * (length // 2)}".encode()
    )
    return one


def test_files_that_never_end_take_no_more_room_than_four(game: Inspected, caplog: pytest.LogCaptureFixture) -> None:
    before, kept = game.frames, game.inspector._site.uploads
    with contextlib.ExitStack() as open_ones:
        for _ in range(40):
            open_ones.enter_context(contextlib.closing(begun(game, 1000)))
        assert eventually(lambda: send(game, b"one more")[0] == 503)
        assert eventually(lambda: game.frames > before + 20)
    assert eventually(lambda: send(game, b"picture")[0] == 200), "those that were cut off make room"
    assert all(not data.startswith(b"xxxx") or len(data) < 500 for data in kept._files.values()), "none is kept in part"
    assert [one.getMessage() for one in caplog.records] == []


def test_a_flood_of_questions_is_refused_and_others_get_their_frames(
    game: Inspected, caplog: pytest.LogCaptureFixture
) -> None:
    with game.page() as flood, game.page() as other:
        for number in range(1, 1001):
            flood.send(json.dumps({"type": "raw", "id": number, "offset": 0, "length": 1}))
        assert len(frame_numbers(other, 10)) == 10
        answers = [text_message(flood, "answer") for _ in range(1000)]
        assert sorted(one["id"] for one in answers) == list(range(1, 1001))
        assert {one.get("error", "") for one in answers} <= {"", "too many questions are open; 8 are allowed"}
    assert [one.getMessage() for one in caplog.records] == []
