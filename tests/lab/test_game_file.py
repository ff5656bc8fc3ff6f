"""The lab, described in a game file: blocks across a bank edge are found, and the running game reads an edited one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from halscope import Workspace
from halscope.app._game_report import game_report
from halscope.codecs.lz import LZ2
from halscope.inject import EditedSheet, apply_patch, sheet_from_block, to_patch
from support.cores import two_cores
from support.lab_game import LabGame
from support.lab_variants import MAPS, Variant
from support.planning import plan_edit

ACROSS = {"valley_tiles", "valley_map", "engine", "coach"}
"""Blocks that have bytes on both sides of a bank edge; `engine` has one before it, `valley_map` only its end behind."""


def address(offset: int) -> str:
    return f'"{offset // 0x8000:02X}:{offset % 0x8000 | 0x8000:04X}"'


def described(truth: dict[str, Any], *, edge: str | None = "next-bank") -> str:
    """A game file with the lab's decoders and its two tables of 24-bit addresses."""
    lines = ['name = "The lab"', 'mapping = "lorom"']
    for decoder in truth["decoders"]:
        lines += ["[[decoders]]", f"address = 0x{decoder['snes_address']:06X}", f'codec = "{decoder["codec"]}"']
        rule = edge if decoder["codec"] == "lz2" else decoder["edge"]
        lines += [] if rule is None else [f'edge = "{rule}"']
    for codec, shape in (("hal", "table24"), ("lz2", "lz2_table24")):
        places = [pointer["parts"][0]["offset"] for pointer in truth["pointers"] if pointer["shape"] == shape]
        lines += ["[[tables]]", f'codec = "{codec}"', f"count = {len(places)}", f"address = {address(min(places))}"]
    return "\n".join(lines)


@pytest.fixture
def game(lab_truth: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "game.toml"
    path.write_text(described(lab_truth))
    return path


def tiles(data: bytes) -> set[bytes]:
    """The 4bpp tiles in decoded data or in VRAM, blank ones aside."""
    return {data[at : at + 32] for at in range(0, len(data), 32)} - {bytes(32)}


def offsets(truth: dict[str, Any]) -> dict[str, int]:
    return {block["name"]: block["offset"] for block in truth["blocks"] if block["codec"] == "lz2"}


def test_every_part_of_the_description_holds(lab_rom: Path, lab_truth: dict[str, Any], game: Path) -> None:
    report = game_report(Workspace.open(lab_rom, profile=game))
    assert all(one.holds for one in report), report
    (table,) = [one for one in report if "lz2 blocks" in one.detail]
    assert table.detail == "6 of 6 entries lead to lz2 blocks, 4 of them across a bank edge (edge rule next-bank)"


@pytest.mark.parametrize("edge", ["next-bank", None])
def test_the_blocks_across_an_edge_are_found(
    lab_rom: Path, lab_truth: dict[str, Any], tmp_path: Path, edge: str | None
) -> None:
    path = tmp_path / "game.toml"
    path.write_text(described(lab_truth, edge=edge))
    found = {block.offset: block for block in Workspace.open(lab_rom, profile=path).blocks() if block.codec == "lz2"}
    for name, offset in offsets(lab_truth).items():
        assert found[offset].start == "pointer", name
        assert (found[offset].crosses is not None) == (name in ACROSS), name


def test_a_search_without_any_description_finds_them_by_their_pointers(
    lab_rom: Path, lab_truth: dict[str, Any]
) -> None:
    workspace = Workspace.open(lab_rom)
    assert workspace.game is None
    found = {block.offset: block.start for block in workspace.blocks() if block.codec == "lz2"}
    assert all(found[offset] == "pointer" for offset in offsets(lab_truth).values())


@pytest.mark.slow
@pytest.mark.parametrize("memory_map", MAPS)
@pytest.mark.parametrize("edge", ["next-bank", None])
def test_the_next_bank_follows_in_the_file_in_every_map(
    tmp_path: Path, lab_variant: Callable[[str], Variant], memory_map: str, edge: str | None
) -> None:
    image, truth = lab_variant(memory_map)
    rom = Path(shutil.copy(image, tmp_path))
    (tmp_path / "game.toml").write_text(
        "\n".join(
            [
                'name = "The lab"',
                *("[[decoders]]", 'codec = "lz2"', f"address = 0x{truth['decoders'][1]['snes_address']:06X}"),
                *([] if edge is None else [f'edge = "{edge}"']),
            ]
        )
    )
    workspace = Workspace.open(rom)
    assert workspace.rom.edges == {"lz2": edge}
    found = {block.offset: block.start for block in workspace.blocks() if block.codec == "lz2"}
    for block in truth["blocks"]:
        if block["codec"] == "lz2":
            data = workspace.rom.decode(LZ2, block["offset"]).data
            assert sha256(data.tobytes()).hexdigest() == block["sha256"]
            assert found[block["offset"]] == "pointer"


def test_a_wrong_rule_is_reported(lab_rom: Path, lab_truth: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "game.toml"
    path.write_text(described(lab_truth, edge="wrap"))
    workspace = Workspace.open(lab_rom, profile=path)
    (table,) = [one for one in game_report(workspace) if "lz2 blocks" in one.detail]
    assert table.holds is not True
    assert int(table.detail[0]) <= 3  # one of the four decodes to something by this rule too


@pytest.mark.parametrize("core", two_cores())
def test_the_running_game_reads_an_edited_block_across_an_edge(
    lab_rom: Path, lab_truth: dict[str, Any], game: Path, tmp_path: Path, core: str
) -> None:
    workspace = Workspace.open(lab_rom, profile=game)
    offset = offsets(lab_truth)["coach"]
    sheet = sheet_from_block(workspace.rom, LZ2, offset, start="pointer")
    pixels = sheet.compose().pixels
    for cell in sheet.cells[4:]:
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = 0
    plan = plan_edit(workspace.rom, [LZ2], EditedSheet(sheet, pixels, "coach.png"), index=workspace.index())
    patched = tmp_path / "patched.sfc"
    patched.write_bytes(apply_patch(workspace.rom, to_patch(plan)))
    old = LZ2.decode(lab_rom.read_bytes(), offset).data.tobytes()
    new = LZ2.decode(patched.read_bytes(), offset).data.tobytes()
    gone = tiles(old) - tiles(new)
    assert len(gone) > 4
    for rom, shown in ((lab_rom, tiles(old)), (patched, tiles(new))):
        with LabGame(core, rom) as lab:
            there = tiles(lab.go_to("viaduct").vram.tobytes())
        assert shown <= there
        assert there.isdisjoint(gone) == (rom == patched)
