"""Texts and outlines as messages to emulators hold them."""

from __future__ import annotations

from halscope.hosts._clipping import clipped, utf8
from halscope_hooks import Outline
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples


@examples(200)
@given(st.text(), st.integers(0, 40))
def test_a_text_is_cut_between_two_characters(value: str, most: int) -> None:
    whole, cut = value.encode("utf-8", "replace").decode(), utf8(value, most)
    assert len(cut) <= most
    assert whole.startswith(cut.decode())
    assert len(cut) == len(whole.encode()) or len(cut) > most - 4


def test_a_lone_surrogate_is_replaced() -> None:
    assert utf8("a\udc80b", 9) == b"a?b"


@examples(200)
@given(*[st.integers(-(1 << 70), 1 << 70)] * 2, *[st.integers(0, 1 << 70)] * 2)
def test_edges_on_the_screen_stay_where_they_are(x: int, y: int, width: int, height: int) -> None:
    left, top, across, down = clipped(Outline(x, y, width, height))
    for before, after in ((x, left), (x + width, left + across), (y, top), (y + height, top + down)):
        assert abs(after) < 0x4000
        assert after == before or min(abs(before), abs(after)) >= 0x3FFF
    assert 0 <= across < 0x8000
    assert 0 <= down < 0x8000
