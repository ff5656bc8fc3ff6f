"""The server's door: only its own page, with the token, is let in; whatever else comes, the game goes on."""

from __future__ import annotations

import contextlib
import json
import posixpath
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from halscope.app import Controls, Workspace
from halscope.inspector._messages import MOST_PICTURE, MOST_TEXT
from halscope_hooks import Host, Update
from support.inspected import Inspected, frame_numbers, inspected, text_message
from support.made_host import MadeHost, eventually
from websockets.exceptions import ConnectionClosed, InvalidStatus


@pytest.fixture(scope="module")
def game() -> Iterator[Inspected]:
    with inspected() as running:
        yield running


@pytest.fixture(autouse=True)
def the_game_goes_on(game: Inspected) -> Iterator[None]:
    yield
    before = game.frames
    assert eventually(lambda: game.frames > before)
    with game.page() as page:
        assert text_message(page, "hello")["emulator"]


def test_a_page_is_told_each_frame_that_it_has_room_for(game: Inspected) -> None:
    with game.page() as page:
        numbers = frame_numbers(page, 20)
    assert numbers == sorted(set(numbers))


def test_a_page_that_stalls_gets_two_frames_and_delays_nobody(game: Inspected) -> None:
    with game.page() as stalled, game.page() as other:
        numbers = frame_numbers(other, 30)
        assert numbers[-1] > numbers[0] + 20
        found = [stalled.recv(timeout=60) for _ in range(3)]  # hello, and two frames
        assert [type(message) for message in found] == [str, bytes, bytes]
        with pytest.raises(TimeoutError):
            stalled.recv(timeout=0.3)


def test_the_page_and_its_files_are_served_with_a_strict_policy(game: Inspected) -> None:
    for path in ("/", "/main.js", "/views/game.js", "/vendor/preact.mjs"):
        answer = game.get(path)
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert game.token.encode() not in game.get("/").body


def test_the_page_names_all_its_modules_at_its_beginning(game: Inspected) -> None:
    page = game.get("/").body.decode()
    named = re.findall(r'<link rel="modulepreload" href="(.+)">', page)
    (kept,) = {"/".join(name.split("/")[:2]) for name in named}
    assert {f"{kept}/{name}" for name in ("page.js", "vendor/preact.mjs")} <= set(named)
    assert len(named) < 10
    assert page.index("importmap") < page.index("modulepreload") < page.index(f'src="{kept}/page.js"')
    for name in named:
        answer = game.get(f"/{name}")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/javascript")
        folder = PurePosixPath("/", name).parent
        for other in re.findall(r'^(?:import|export)[^;"]*"(\..+)";', answer.body.decode(), re.MULTILINE):
            assert posixpath.normpath(folder / other).removeprefix("/") in named


def test_a_browser_keeps_the_files_of_the_page_and_nothing_else(game: Inspected) -> None:
    answer = game.get("/")
    assert answer.headers["cache-control"] == "no-cache"
    page = answer.body.decode()
    imports = json.loads(re.findall(r'"importmap">(.*)</script>', page)[0])["imports"]
    files = {*re.findall(r'(?:href|src)="([^:"]+)"', page), *imports.values()}
    assert {PurePosixPath(name).suffix for name in files} == {".css", ".js", ".mjs", ""}
    kept = imports.pop("/")  # what is imported by its plain path
    for name in files:
        path = posixpath.normpath(f"/{name.lstrip('/')}")
        assert f"{path}/".startswith(kept)
        if path + "/" == kept:
            continue
        answer = game.get(path)
        assert "immutable" in answer.headers["cache-control"], path
        plain = game.get(f"/{path.removeprefix(kept)}")
        assert plain.headers["cache-control"] == "no-cache"
        assert plain.body == answer.body
    assert game.get(kept.replace("kept/", "kept/0") + "main.js").status == 404, "of other files than these"


@pytest.mark.parametrize(
    "path",
    [
        "/../_server.py",
        "/%2e%2e/_server.py",
        "/..%2f_server.py",
        "/views/..%5c..%5c_server.py",
        "//etc/passwd",
        "/live",
    ],
)
def test_no_file_outside_the_page_is_served(game: Inspected, path: str) -> None:
    assert game.get(path).status in (403, 404)


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "127.0.0.1:1", "", "localhost.example.org:{port}"])
def test_another_host_name_is_refused(game: Inspected, host: str) -> None:
    answer = game.get("/", Host=host.format(port=game.inspector.port))
    assert answer.status in (400, 403)


@pytest.mark.parametrize("token", ["", "wrong", "x" * 1000, "%00", "é"])
def test_a_wrong_token_is_refused(game: Inspected, token: str) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed, UnicodeEncodeError)), game.page(token=token) as page:
        page.recv(timeout=60)


@pytest.mark.parametrize("origin", [None, "http://example.org", "null", "http://127.0.0.1:1", "https://localhost"])
def test_a_foreign_page_is_refused(game: Inspected, origin: str | None) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)), game.page(origin=origin) as page:
        page.recv(timeout=60)
    if origin is not None:
        assert game.get("/", Origin=origin).status == 403


