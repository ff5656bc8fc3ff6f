"""Cancel tokens: a cancel is final, keeps the first reason, and reaches children, callbacks and C++."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from halscope.session import CancelToken
from halscope_hooks import CancelledError


def test_the_first_reason_stands_and_only_its_call_says_so() -> None:
    token = CancelToken()
    assert not token.cancelled
    assert token.reason is None
    assert token.cancel("first")
    assert not token.cancel("second")
    assert token.cancelled
    assert token.reason == "first"
    with pytest.raises(CancelledError, match="first"):
        token.raise_if_cancelled()


def test_an_open_token_raises_nothing() -> None:
    CancelToken().raise_if_cancelled()


def test_what_c_plus_plus_looks_at_is_raised_with_it() -> None:
    token = CancelToken()
    assert not token.native.cancelled
    token.cancel()
    assert token.native.cancelled


@pytest.mark.slow
def test_of_many_threads_exactly_one_cancels() -> None:
    for _ in range(50):
        token, barrier, won = CancelToken(), threading.Barrier(8), list[str]()

        def cancel(
            number: int,
            token: CancelToken = token,
            barrier: threading.Barrier = barrier,
            won: list[str] = won,
        ) -> None:
            barrier.wait(60)
            if token.cancel(str(number)):
                won.append(str(number))

        threads = [threading.Thread(target=cancel, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert won == [token.reason]


def test_a_parent_reaches_children_and_grandchildren_but_a_child_not_its_parent() -> None:
    parent = CancelToken()
    child, other = CancelToken(parent), CancelToken(parent)
    grandchild = CancelToken(child)
    assert other.cancel("own")
    assert not parent.cancelled
    parent.cancel("all")
    assert [each.reason for each in (child, grandchild, other)] == ["all", "all", "own"]
    assert grandchild.native.cancelled


def test_a_child_of_a_cancelled_parent_is_born_cancelled() -> None:
    parent = CancelToken()
    parent.cancel("over")
    assert CancelToken(parent).reason == "over"


def test_a_child_keeps_the_way_to_its_grandparent() -> None:
    grandparent = CancelToken()
    child = CancelToken(CancelToken(grandparent))
    gc.collect()
    grandparent.cancel("all")
    assert child.reason == "all"


def test_a_parent_keeps_no_child_and_no_trace_of_it() -> None:
    parent = CancelToken()
    gc.disable()
    try:
        gone = [weakref.ref(CancelToken(parent)) for _ in range(100)]
        assert not any(reference() for reference in gone)
        assert not parent._children
    finally:
        gc.enable()


def test_callbacks_are_called_once_also_when_it_is_too_late_and_when_one_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    token, called = CancelToken(), list[str]()
    token.add_callback(lambda: called.append("before"))
    token.add_callback(lambda: 1 / 0)
    take_back = token.add_callback(lambda: called.append("taken back"))
    take_back()
    token.add_callback(lambda: called.append("also before"))
    token.cancel()
    token.cancel()
    token.add_callback(lambda: called.append("after"))
    assert sorted(called) == ["after", "also before", "before"]
    assert "ZeroDivisionError" in caplog.text


def test_a_cancel_that_was_interrupted_is_completed_by_the_next() -> None:
    token, called = CancelToken(), list[str]()

    def interrupted() -> None:
        raise KeyboardInterrupt

    token.add_callback(lambda: called.append("told"))
    token.add_callback(interrupted)
    with pytest.raises(KeyboardInterrupt):
        token.cancel("first")
    assert not token.cancel("second")
    assert called == ["told"]
    assert token.reason == "first"


def test_a_token_can_be_cancelled_inside_its_own_callback() -> None:
    token, inside = CancelToken(), list[bool]()
    token.add_callback(lambda: inside.append(token.cancel("again")))
    assert token.cancel("first")
    assert inside == [False]


def test_wait_ends_with_a_cancel_and_leaves_nothing_behind() -> None:
    token = CancelToken()
    assert not token.wait(0.001)
    assert not token._listeners
    thread = threading.Thread(target=token.cancel)
    thread.start()
    assert token.wait(60)
    thread.join(60)
