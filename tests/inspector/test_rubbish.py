"""A page that asks rubbish: each question is answered or refused, nothing fails in the server, the game goes on."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.inspector._questions import QUESTIONS
from hypothesis import Phase, given
from hypothesis import strategies as st
from support.examples import examples
from support.inspected import frame_numbers, posted
from support.made_host import eventually
from support.page_game import Game
from support.pngs import SIGNATURE, chunk, header
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

BLOCK = truth()["blocks"][0]["offset"]
FITTING: dict[str, Any] = {
    "action": "undo",
    "bpp": 4,
    "buttons": ["a"],
    "by": -1,
    "block_offset": BLOCK,
    "byte_offset": 0,
    "cells": 256,
    "codec": "hal",
    "colour": 129,
    "colours": [[129, 0x1F]],
    "end": False,
    "everywhere": False,
    "factor": 1,
    "format": "bps",
    "frame": 1,
    "height": 8,
    "kind": "gif",
    "last": "",
    "length": 64,
    "name": "frame-000001",
    "number": 1,
    "offset": BLOCK,
    "only": ["obsel"],
    "pixels": base64.b64encode(bytes(64)).decode(),
    "position": 100,
    "revision": "",
    "since": 0,
    "sprite": 0,
    "sprites": [0, 1],
    "step": 0,
    "to": "first",
    "upload": "none",
    "vram": 0x8000,
    "width": 8,
}
"""A value for each field that any question has."""
MOVES = {"past", "live", "rewind", "play from", "load state", "jump"}
"""Questions after which another frame is shown."""
PATHS = (
    "../../stolen",
    "..\\..\\stolen",
    "/stolen",
    "C:\\stolen",
    "\\\\host\\share",
    "file:///stolen",
    "with\0nul",
    "CON",
    "NUL.png",
    "aux.state",
    "palettes/../../stolen",
    ".",
    "..",
    "",
    "x" * 3000,
    "\ud800",
    "\x1b[2J",
    "ﬁ/ｘ",
)
NUMBERS = (-1, 1, 3, 5, 127, 128, 255, 256, 0xFFFF, 0x10000, 1 << 24, 1 << 31, 1 << 53, 1 << 64, 10**300, 0.5, -1e308)
DEEP: Any = json.loads("[" * 300 + "]" * 300)
RUBBISH = st.one_of(
    st.sampled_from(PATHS),
    st.sampled_from(NUMBERS),
    st.sampled_from([None, True, False, float("nan"), float("inf"), [], {}, DEEP, [[1, 2]] * 300]),
    st.lists(st.sampled_from([0, 1, 127, 128, -1, True, None, "x", [0, 1], [0, 1 << 64], [256, 0]]), max_size=20),
)


def door(game: Game) -> tuple[int, str]:
    """The port and the token of a game's page."""
    [(port, token)] = re.findall(r":(\d+)/#(\S+)", game.address)
    return int(port), token


def page_of(game: Game) -> ClientConnection:
    """Connect as a page does."""
    port, token = door(game)
    own = f"127.0.0.1:{port}"
    return connect(f"ws://{own}/live?token={token}", origin=Origin(f"http://{own}"), compression=None)


WIDE = SIGNATURE + header(0x7FFFFFFF, 0x7FFFFFFF) + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")
"""A picture that says that it has more pixels than there is memory."""


