"""A person's game file beside the ROM or given with --profile is used, and a report says what of it holds."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from halscope import Workspace, hal
from halscope.app._game_report import game_report
from halscope.cli import main
from halscope.demo import rom_path, truth
from halscope.rom.mapping import Mapping
from halscope_hooks import FormatError, GameProfile, PointerTable, RomError
from support.drawn_art import animation, planar
from support.roms import make_rom

AT, POINTER = 0x12345, 0x0100
CODE = bytes.fromhex("c230a90080851285148516b70e850785182220908060ea08e2")  # with LDA [$0E],Y

GAME = """
name = "A made game"
titles = ["A MADE GAME"]
mapping = "lorom"

[[decoders]]
address = "00:9000"
codec = "hal"
edge = "linear"
pointer = { address = "dp+0E", bank = "dp+10" }

[[tables]]
codec = "hal"
count = 1
address = "00:8100"
"""


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    """A ROM with one block in noise, and one pointer to it."""
    image = make_rom(0x80000, title=b"A MADE GAME", seed=3)
    packed = hal.encode(b"".join(planar(frame, 4) for frame in animation(np.random.default_rng(1), 32, 4)))
    image[AT : AT + len(packed)] = packed
    image[POINTER : POINTER + 3] = (AT // 0x8000 << 16 | AT % 0x8000 | 0x8000).to_bytes(3, "little")
    image[0x1000 : 0x1000 + len(CODE)] = CODE
    path = tmp_path / "made.sfc"
    path.write_bytes(image)
    return path


def start(workspace: Workspace) -> str | None:
    return next((one.start for one in workspace.blocks(min_score=0) if (one.offset, one.codec) == (AT, "hal")), None)


def test_a_game_file_beside_the_rom_is_used(rom: Path) -> None:
    assert Workspace.open(rom).game is None
    (rom.parent / "game.toml").write_text(GAME)
    workspace = Workspace.open(rom)
    assert workspace.game is not None
    assert (workspace.game.match.by, workspace.game.match.profile.name) == ("file", "A made game")
    assert workspace.rom.edges == {"hal": "linear"}
    assert start(workspace) == "pointer"


def test_a_given_game_file_goes_before_the_one_beside_the_rom(rom: Path, tmp_path: Path) -> None:
    (rom.parent / "game.toml").write_text(GAME.replace("A made game", "Another"))
    given = tmp_path / "mine.toml"
    given.write_text(GAME.replace("A MADE GAME", "NO SUCH TITLE"))
    workspace = Workspace.open(rom, profile=given)
    assert workspace.game is not None
    assert workspace.game.match.profile.name == "A made game"
    assert start(workspace) == "pointer"
    profile = GameProfile(id="x", name="In Python", tables=(PointerTable.plain("hal", 0x8100, 1),))
    assert start(Workspace.open(rom, profile=profile)) == "pointer"


def test_a_game_file_for_another_rom_is_left_alone(rom: Path, caplog: pytest.LogCaptureFixture) -> None:
    (rom.parent / "game.toml").write_text(GAME.replace('"A MADE GAME"', '"NO SUCH TITLE"'))
    with caplog.at_level(logging.WARNING):
        assert Workspace.open(rom).game is None
    assert "is for another ROM than" in caplog.text


def test_a_broken_game_file_is_reported_and_only_a_given_one_refused(
    rom: Path, caplog: pytest.LogCaptureFixture
) -> None:
    beside = rom.parent / "game.toml"
    beside.write_text(GAME + "\nnonsense = 1")
    with caplog.at_level(logging.WARNING):
        assert Workspace.open(rom).game is None
    assert "nonsense" in caplog.text
    with pytest.raises(FormatError, match="nonsense"):
        Workspace.open(rom, profile=beside)


def test_a_game_file_names_the_mapping_of_a_rom_that_does_not(rom: Path, tmp_path: Path) -> None:
    image = bytearray(rom.read_bytes())
    image[0x7FC0:0x8000] = bytes(0x40)
    rom.write_bytes(image)
    game = tmp_path / "mine.toml"
    game.write_text(GAME)
    with pytest.raises(RomError, match="--mapping"):
        Workspace.open(rom)
    assert Workspace.open(rom, profile=game).rom.mapping is Mapping.LOROM
    assert start(Workspace.open(rom, profile=game)) == "pointer"


def test_the_report_says_what_holds(rom: Path, tmp_path: Path) -> None:
    game = tmp_path / "mine.toml"
    game.write_text(
        GAME
        + """
[[decoders]]
address = "00:A000"
codec = "hal"

[[decoders]]
address = "00:9000"
codec = "hal"
pointer = { address = "x", bank = "a" }

[[decoders]]
address = "00:9000"
codec = "no-such-codec"

[[tables]]
codec = "hal"
count = 8
address = "00:C000"

[[tables]]
codec = "hal"
count = 1
low = "00:8100"
high = "00:8101"
bank = "00:8102"
transform = "2bpp"

[[tables]]
codec = "hal"
count = 2
address = "00:8100"
transform = "no-such-transform"
"""
    )
    image = bytearray(rom.read_bytes())
    image[0x2000:0x2020] = bytes(0x20)
    rom.write_bytes(image)
    found = {one.part: one for one in reversed(game_report(Workspace.open(rom, profile=game)))}
    assert found["game"].holds
    assert found["decoder 00:A000"].holds is False
    assert found["table 00:8100"].holds
    assert found["table 00:C000"].holds is False
    assert "it is not used" in found["table 00:C000"].detail
    tables = [one.detail for one in game_report(Workspace.open(rom, profile=game)) if one.part == "table 00:8100"]
    assert tables[0] == "1 of 1 entries lead to hal blocks"
    assert tables[1] == "1 of 1 entries lead to hal blocks; 1 of them are whole tiles of 16 bytes (2bpp)"
    assert "no transform 'no-such-transform'; known are none, 3bpp-low" in tables[2]
    details = [one.detail for one in game_report(Workspace.open(rom, profile=game)) if one.part == "decoder 00:9000"]
    assert "it reads through the pointer in dp+0E and dp+10; edge rule linear" in details[0]
    assert "which only a running game shows" in details[1]
    assert "no codec 'no-such-codec'" in details[2]


def test_the_demos_profile_holds() -> None:
    with rom_path() as path:
        report = game_report(Workspace.open(path))
    assert [one.part for one in report] == ["game", "decoder 00:8152", "table 00:8AB7"]
    assert all(one.holds for one in report)
    count = len(truth()["blocks"])
    assert report[2].detail == f"{count} of {count} entries lead to hal blocks"


@pytest.mark.slow
def test_doctor_prints_the_report(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    game = tmp_path / "mine.toml"
    game.write_text(GAME)
    main(["doctor", "--core", "snes9x", "--rom", str(rom), "--profile", str(game), "--json"])
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["profile decoder 00:9000"]["state"] == "ok"
    assert checks["profile table 00:8100"]["state"] == "ok"


def test_scan_takes_a_game_file(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    game = tmp_path / "mine.toml"
    game.write_text(GAME)
    assert main(["scan", str(rom), "--profile", str(game), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rom"]["game"]["by"] == "file"
    assert document["rom"]["game"]["decoders"] == [{"address": "00:9000", "codec": "hal", "edge": "linear"}]
    assert [block["start"] for block in document["blocks"] if block["offset"] == AT] == ["pointer"]
    game.write_text("name = 5")
    assert main(["scan", str(rom), "--profile", str(game)]) == 1
    assert f'{game}: "name" is 5' in capsys.readouterr().err
