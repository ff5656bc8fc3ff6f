"""The mailbox: the newest wins, what it replaced is counted, and no two work at a time."""

from __future__ import annotations

import threading

import pytest
from halscope.session._mailbox import Mailbox
from hypothesis import given
from hypothesis import strategies as st
from support.made_host import WAIT


def test_the_newest_wins_and_what_it_replaced_is_counted() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.put(1), "nobody works yet, so the first who puts must see to it"
    assert not box.put(2)
    assert not box.put(3)
    assert (box.take(), box.seen, box.replaced) == (3, 3, 2)
    assert box.take() is None
    assert box.put(4), "who worked has given the right back"


def test_an_item_that_comes_during_the_work_is_taken_by_the_same_worker() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.put(1)
    assert box.take() == 1
    assert not box.put(2), "there is one at work, who takes it next"
    assert box.take() == 2


def test_who_waits_for_the_right_gets_it_and_is_told_of_items_that_came_meanwhile() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.acquire(0)
    with pytest.raises(RuntimeError, match="already"):
        box.acquire(0)
    assert not box.put(1)
    assert box.release(), "an item came in, and nobody works on it yet"
    assert box.take() == 1
    got = threading.Event()

    def wait_for_it() -> None:
        if box.acquire(WAIT):
            got.set()

    threading.Thread(target=wait_for_it, daemon=True).start()
    assert not got.wait(0.05), "the right is not to be had while somebody works"
    assert box.take() is None
    assert got.wait(WAIT)


def test_a_pause_keeps_the_newest() -> None:
    box: Mailbox[int] = Mailbox()
    box.pause()
    assert not box.put(1)
    assert not box.put(2)
    assert box.take() is None
    assert box.resume()
    assert box.take() == 2


def test_an_old_item_gives_way_to_one_that_waits() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(2)
    assert not box.put_if_empty(1)
    assert box.take() == 2


@given(st.lists(st.sampled_from(["put", "old", "take", "pause", "resume", "give up", "unclaim"]), max_size=60))
def test_nothing_is_lost_but_what_is_counted(steps: list[str]) -> None:
    box: Mailbox[int] = Mailbox()
    taken = 0
    for number, step in enumerate(steps):
        match step:
            case "put":
                box.put(number)
            case "old":
                box.put_if_empty(-1)
            case "take":
                item = box.take()
                taken += item is not None and item >= 0
            case "pause":
                box.pause()
            case "resume":
                box.resume()
            case "give up":
                box.give_up()
            case _:
                box.unclaim()
        assert box.seen == taken + box.replaced + len(box)


def test_with_many_threads_one_works_at_a_time_and_the_last_item_is_always_worked_on() -> None:
    box: Mailbox[int] = Mailbox()
    at_work = 0
    overlaps = 0
    done: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        nonlocal at_work, overlaps
        while (item := box.take()) is not None:
            with lock:
                at_work += 1
                overlaps += at_work > 1
            done.append(item)
            with lock:
                at_work -= 1

    def put(first: int) -> None:
        for item in range(first, first + 2000):
            if box.put(item):
                work()

    threads = [threading.Thread(target=put, args=(start,)) for start in (0, 10_000, 20_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert overlaps == 0
    assert len(box) == 0, "an item was left lying"
    assert len(done) == len(set(done)) == box.seen - box.replaced