def test_malformed_messages_are_answered_and_giant_ones_end_the_connection(game: Inspected) -> None:
    with game.page() as page:
        for text in ("{", "[]", '{"type": "origin", "id": 7}', '{"type": "press", "buttons": ["power"], "id": 8}'):
            page.send(text)
            assert text_message(page, "answer")["error"]
        page.send('{"type": "pause", "id": 9}')
        assert "cannot be paused" in text_message(page, "answer")["error"]
        page.send(f'{{"type": "origin", "id": 10, "vram": "{"x" * MOST_TEXT}"}}')
        assert "too long" in text_message(page, "answer")["error"]
        page.send("x" * (MOST_PICTURE + 1))
        with pytest.raises(ConnectionClosed):
            text_message(page, "answer")


def test_bytes_that_are_no_message_end_the_connection_alone(game: Inspected) -> None:
    with game.page() as page:
        page.send(b"\x00\x01")
        with pytest.raises(ConnectionClosed):
            text_message(page, "answer")


def test_a_binary_message_is_refused_with_a_reason(game: Inspected) -> None:
    with game.page() as page:
        page.send(b'{"type": "seen"}')
        with pytest.raises(ConnectionClosed, match=r"1003.*JSON texts"):
            text_message(page, "answer")


def test_a_question_that_fails_is_refused_and_logged(
    game: Inspected, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def workspace() -> Workspace | None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(game, "workspace", workspace)
    with game.page() as page:
        frame_numbers(page, 1)
        for number in (1, 2):
            page.send(f'{{"type": "blocks", "id": {number}}}')
            assert text_message(page, "answer") == {"type": "answer", "id": number, "error": "no such luck"}
    logged = [one for one in caplog.records if one.name == "halscope.inspector"]
    assert ["'blocks'" in one.getMessage() and one.exc_info is not None for one in logged] == [True, True]


def test_slow_questions_delay_neither_frames_nor_buttons(game: Inspected, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def workspace() -> Workspace | None:
        goes_on.wait(20)
        return None

    monkeypatch.setattr(game, "workspace", workspace)
    with game.page() as page:
        frame_numbers(page, 1)
        try:
            for number in range(1, 10):
                page.send(f'{{"type": "origin", "vram": 0, "bpp": 4, "id": {number}}}')
            page.send('{"type": "press", "buttons": ["a"]}')
            assert eventually(lambda: game.controls.held == {"a"})
            refused = text_message(page, "answer")
            assert refused["id"] == 9
            assert "too many questions" in refused["error"]
            frame_numbers(page, 10)
        finally:
            goes_on.set()
        answers = [text_message(page, "answer") for _ in range(8)]
    assert sorted(one["id"] for one in answers) == list(range(1, 9))
    assert all(one["value"] is None for one in answers)


def test_a_thousand_connections_cost_the_game_nothing(game: Inspected) -> None:
    before, open_ones = game.frames, []
    try:
        for _ in range(1000):
            one = socket.socket()
            one.settimeout(5)
            try:
                one.connect(("127.0.0.1", game.inspector.port))
                one.sendall(b"GET / HTTP/1.1\r\n")
            except OSError:
                one.close()
                break
            open_ones.append(one)
        assert len(open_ones) > 100
        assert eventually(lambda: game.frames > before + 50)
    finally:
        for one in open_ones:
            one.close()


def test_a_page_too_many_is_told_so(game: Inspected) -> None:
    assert eventually(lambda: game.inspector.pages == 0)
    with contextlib.ExitStack() as pages:
        for _ in range(16):
            pages.enter_context(game.page())
        assert eventually(lambda: game.inspector.pages == 16)
        with game.page() as page, pytest.raises(ConnectionClosed, match="close one"):
            page.recv(timeout=60)


def test_a_page_hears_of_the_end_and_waits_for_the_next_emulator() -> None:
    with inspected() as game:
        with game.page() as page:
            text_message(page, "hello")
            game.end("the emulator is gone")
            assert "gone" in text_message(page, "ended")["reason"]
            with pytest.raises(ConnectionClosed, match=r"1001 .*the emulator is gone"):
                page.recv(timeout=60)
        with game.page() as page, pytest.raises(ConnectionClosed, match="waiting"):
            page.recv(timeout=60)


def test_a_page_that_is_opened_while_the_game_is_paused_shows_its_last_frame() -> None:
    with inspected() as game:
        assert eventually(lambda: game.frames > 3)
        game.halt()
        for _ in range(2):
            with game.page() as page:
                assert frame_numbers(page, 1)


def test_a_question_is_about_the_frame_that_the_page_shows(game: Inspected, monkeypatch: pytest.MonkeyPatch) -> None:
    def number(update: Update) -> list[int]:
        return [update.snapshot.frame]

    monkeypatch.setattr(game.inspector._answers, "figures", number)
    with game.page() as page:
        shown, newest = frame_numbers(page, 2)
        for meant in (shown, shown, 1 << 40):  # the second time, many newer frames have been sent
            page.send(json.dumps({"type": "figures", "id": 1, "frame": meant}))
            (found,) = text_message(page, "answer")["value"]
            assert found == shown if meant == shown else found >= newest
            newest = frame_numbers(page, 20)[-1]
        page.send('{"type": "figures", "id": 1, "frame": -1}')
        assert "frame" in text_message(page, "answer")["error"]


def test_orders_of_one_kind_do_not_take_each_others_place(game: Inspected, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def answer(offset: int, _: int) -> int:
        assert asked.wait(60)
        return offset

    monkeypatch.setattr(game.inspector._answers, "raw", answer)
    with game.page() as page:
        frame_numbers(page, 1)
        for number in (1, 2, 3):
            page.send(json.dumps({"type": "raw", "id": number, "offset": number, "length": 1}))
        page.send('{"type": "press", "id": 4, "buttons": []}')
        assert text_message(page, "answer")["id"] == 4  # by now, all of them wait
        asked.set()
        answers = [text_message(page, "answer") for _ in range(3)]
    assert sorted(one["value"] for one in answers) == [1, 2, 3]


def test_a_page_that_paints_nothing_hears_of_the_end_too() -> None:
    with inspected() as game, game.page() as page:
        assert [type(page.recv(timeout=60)) for _ in range(3)] == [str, bytes, bytes]  # there is no room for a third
        before = game.frames
        assert eventually(lambda: game.frames > before + 20)
        game.end("the emulator is gone")
        assert "gone" in json.loads(page.recv(timeout=60))["reason"]
        with pytest.raises(ConnectionClosed, match=r"1001 .*the emulator is gone"):
            page.recv(timeout=60)
        assert eventually(lambda: game.inspector.pages == 0)


def test_a_page_that_says_too_often_that_it_has_painted_gets_no_more_frames_ahead(game: Inspected) -> None:
    with game.page() as page:
        text_message(page, "hello")
        for _ in range(500):
            page.send('{"type": "seen"}')
        page.send('{"type": "origin", "id": 1}')  # answered when all the above has been heard
        frames = 0
        while isinstance(page.recv(timeout=60), bytes):
            frames += 1
        with contextlib.suppress(TimeoutError):
            while page.recv(timeout=0.3):
                frames += 1
        assert frames < 250


def test_requests_reach_the_host_on_its_own_thread(game: Inspected) -> None:
    answer = game.controls.ask(lambda host: (host.info.name, threading.current_thread().name))
    assert answer.result(20) == (game.host.info.name, "made game")


def test_what_was_asked_and_cancelled_is_not_done() -> None:
    controls, done = Controls(), list[str]()
    controls.ask(lambda _: done.append("cancelled")).cancel()
    later = controls.ask(lambda _: done.append("asked"))
    controls.run(MadeHost())
    assert later.done()
    assert done == ["asked"]


def test_buttons_are_held_while_their_page_is_there(game: Inspected) -> None:
    with game.page() as page:
        page.send('{"type": "press", "buttons": ["a", "up"]}')
        assert eventually(lambda: game.controls.held == {"a", "up"})
    assert eventually(lambda: not game.controls.held)


def test_all_pages_are_told_that_one_of_them_has_paused_the_game(
    game: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(game.host, "info", replace(game.host.info, capabilities=frozenset({"driven", "paced"})))
    for name in ("pause", "resume"):
        monkeypatch.setattr(game.host, name, lambda: None, raising=False)
    with game.page() as one, game.page() as other:
        for kind, paused in (("pause", True), ("resume", False)):
            one.send(json.dumps({"type": kind}))
            assert text_message(one, "paused")["paused"] is paused
            assert text_message(other, "paused")["paused"] is paused


def test_all_pages_are_told_how_fast_the_game_runs(game: Inspected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game.host, "info", replace(game.host.info, capabilities=frozenset({"driven", "paced"})))
    asked: list[float] = []
    monkeypatch.setattr(game.host, "set_speed", asked.append, raising=False)
    with game.page() as one, game.page() as other:
        assert text_message(other, "hello")["speed"] == 1
        one.send('{"type": "speed", "factor": 0.5}')
        assert text_message(other, "speed")["speed"] == 0.5
    assert asked == [0.5]
    with game.page() as later:
        assert text_message(later, "hello")["speed"] == 0.5


def test_what_a_page_asked_of_the_emulator_is_done_even_if_it_leaves_at_once(
    game: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(game.host, "info", replace(game.host.info, capabilities=frozenset({"driven", "paced"})))
    monkeypatch.setattr(game.host, "pause", lambda: None, raising=False)
    busy, go_on = threading.Event(), threading.Event()

    def keep_busy(_: Host) -> None:
        busy.set()
        assert go_on.wait(60)

    game.controls.ask(keep_busy)
    assert busy.wait(60)
    with game.page() as page:
        page.send('{"type": "pause"}')
    assert eventually(lambda: game.inspector.pages == 0)
    go_on.set()
    assert eventually(lambda: game.controls.paused)