class Asking:
    """A page that is connected to a game, and shows one frame of it."""

    def __init__(self, game: Game, folder: Path, page: ClientConnection) -> None:
        self.game, self.folder = game, folder
        self._asked = 0
        self._page = page
        self._is_still = False
        figures: list[dict[str, Any]] = []
        while not figures or self.ask("blocks")["value"] is None:  # until the ROM is indexed, and a scene is shown
            figures = [one for one in self.ask("figures")["value"] or [] if one["origins"] and not one["unknown"]]
            threading.Event().wait(0.02)
        self.position = self.ask("past", by=-1)["value"]
        self._is_still = True
        [sprite, *_] = self.ask("figures")["value"][0]["sprites"]  # of that frame
        self.fitting = FITTING | {"sprite": sprite, "name": self.ask("keep")["value"], "position": self.position}

    def ask(self, kind: str, /, **fields: object) -> dict[str, Any]:
        """The answer to a question. Frames are not acknowledged any more, so that the same one stays shown."""
        self._asked += 1
        until = time.monotonic() + 120  # notices come all the time, so it is no time without a message
        self._page.send(json.dumps(fields | {"type": kind, "id": self._asked}))
        while True:
            message = self._page.recv(timeout=60)
            if isinstance(message, bytes) and not self._is_still:
                self._page.send('{"type": "seen"}')
            found: dict[str, Any] = json.loads(message) if isinstance(message, str) else {}
            if found.get("id") == self._asked:
                return found
            assert time.monotonic() < until, f"unanswered: {kind} {fields}"

    def send(self, data: bytes) -> str:
        """The name of a file that was sent as a page does."""
        status, body = posted(*door(self.game), data)
        assert status == 200
        name: str = json.loads(body)["upload"]
        return name

    @property
    def failures(self) -> str:
        """What the server has said of failures of its own."""
        said = self.game.errors.read_text()
        found = re.search(r"(ERROR|CRITICAL|Traceback)", said)
        return "" if found is None else said[found.start() :]

    def files(self) -> set[str]:
        """All files of the folder and of those above it that are the test's own."""
        return {path.relative_to(self.folder.parent).as_posix() for path in self.folder.parent.rglob("*")}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    folder = tmp_path_factory.mktemp("rubbish") / "a" / "b"
    (folder / "game").mkdir(parents=True)
    with rom_path() as rom, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALSCOPE_DATA_DIR", str(folder / "game" / "data"))
        game = Game(folder / "game", rom, "--watch", folder / "game" / "sheets", editor="true", scene="title")
        try:
            assert eventually(lambda: "a sheet appears" in game.errors.read_text())
            with page_of(game) as page:
                made = Asking(game, folder, page)
                yield made
                made.ask("speed", factor=1)
                made.ask("resume")
            with page_of(game) as page:
                numbers = frame_numbers(page, 5)
            assert numbers == sorted(set(numbers)), "the game goes on"
        finally:
            status = game.end()
        assert status == 0, game.errors.read_text()
        assert made.failures == ""
        outside = {name for name in made.files() if not name.startswith(("b/game/sheets", "b/game/data"))}
        assert outside == {"b", "b/game", "b/game/errors.txt", "b/game/title.state"}


@given(
    st.sets(st.sampled_from(sorted(FITTING)), max_size=12),
    st.dictionaries(st.sampled_from(sorted(FITTING)), RUBBISH, min_size=3, max_size=8),
)
@examples(2, phases=[Phase.generate])  # an example is 50 questions: to make one that failed smaller would take minutes
def test_any_field_of_any_question_is_answered_or_refused(
    asking: Asking, missing: set[str], rubbish: dict[str, Any]
) -> None:
    asking.ask("past", position=asking.position)  # a frame with figures, whatever was shown last
    fields = {name: value for name, value in asking.fitting.items() if name not in missing} | rubbish
    for kind in sorted(QUESTIONS, key=MOVES.__contains__):
        answer = asking.ask(kind, **fields)
        assert ("error" in answer) != ("value" in answer), answer
        assert asking.failures == "", (kind, fields)


def test_the_name_of_a_dropped_file_leads_nowhere(asking: Asking) -> None:
    asking.ask("past", position=asking.position)
    sprite = asking.fitting["sprite"]
    for name in PATHS[::6]:
        for data, onto, reason in (
            (b"no picture", None, "no sheet"),
            (b"no picture", sprite, "PNG"),
            (WIDE, sprite, ""),
        ):
            answer = asking.ask("drop", upload=asking.send(data), name=name, sprite=onto)
            assert "error" in answer, answer
            refused = answer["error"]
            assert reason in refused
            assert "shows nothing" not in refused
        assert asking.ask("drop", upload=name, name="a.png", sprite=sprite)["error"].endswith("drop it again")
    assert asking.failures == ""


@pytest.mark.parametrize("name", ["CON", "aux", "../../stolen", "C:\\stolen", "x" * 3000, "\ud800", "Hero"])
def test_a_figure_is_called_by_no_path(asking: Asking, name: str) -> None:
    asking.ask("past", position=asking.position)
    answer = asking.ask("name_figure", sprite=asking.fitting["sprite"], name=name)
    if name in ("CON", "aux", "x" * 3000, "\ud800"):
        assert name[:3] in answer["error"] or "letter" in answer["error"], answer
    else:
        assert re.fullmatch(r"[a-z0-9]+-[0-9a-f]{6}/[A-Za-z0-9_-]+", answer["value"]), answer
    assert asking.failures == ""
