"""The changes in an update are relative to the last update that its subscriber received."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from halscope.session import Session
from halscope_hooks import Event, Snapshot, Update
from support.made_host import MadeHost, eventually, made_snapshot

FIRST = made_snapshot(1)


def with_tile(snapshot: Snapshot, tile: int, value: int) -> Snapshot:
    """The next frame, with another tile."""
    vram = snapshot.vram.copy()
    vram[32 * tile : 32 * tile + 32] = value
    return replace(snapshot, vram=vram, frame=snapshot.frame + 1)


def decode(session: Session, snapshot: Snapshot) -> None:
    """Have it decoded for sure; nothing is delivered."""
    before = session.stats().decoded
    session.submit(snapshot)
    assert eventually(lambda: session.stats().decoded > before)


def updates(heard: list[Event]) -> list[Update]:
    return [event for event in heard if isinstance(event, Update)]


def test_the_first_update_of_a_subscriber_is_all_new_whenever_it_came() -> None:
    host = MadeHost()
    with Session(host) as session:
        session.submit(FIRST)
        heard: list[Event] = []
        kept = session.subscribe(heard.append, Update)
        session.submit(with_tile(FIRST, 5, 9))
        session.submit(with_tile(with_tile(FIRST, 5, 9), 6, 9))
        first, second = updates(heard)
        assert first.changes.tiles.tolist() == list(range(2048))
        assert first.changes.sprites.tolist() == list(range(128))
        assert first.changes.palettes.tolist() == list(range(16))
        assert second.changes.tiles.tolist() == [6]
        assert second.changes.palettes.size == 0
        assert not kept.closed


def test_what_a_slow_subscriber_missed_is_in_the_next_changes() -> None:
    host = MadeHost()
    with Session(host, threads=True, workers=2) as session:
        slow: list[Event] = []
        kept = session.subscribe(slow.append, Update)
        decode(session, FIRST)
        session.pump()
        second = with_tile(FIRST, 5, 9)
        third = with_tile(second, 700, 9)
        decode(session, second)
        decode(session, replace(third, cgram=np.full(256, 7, np.uint16)))
        decode(session, replace(third, frame=4, cgram=np.full(256, 7, np.uint16)))
        session.pump()
        _, update = updates(slow)
        assert update.snapshot.frame == 4
        assert update.changes.tiles.tolist() == [5, 700]
        assert update.changes.palettes.tolist() == list(range(16))
        assert kept.dropped == 2


def test_nothing_changes_where_the_picture_stands_still() -> None:
    host = MadeHost()
    with Session(host) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append, Update)
        for frame in (1, 2):
            session.submit(replace(FIRST, frame=frame))
        first, second = updates(heard)
        assert first.changes
        assert not second.changes
        assert not kept.closed
