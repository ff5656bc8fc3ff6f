"""Notices to pages: in order, and bounded for a page that takes none."""

from __future__ import annotations

import asyncio
import json

from halscope.inspector._notices import MOST_WAITING, Notices, Waiting


def test_a_page_gets_each_notice_in_the_order_in_which_they_came() -> None:
    async def taken() -> list[int]:
        notices, waiting = Notices(), Waiting()
        notices.post("edits", {"number": 0})
        notices.subscribe(waiting, waiting.add)
        for number in range(1, MOST_WAITING):
            notices.post("edits", {"number": number})
        return [json.loads(await waiting.take())["number"] for _ in range(MOST_WAITING)]

    assert asyncio.run(taken()) == list(range(MOST_WAITING))


def test_a_page_that_takes_none_gets_the_newest_of_each_type() -> None:
    count = 20 * MOST_WAITING

    async def taken() -> list[tuple[str, int]]:
        waiting = Waiting()
        waiting.add("edits", "-1")
        for number in range(count):
            waiting.add("timeline" if number % 2 else "states", str(number))
            assert len(waiting._notices) <= MOST_WAITING
        found = []
        while waiting._notices:
            kind = waiting._notices[0][0]
            found.append((kind, int(await waiting.take())))
        return found

    found = asyncio.run(taken())
    assert found[0] == ("edits", -1)
    assert found[-2:] == [("states", count - 2), ("timeline", count - 1)]


def test_a_page_that_waits_is_told_at_once() -> None:
    async def told() -> str:
        waiting = Waiting()
        taking = asyncio.ensure_future(waiting.take())
        await asyncio.sleep(0)
        waiting.add("paused", "yes")
        return await taking

    assert asyncio.run(told()) == "yes"
