"""The mailbox: the newest item wins, replaced items are counted, and one thread at a time works."""

from __future__ import annotations

import threading

from halscope.session._mailbox import Mailbox
from hypothesis import given
from hypothesis import strategies as st
from support.made_host import WAIT


def test_the_newest_wins_and_what_it_replaced_is_counted() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    assert box.unattended, "nobody works yet, so whoever puts must see to it"
    box.put(2)
    box.put(3)
    assert box.take() == 3
    box.settle(done=True)
    assert box.take() is None
    assert box.counts == (3, 1, 0, 2, 0)


def test_an_item_that_comes_during_the_work_is_taken_by_the_same_worker() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    with box.claim() as mine:
        assert mine
        assert box.take() == 1
        box.put(2)
        assert not box.unattended, "there is one at work, who takes it next"
        assert box.take() == 2
    box.put(3)
    assert box.unattended, "the right was given back"


def test_the_right_is_to_be_had_once_nobody_works() -> None:
    box: Mailbox[int] = Mailbox()
    got = threading.Event()

    def wait_for_it() -> None:
        with box.claim(WAIT) as mine:
            if mine:
                got.set()

    with box.claim() as mine:
        assert mine
        with box.claim(WAIT) as again:
            assert not again, "and a thread does not wait for itself"
        threading.Thread(target=wait_for_it, daemon=True).start()
        assert not got.wait(0.05), "the right is not to be had while somebody works"
    assert got.wait(WAIT)


def test_a_pause_keeps_the_newest() -> None:
    box: Mailbox[int] = Mailbox()
    box.pause()
    box.put(1)
    box.put(2)
    assert box.take() is None
    assert not box.unattended
    box.resume()
    assert box.take() == 2


def test_an_old_item_gives_way_to_one_that_waits() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(2)
    box.put_if_empty(1)
    assert box.take() == 2


def test_what_is_fed_replaces_what_waits() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.feed(2)
    box.settle(done=False)
    assert box.counts == (2, 0, 1, 1, 0)


@given(
    st.lists(st.sampled_from(["put", "old", "take", "done", "failed", "feed", "pause", "resume", "drop"]), max_size=60)
)
def test_nothing_is_lost_but_what_is_counted(steps: list[str]) -> None:
    box: Mailbox[int] = Mailbox()
    for number, step in enumerate(steps):
        match step:
            case "put":
                box.put(number)
            case "old":
                box.put_if_empty(-1)
            case "take":
                box.take()
            case "feed":
                box.feed(number)
            case "pause":
                box.pause()
            case "resume":
                box.resume()
            case "drop":
                box.drop()
            case _:
                box.settle(done=step == "done")
        counts = box.counts  # the right is free, so the item at work counts as dropped
        assert counts.seen == counts.done + counts.failed + counts.dropped + counts.waiting


def test_with_many_threads_one_works_at_a_time_and_the_last_item_is_always_worked_on() -> None:
    box: Mailbox[int] = Mailbox()
    at_work = 0
    overlaps = 0
    done: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        nonlocal at_work, overlaps
        while box.waiting:
            with box.claim() as mine:
                if not mine:
                    return
                while (item := box.take()) is not None:
                    with lock:
                        at_work += 1
                        overlaps += at_work > 1
                    done.append(item)
                    with lock:
                        at_work -= 1
                    box.settle(done=True)

    def put(first: int) -> None:
        for item in range(first, first + 2000):
            box.put(item)
            if box.unattended:
                work()

    threads = [threading.Thread(target=put, args=(start,)) for start in (0, 10_000, 20_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert overlaps == 0
    assert not box.waiting, "an item was left lying"
    assert len(done) == len(set(done)) == box.counts.done == box.counts.seen - box.counts.dropped
