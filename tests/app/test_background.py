"""Work in the background: its result, its errors, its priority."""

from __future__ import annotations

import os
import sys
import threading

import pytest
from halscope.app import _background
from halscope.app._background import NICENESS, background_threads, in_background
from halscope.session import CancelToken
from halscope_hooks import CancelledError


def test_what_the_work_gives_comes_back_and_what_it_raises_too() -> None:
    assert in_background(lambda: 7) == 7
    with pytest.raises(ValueError, match="invalid literal"):
        in_background(lambda: int("lost"))


def test_cancelled_work_that_answers_says_what_it_has_to_say() -> None:
    token = CancelToken()

    def work() -> int:
        token.wait(60)
        return 7

    threading.Timer(0.05, token.cancel).start()
    assert in_background(work, token) == 7


def test_cancelled_work_that_does_not_answer_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_background, "ANSWER_SECONDS", 0.05)
    token, go_on = CancelToken(), threading.Event()
    threading.Timer(0.05, token.cancel, ["enough"]).start()
    with pytest.raises(CancelledError, match="enough"):
        in_background(lambda: go_on.wait(60), token)
    go_on.set()
    assert "is abandoned" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_only_the_work_has_a_lower_priority() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def of_a_helper() -> int:
        seen: list[int] = []
        helper = threading.Thread(target=lambda: seen.append(niceness()))
        helper.start()
        helper.join()
        return seen[0]

    before = niceness()
    lowered = max(before, NICENESS)
    assert in_background(lambda: (niceness(), of_a_helper())) == (lowered, lowered)
    assert niceness() == before


def test_the_game_keeps_a_core_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads in ((8, 7), (2, 1), (1, 1), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert background_threads() == threads
