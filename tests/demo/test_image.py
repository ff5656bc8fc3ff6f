"""The image matches its truth file: header, table, blocks at their offsets, and the properties that tests rely on."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

import pytest
from halscope import demo
from support.hal_reference import decode

BANK = 0x8000


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return demo.truth()


@pytest.fixture(scope="module")
def image() -> bytes:
    with demo.rom_path() as path:
        return path.read_bytes()


def test_header_and_checksum_are_valid(truth: dict[str, Any], image: bytes) -> None:
    assert len(image) == truth["rom"]["size"] == 512 * 1024
    assert hashlib.sha256(image).hexdigest() == truth["rom"]["sha256"]
    assert image[0x7FC0:0x7FD5] == b"HALSCOPE DEMO".ljust(21)
    assert image[0x7FD5:0x7FD8] == bytes([0x20, 0x00, 0x09])
    complement, checksum = (int.from_bytes(image[at : at + 2], "little") for at in (0x7FDC, 0x7FDE))
    assert checksum == sum(image) & 0xFFFF
    assert checksum ^ complement == 0xFFFF


def test_every_block_is_reached_through_the_table_and_decodes(truth: dict[str, Any], image: bytes) -> None:
    table = truth["table"]
    assert table["count"] == len(truth["blocks"])
    for number, block in enumerate(truth["blocks"]):
        assert block["index"] == number
        at = table["offset"] + number * table["entry_size"]
        pointer = int.from_bytes(image[at : at + 3], "little")
        assert (pointer >> 16 & 0x7F) * BANK + (pointer & 0x7FFF) == block["offset"]
        decoded = decode(image, block["offset"])
        assert decoded.consumed == block["packed_size"]
        assert len(decoded.data) == block["size"]
        assert hashlib.sha256(decoded.data).hexdigest() == block["sha256"]


def test_no_stream_crosses_a_lorom_window_and_none_overlap(truth: dict[str, Any]) -> None:
    spans = [(block["offset"], block["offset"] + block["packed_size"]) for block in truth["blocks"]]
    spans += [(raw["offset"], raw["offset"] + raw["size"]) for raw in truth["raw"]]
    spans.sort()
    assert all(start // BANK == (end - 1) // BANK for start, end in spans)
    assert all(end <= following for (_, end), (following, _) in pairwise(spans))


def test_blocks_are_as_awkward_as_in_the_games(truth: dict[str, Any]) -> None:
    blocks, raw = truth["blocks"], truth["raw"]
    ends = {block["offset"] + block["packed_size"] for block in blocks}
    assert len(blocks) >= 48
    assert all(200 <= block["size"] <= 16384 for block in blocks)
    assert len({block["offset"] // BANK for block in blocks}) >= 8
    assert sum(block["offset"] % 2 for block in blocks) > len(blocks) / 2
    assert {1, 3, 15, 18} <= {block["lead"] for block in blocks}
    assert sum(block["size"] % 32 != 0 for block in blocks) >= 5
    assert sum(block["offset"] in ends for block in blocks) >= 4
    assert all(sheet["offset"] % 2 for sheet in raw)


def test_two_blocks_share_tiles(truth: dict[str, Any], image: bytes) -> None:
    tiles = []
    for name in ("pip_walk", "pip_idle"):
        block = next(block for block in truth["blocks"] if block["name"] == name)
        data = decode(image, block["offset"]).data[block["lead"] :]
        whole = block["frames"] * block["frame_bytes"]
        tiles.append({data[at : at + 32] for at in range(0, whole, 32)} - {bytes(32)})
    assert len(tiles[0] & tiles[1]) >= 6


def test_places_named_in_the_truth_lie_inside_their_blocks(truth: dict[str, Any]) -> None:
    sizes = {entry["name"]: entry["size"] for entry in (*truth["blocks"], *truth["raw"])}
    for scene in truth["scenes"]:
        for piece in (*scene["vram"], *scene["cgram"]):
            assert piece["byte_offset"] + piece["size"] <= sizes[piece["block"]]
        for slot in scene["slots"]:
            last_row = (slot["rows"] - 1) * slot["source_row_stride"] + slot["row_bytes"]
            for frame in slot["frames"]:
                assert frame["byte_offset"] + last_row <= sizes[frame["block"]]
