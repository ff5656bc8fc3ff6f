"""Files that a page sends: only with the token and from the page itself, and not too long."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest
from halscope.inspector._uploads import MOST_BYTES
from support.inspected import Inspected, inspected, text_message


@pytest.fixture(scope="module")
def game() -> Iterator[Inspected]:
    with inspected() as running:
        yield running


def send(
    game: Inspected, body: bytes, *, length: int | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """POST a body as the page does; headers replace its own, an empty one leaves it out."""
    own = f"127.0.0.1:{game.inspector.port}"
    sent = {"Origin": f"http://{own}", "Authorization": f"Bearer {game.token}"} | (headers or {})
    connection = http.client.HTTPConnection("127.0.0.1", game.inspector.port, timeout=20)
    connection.putrequest("POST", "/upload")
    connection.putheader("Content-Length", str(len(body) if length is None else length))
    for name, value in sent.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_file_with_the_token_is_kept_until_it_is_taken(game: Inspected) -> None:
    status, body = send(game, b"picture")
    assert status == 200
    name = json.loads(body)["upload"]
    with game.page() as page:
        for reason in ("cannot be edited from here", "cannot be edited from here"):
            page.send(json.dumps({"type": "drop", "id": 1, "upload": name, "name": "a.png"}))
            assert reason in text_message(page, "answer")["error"]
    uploads = game.inspector._uploads
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
    status, body = send(game, b"", length=MOST_BYTES + 1)
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
