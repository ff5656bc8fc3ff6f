"""Streams packed by another program: all of them decode, and our encodings have the same, minimal sizes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from halscope.codecs import lz
from support import lz_reference
from support.shared_data import shared_folder


@pytest.fixture(scope="module")
def vectors() -> Path:
    return shared_folder() / "vectors" / "lz2"


@pytest.fixture(scope="module")
def index(vectors: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((vectors / "index.json").read_text())
    assert {Path(entry["packed"]).suffix for entry in entries} == {".lz1", ".lz2"}
    return entries


def format_of(entry: dict[str, Any]) -> lz.Format:
    return "lz1" if entry["offsets"] == "little-endian" else "lz2"


def test_every_stream_decodes_to_its_raw_file(vectors: Path, index: list[dict[str, Any]]) -> None:
    for entry in index:
        packed = (vectors / entry["packed"]).read_bytes()
        for strict in (True, False):
            block = lz.decode(packed, format=format_of(entry), strict=strict)
            assert hashlib.sha256(block.data.tobytes()).hexdigest() == entry["raw_sha256"], entry["packed"]
            assert (len(block.data), block.consumed) == (entry["raw_size"], entry["packed_size"]), entry["packed"]


def test_the_minimal_sizes_are_equalled(vectors: Path, index: list[dict[str, Any]]) -> None:
    assert all(entry["minimal"] for entry in index)
    for entry in index:
        raw = (vectors / entry["raw"]).read_bytes()
        packed = lz.encode(raw, format=format_of(entry))
        assert len(packed) == entry["packed_size"], entry["packed"]
        assert lz_reference.decode(packed, format=format_of(entry)) == (raw, len(packed))


def test_the_fast_effort_is_never_more_than_a_tenth_larger(vectors: Path, index: list[dict[str, Any]]) -> None:
    for entry in index:
        raw = (vectors / entry["raw"]).read_bytes()
        packed = lz.encode(raw, format=format_of(entry), effort="fast")
        assert lz_reference.decode(packed, format=format_of(entry)).data == raw
        assert len(packed) <= 1.1 * entry["packed_size"], entry["packed"]
