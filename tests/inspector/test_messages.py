"""Messages from a page are foreign bytes: whatever they are, they are understood or refused with a reason."""

from __future__ import annotations

import contextlib
import json

import pytest
from halscope.inspector._messages import MOST_PICTURE, MOST_TEXT, BadRequestError, Request, read_request
from halscope.inspector._questions import KINDS
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_is_a_request_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert read_request(text, KINDS).kind in KINDS


@given(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(["vram", "bpp", "factor", "buttons", "id"]), JSON, max_size=4),
)
def test_any_field_is_in_its_range_or_refused(kind: str, fields: dict[str, object]) -> None:
    with contextlib.suppress(UsageError):
        request = read_request(json.dumps({"type": kind, **fields}), KINDS)
        assert 0 <= request.integer("vram", 0, 0xFFFF) <= 0xFFFF
        assert 0 <= request.number("factor", 0, 16) <= 16
        assert set(request.names("buttons", ["a", "b"])) <= {"a", "b"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * (MOST_PICTURE + 1), "too long"),
        ("[" * 3000, "no JSON"),
        ("{", "no JSON"),
        ("[1]", "expected a JSON object"),
        ('{"type": "format"}', "expected one of seen"),
        ('{"type": ["seen"]}', "expected one of seen"),
        ('{"type": "seen", "id": -1}', "expected an integer"),
        ('{"type": "seen", "id": true}', "expected an integer"),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read_request(text, KINDS)


@pytest.mark.parametrize("message", [{"type": "format", "id": 7}, {"type": "pause", "id": 7, "more": "x" * MOST_TEXT}])
def test_the_refusal_of_a_message_has_its_id(message: dict[str, object]) -> None:
    with pytest.raises(BadRequestError) as refused:
        read_request(json.dumps(message), KINDS)
    assert refused.value.number == 7, "or the page waits for ever"


def test_numbers_are_not_booleans_or_infinite() -> None:
    request = Request("speed", 0, json.loads('{"factor": Infinity, "vram": true, "bpp": 4.0}'))
    for name in ("factor", "vram", "missing"):
        with pytest.raises(UsageError, match=f"{name} is"):
            request.number(name, 0, 100)
    with pytest.raises(UsageError, match="expected an integer"):
        request.integer("bpp", 2, 8)
