"""Ctrl-C, or a signal handler that closes the session, at any line of the session's modules.

The session goes on, or is closed by the next close; nothing is lost, delivered twice, or left behind.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.examples import QUICK
from support.interrupts import interrupted_life, life_with_handler

SOME = {False: 239 if QUICK else 47, True: 127}
"""Lines from one interrupt to the next, without and with threads; primes, to meet every call."""


Lives = Callable[..., tuple[bool, list[str]]]


def interrupt_lines(lives: Lives, folder: Path, *, threads: bool, every: int) -> None:
    line, wrong = 1, list[str]()
    while True:
        there, what = lives(line, folder, threads=threads)
        wrong += what
        if not there:
            break
        line += every
    assert line > 1000, "the life has fewer lines than it had: does the trace function see them?"
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("lives", [interrupted_life, life_with_handler])
def test_at_some_lines(tmp_path: Path, lives: Lives, threads: bool) -> None:
    interrupt_lines(lives, tmp_path, threads=threads, every=SOME[threads])


@pytest.mark.skipif("HALSCOPE_EVERY_LINE" not in os.environ, reason="takes half an hour; HALSCOPE_EVERY_LINE=1 runs it")
@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("lives", [interrupted_life, life_with_handler])
def test_at_every_line(tmp_path: Path, lives: Lives, threads: bool) -> None:
    interrupt_lines(lives, tmp_path, threads=threads, every=1)
