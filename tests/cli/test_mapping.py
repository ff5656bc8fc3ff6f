"""`--mapping` opens a ROM without a usable header in every command that opens one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from halscope import Workspace, open_host
from halscope.cli import main
from halscope.cli._arguments import parser
from halscope.cli._arguments._shared import MAPPINGS
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.rom.mapping import Mapping
from halscope_hooks import RomError, UsageError, capability

BLOCK = truth()["blocks"][0]


@pytest.fixture
def unbootable(tmp_path: Path) -> Path:
    """The demo without header and with a reset vector that leads nowhere: only its user knows how it is mapped."""
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    image[0x7FC0:0x8000] = bytes(0x40)
    rom = tmp_path / "bare.sfc"
    rom.write_bytes(image)
    return rom


def test_the_names_are_those_of_the_mappings() -> None:
    assert set(MAPPINGS) == {mapping.value for mapping in Mapping}


def test_every_command_that_takes_a_rom_takes_its_mapping() -> None:
    (commands,) = [a.choices for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    for name, command in commands.items():
        options = {option for action in command._actions for option in action.option_strings}
        takes_rom = "--rom" in options or any(action.dest == "rom" for action in command._actions)
        assert ("--mapping" in options) == takes_rom, name


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["scan", "ROM"],
        ["extract", "ROM", hex(BLOCK["offset"]), "--out", "OUT"],
        ["decompress", "ROM", "$" + BLOCK["address"] if "address" in BLOCK else hex(BLOCK["offset"]), "-o", "OUT"],
        ["doctor", "--core", "snes9x", "--rom", "ROM"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_opens_what_it_is_told_how_to_map(
    unbootable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    call = [{"ROM": str(unbootable), "OUT": str(tmp_path / "out")}.get(word, word) for word in arguments]
    assert main(call) == 1
    assert "--mapping" in capsys.readouterr().err
    assert main([*call, "--mapping", "lorom"]) == 0


def test_the_mapping_is_in_the_json(unbootable: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(unbootable), "--mapping", "lorom", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rom"]["mapping"] == "lorom"
    assert BLOCK["offset"] in {block["offset"] for block in document["blocks"]}


def test_another_mapping_than_the_rooms_is_refused(unbootable: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(unbootable), "--mapping", "sideways"]) == 2
    assert "lorom" in capsys.readouterr().err
    with pytest.raises(UsageError, match="no mapping 'sideways'; give one of: lorom"):
        Workspace.open(unbootable, mapping="sideways")
    assert Workspace.open(unbootable, mapping="LoROM").rom.mapping is Mapping.LOROM


@pytest.mark.slow
@pytest.mark.parametrize("host", ["embedded", "libretro"])
@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_host_runs_a_rom_that_only_its_user_knows_how_to_map(tmp_path: Path, host: str) -> None:
    """The program waits for so long before it does anything that its code says nothing."""
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    reset, free = image[0x7FFC:0x7FFE], 0x2000
    assert set(image[free : free + 200]) == {0xFF}
    image[free : free + 121] = b"\xea" * 120 + b"\x4c"  # NOP, then JMP to where it began
    image[free + 121 : free + 123] = reset
    image[0x7FFC:0x7FFE] = (free | 0x8000).to_bytes(2, "little")
    image[0x7FC0:0x7FE0] = bytes(0x20)
    rom = tmp_path / "bare.sfc"
    rom.write_bytes(image)
    with pytest.raises(RomError, match="--mapping"):
        open_host(rom, host=host)
    running = open_host(rom, host=host, mapping="lorom")
    try:
        driven = capability(running, "driven")
        assert driven is not None
        shown = [driven.step() for _ in range(60)][-1]
        assert shown is not None
        assert shown.vram.any()
    finally:
        running.close()


@pytest.mark.slow
@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_game_without_header_is_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    image[0x7FC0:0x7FE0] = bytes(0x20)
    rom = tmp_path / "bare.sfc"
    rom.write_bytes(image)
    assert main(["play", str(rom), "--frames", "5", "--json", "--mapping", "lorom"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
