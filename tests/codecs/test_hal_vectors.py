"""Streams packed by other programs: all of them decode, and none of our encodings is larger."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from halscope import hal
from support.shared_data import shared_folder
from support.simd import LEVELS, at_level


@pytest.fixture(scope="module")
def vectors() -> Path:
    return shared_folder() / "vectors" / "hal"


@pytest.fixture(scope="module")
def index(vectors: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((vectors / "index.json").read_text())
    assert len(entries) > 50
    return entries


@pytest.mark.parametrize("level", LEVELS)
def test_every_stream_decodes_to_its_raw_file(vectors: Path, index: list[dict[str, Any]], level: str) -> None:
    for entry in index:
        packed = (vectors / entry["packed"]).read_bytes()
        for strict in (True, False):
            with at_level(level):
                block = hal.decode(packed, strict=strict)
            assert hashlib.sha256(block.data.tobytes()).hexdigest() == entry["raw_sha256"], entry["packed"]
            assert (len(block.data), block.consumed) == (entry["raw_size"], entry["packed_size"]), entry["packed"]


def test_no_encoding_is_larger_than_any_of_them_and_the_minimal_ones_are_equalled(
    vectors: Path, index: list[dict[str, Any]]
) -> None:
    sizes = {name: len(hal.encode((vectors / name).read_bytes())) for name in {entry["raw"] for entry in index}}
    for entry in index:
        if entry.get("minimal"):
            assert sizes[entry["raw"]] == entry["packed_size"], entry["packed"]
        else:
            assert sizes[entry["raw"]] <= entry["packed_size"], entry["packed"]
    assert {entry["raw"] for entry in index if entry.get("minimal")} == set(sizes)


def test_the_fast_effort_stays_within_3_percent_of_the_minimum(vectors: Path, index: list[dict[str, Any]]) -> None:
    for name in {entry["raw"] for entry in index}:
        data = (vectors / name).read_bytes()
        packed = hal.encode(data, effort="fast")
        assert bytes(hal.decode(packed).data) == data
        assert len(packed) <= 1.03 * len(hal.encode(data)), name
