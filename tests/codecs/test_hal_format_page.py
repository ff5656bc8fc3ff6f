"""The page on the format describes what the decoder does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from halscope import hal
from support import hal_reference

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "reference/hal-format.md").read_text("utf-8")
EXAMPLES = re.findall(r"^\| `((?:[0-9A-F]{2} ?)+)` \| (?:`((?:[0-9A-F]{2} ?)+)`)? ?\| ", PAGE, re.MULTILINE)


def test_the_page_has_an_example_for_each_kind_of_command() -> None:
    kinds = set()
    for stream, _ in EXAMPLES:
        packed = bytes.fromhex(stream)
        at = 0
        while packed[at] != 0xFF:
            long = packed[at] >> 5 == 7
            kind = packed[at] >> 2 & 7 if long else packed[at] >> 5
            count = (packed[at + 1] if long else packed[at] & 31) + 1
            kinds.add(kind)
            at += (2 if long else 1) + (count if kind == 0 else 1 if kind in (1, 3) else 2)
    assert kinds == set(range(8))


@pytest.mark.parametrize(("stream", "output"), EXAMPLES)
def test_each_example_decodes_to_what_the_page_says(stream: str, output: str) -> None:
    packed, expected = bytes.fromhex(stream), bytes.fromhex(output)
    block = hal.decode(packed)
    assert (bytes(block.data), block.consumed) == (expected, len(packed))
    assert hal_reference.decode(packed) == (expected, len(packed))


def test_the_parity_of_rle16_costs_what_the_page_on_the_codec_says() -> None:
    page = (DOCS / "explanation/codec.md").read_text("utf-8")
    rows = re.findall(r"^\| `((?:[0-9a-f]{2} ?)+)` \| .* \| (\d+) \|$", page, re.MULTILINE)
    sizes = [(len(hal.encode(bytes.fromhex(data))), int(size)) for data, size in rows]
    assert sizes == [(4, 4), (6, 6)]
