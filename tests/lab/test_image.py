"""The lab's image matches its truth file: header, blocks at their offsets, pieces inside their blocks."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

from support.lab_truth import ROWS, decoded, values

BANK = 0x8000


def test_header_and_checksum_are_valid(lab_rom: Path, lab_truth: dict[str, Any]) -> None:
    image = lab_rom.read_bytes()
    assert len(image) == lab_truth["rom"]["size"]
    assert hashlib.sha256(image).hexdigest() == lab_truth["rom"]["sha256"]
    assert image[0x7FC0:0x7FD5] == lab_truth["rom"]["title"].encode().ljust(21)
    complement, checksum = (int.from_bytes(image[at : at + 2], "little") for at in (0x7FDC, 0x7FDE))
    assert checksum == sum(image) & 0xFFFF
    assert checksum ^ complement == 0xFFFF


def test_every_block_decodes(lab_rom: Path, lab_truth: dict[str, Any]) -> None:
    image = lab_rom.read_bytes()
    for block in lab_truth["blocks"]:
        data, consumed = decoded(image, block)
        assert (len(data), consumed) == (block["size"], block["packed_size"]), block["name"]
        assert hashlib.sha256(data).hexdigest() == block["sha256"]


def test_the_table_leads_to_its_blocks(lab_rom: Path, lab_truth: dict[str, Any]) -> None:
    image, table = lab_rom.read_bytes(), lab_truth["table"]
    blocks = [block for block in lab_truth["blocks"] if block["index"] is not None]
    assert sorted(block["index"] for block in blocks) == list(range(table["count"]))
    for block in blocks:
        at = table["offset"] + block["index"] * table["entry_size"]
        pointer = int.from_bytes(image[at : at + 3], "little")
        assert (pointer >> 16 & 0x7F) * BANK + (pointer & 0x7FFF) == block["offset"]


def test_blocks_cross_banks_only_where_their_decoder_can_read_them(lab_truth: dict[str, Any]) -> None:
    edges = {decoder["codec"]: decoder["edge"] for decoder in lab_truth["decoders"]}
    assert edges == {"hal": "wrap", "lz2": "next-bank"}
    before_the_edge = {}
    for block in lab_truth["blocks"]:
        left = BANK - block["offset"] % BANK
        if left < block["packed_size"]:
            assert edges[block["codec"]] == "next-bank", block["name"]
            before_the_edge[block["name"]] = (left, block["packed_size"] - left)
    assert len(before_the_edge) == 4
    assert 1 in {before for before, _ in before_the_edge.values()}
    assert 1 in {behind for _, behind in before_the_edge.values()}
    (last,) = (block for block in lab_truth["blocks"] if (block["offset"] + block["packed_size"]) % BANK == 0)
    assert last["codec"] == "lz2"
    for raw in lab_truth["raw"]:
        assert raw["offset"] // BANK == (raw["offset"] + raw["size"] - 1) // BANK


def test_nothing_overlaps(lab_truth: dict[str, Any]) -> None:
    spans = [(block["offset"], block["offset"] + block["packed_size"]) for block in lab_truth["blocks"]]
    spans += [(raw["offset"], raw["offset"] + raw["size"]) for raw in lab_truth["raw"]]
    assert all(end <= following for (_, end), (following, _) in pairwise(sorted(spans)))


def test_pieces_lie_inside_their_blocks_and_apart_in_vram(lab_truth: dict[str, Any]) -> None:
    for scene in lab_truth["scenes"]:
        pieces = scene["vram"]
        tiles = [piece for piece in pieces if piece["transform"] != "mode7-map"]  # the map is between mode 7's tiles
        spans = sorted((piece["vram_byte"], piece["vram_byte"] + piece["size"]) for piece in tiles)
        assert max(piece["vram_byte"] + piece["size"] for piece in pieces) <= 0x10000
        assert all(end <= following for (_, end), (following, _) in pairwise(spans)), scene["name"]


def test_the_rows_of_a_register_fill_the_picture(lab_truth: dict[str, Any]) -> None:
    seen = 0
    for scene in lab_truth["scenes"]:
        numbers = {channel["number"] for channel in scene["channels"]}
        assert scene["hdmaen"] == sum(1 << number for number in numbers)
        assert {rows["channel"] for rows in scene["raster"]} - {None} == numbers
        for rows in scene["raster"]:
            assert len(values(rows)) == ROWS, scene["name"]
            seen += 1
    assert seen
