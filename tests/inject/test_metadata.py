"""The sheet's JSON is untrusted once it has left: every kind of damage is named, none ends in a traceback."""

from __future__ import annotations

import enum
import json
import re
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from halscope.inject import Sheet
from halscope.inject.metadata import from_json, to_json
from halscope_hooks import ImageError, Transform
from hypothesis import given, settings
from hypothesis import strategies as st


class Change(enum.Enum):
    """What happens to a field. An enum, so that a test's id is the same in every worker."""

    DELETE = enum.auto()


WRONG: list[tuple[list[str | int], object, str]] = [
    (["format"], "png", "this is not a Halscope edit sheet"),
    (["version"], 2, "sheet version 2; this Halscope reads 1"),
    (["version"], "1", '"version" is "1", expected a whole number'),
    (["version"], True, '"version" is true, expected a whole number'),
    (["kind"], "tilemap", '"kind" is "tilemap", expected one of sprite, metasprite, block'),
    (["title"], "a\nb", "expected at most 200 printable characters"),
    (["title"], "\ud800", "expected at most 200 printable characters"),
    (["title"], Change.DELETE, '"title" is missing'),
    (["width"], 0, '"width" is 0, expected a whole number from 1 to 4096'),
    (["width"], 1e9, '"width" is 1000000000.0'),
    (["width"], 8, "the tile at .* is outside of 8x24 pixels"),
    (["bpp"], 3, '"bpp" is 3, expected one of 2, 4, 8'),
    (["bpp"], 8, "1 palettes of 16 colours; 8bpp takes 1 to 1 of 256"),
    (["rom"], None, "rom is not an object"),
    (["rom", "sha256"], "A" * 64, '"rom.sha256" is "A+..., expected 64 lower-case hex digits'),
    (["palettes"], [], '"palettes" is .., expected a list of 1 to 8'),
    (
        ["palettes", 0, "bgr555", 3],
        0x8000,
        '"palettes.0..bgr555" is .*, expected a list whose item 3 is a whole number from 0 to 32767',
    ),
    (["cells"], {}, '"cells" is .., expected a list'),
    (["cells", 1], 5, r"cells\[1\] is not an object"),
    (["cells", 1, "x"], Change.DELETE, r'"cells\[1\].x" is missing'),
    (["cells", 1, "x"], -8, "expected a whole number from 0"),
    (["cells", 1, "hflip"], 1, r'"cells\[1\].hflip" is 1, expected true or false'),
    (["cells", 1, "palette"], 1, r"the tile at \(8, 0\) names palette 1 of 1"),
    (["cells", 1, "tile"], "00" * 31, r"the tile at \(8, 0\) has 31 bytes, not 32"),
    (["cells", 1, "tile"], "zz" * 32, "bytes in lower-case hex"),
    (["cells", 1, "origin", "start"], "guessed", "expected one of traced, pointer, adjacent, content"),
    (["cells", 1, "origin", "block_offset"], 1 << 24, "expected a whole number from 0 to 16777215"),
    (["cells", 1, "origin", "byte_offset"], 15, "differs from another one with the same origin"),
    (["cells", 1, "extra"], 1, r'unknown field "cells\[1\].extra"'),
    (["extra"], 1, 'unknown field "extra"'),
    (["picture_sha256"], "0" * 64, "its tiles do not match the picture that was exported"),
]


def changed(document: Any, path: list[str | int], value: object) -> Any:
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    if value is Change.DELETE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=lambda item: str(item)[:40])
def test_wrong_fields_are_named(sheet: Sheet, path: list[str | int], value: object, message: str) -> None:
    text = json.dumps(changed(json.loads(to_json(sheet)), path, value))
    with pytest.raises(ImageError, match=message) as caught:
        from_json(text, "walk.json")
    assert str(caught.value).startswith("walk.json: ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100000, "null", "[]", "3", '"x"', "NaN", "9" * 5000, b"\xff\xfe\x00", "{}"]
)
def test_what_is_no_sheet_at_all_is_refused(text: str | bytes) -> None:
    with pytest.raises(ImageError, match=r"walk\.json: "):
        from_json(text, "walk.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.data())
def test_any_change_of_the_document_is_read_or_refused(sheet: Sheet, data: st.DataObject) -> None:
    document = json.loads(to_json(sheet))
    paths: list[list[str | int]] = [["cells", 0], ["cells", 0, "origin"], ["palettes", 0], ["rom"], []]
    path = data.draw(st.sampled_from(paths))
    inner = document
    for step in path:
        inner = inner[step]
    inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(json_values)
    try:
        again = from_json(json.dumps(document), "walk.json")
    except ImageError:
        return
    assert from_json(to_json(again), "again").cells == again.cells


def test_doubts_are_kept_and_may_be_missing(sheet: Sheet) -> None:
    assert "doubts" not in json.loads(to_json(sheet))
    assert from_json(to_json(sheet), "x").doubts == ()
    doubtful = replace(sheet, doubts=("one", "another"))
    assert from_json(to_json(doubtful), "x").doubts == ("one", "another")


FLIPPED = Transform.planar("flipped", 4, [(0,), (1,), (2,), (3,)], rows=range(7, -1, -1), figure=((0, 2), (1, 3)))


def test_transforms_of_the_game_are_kept_and_checked(sheet: Sheet) -> None:
    document = json.loads(to_json(replace(sheet, transforms=(FLIPPED,))))
    assert from_json(json.dumps(document), "x").transforms == (FLIPPED,)
    assert "transforms" not in json.loads(to_json(sheet))
    for changes, message in (
        ({"parts": [[0]] * 32}, "stored bytes cannot be recovered"),
        ({"figure": [[0, 0]]}, "form a rectangle"),
        ({"name": "3bpp-low"}, "describes a transform twice, or one that every ROM has"),
        ({"depth": 3}, "expected one of 2, 4, 8, mode7"),
    ):
        wrong = document | {"transforms": [document["transforms"][0] | changes]}
        with pytest.raises(ImageError, match=message):
            from_json(json.dumps(wrong), "x")


@settings(deadline=None)
@given(st.binary(max_size=64) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_refused(text: bytes) -> None:
    with pytest.raises(ImageError):
        from_json(text, "walk.json")


def test_the_reference_page_names_every_field(sheet: Sheet) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/edit-sheet.md").read_text(encoding="utf-8")
    named = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    cells = (replace(sheet.cells[0], rom_tile=bytes(32)), *sheet.cells[1:])
    document = json.loads(to_json(replace(sheet, cells=cells, doubts=("it may be wrong",), transforms=(FLIPPED,))))
    assert named == set(document) | set(document["cells"][0]) | {"map"}  # of layers
    inner = (document["palettes"][0], document["cells"][0]["origin"], document["rom"], document["transforms"][0])
    for name in chain(*inner):
        assert name in page


def test_a_document_that_is_read_again_is_the_same_sheet_and_nobody_can_change_it(sheet: Sheet) -> None:
    first, again = from_json(to_json(sheet), "a.json"), from_json(to_json(sheet), "a.json")
    assert again is first
    for array in (first.palettes, first.composition.pixels, first.composition.owner):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
