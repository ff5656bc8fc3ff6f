"""`halscope attach`: waits, looks, edits, and attaches again; against an emulator of our own with a real core."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from halscope.cli import main
from halscope.demo import rom_path
from halscope.export import bps
from halscope.hosts.libretro import available_cores
from halscope.hosts.nwa import NwaHost
from halscope.hosts.usb2snes import Usb2snesHost
from halscope.hosts.usb2snes._messages import get
from support.attached import PATIENCE, Attached, whole_sheets
from support.attached import repaint as paint_one
from support.in_process import halscope
from support.made_host import eventually
from support.same_moment import poll_until
from support.server_process import ServerProcess

needs_core = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        return Path(shutil.copy(path, tmp_path / "game.sfc"))


def server(rom: Path, port: int = 0) -> ServerProcess:
    return ServerProcess("nwa_server", rom, available_cores()[0].name, "snes9x", port=port)


@pytest.fixture
def emulator(rom: Path) -> Iterator[ServerProcess]:
    with server(rom) as running:
        yield running


@needs_core
@pytest.mark.slow
def test_headless_prints_a_line_for_each_frame_and_ends(emulator: ServerProcess, rom: Path) -> None:
    done = halscope(
        *("attach", "nwa", "--address", emulator.address, "--headless", "--rom", rom, "--frames", 3, "--json")
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["frame"] for line in lines] == [0, 1, 2]
    for line in lines:
        assert line["sprites"] == 128
        assert 0 < line["on_screen"] <= 128
        assert 0 < line["located_tiles"] <= line["informative_tiles"]
    assert done.stderr == ""


@needs_core
@pytest.mark.slow
def test_the_rom_that_the_emulator_names_is_used_and_the_summary_says_what_was_seen(emulator: ServerProcess) -> None:
    done = halscope("attach", "nwa", "--address", emulator.address, "--headless", "--frames", 2)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[:2]
    assert re.fullmatch(r"stopped at frame 1: 128 sprites, \d+ tiles in VRAM found in the ROM", first)
    assert second == "none of 2 decoded frames was compared with the emulator's picture: there is none"


@needs_core
@pytest.mark.slow
def test_another_rom_than_the_one_that_runs_is_said(emulator: ServerProcess, rom: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sfc"
    image = bytearray(rom.read_bytes())
    image[0x8000:0x60000] = bytes(0x58000)
    other.write_bytes(image)
    rom.unlink()
    done = halscope(
        *("attach", "nwa", "--address", emulator.address, "--headless", "--rom", other, "--frames", 1, "--json")
    )
    assert done.returncode == 0, done.stderr
    assert f"warning: the emulator runs another ROM than {other}" in done.stderr
    assert "located_tiles" not in json.loads(done.stdout)


@needs_core
@pytest.mark.slow
def test_edits_are_not_made_for_another_rom_than_the_one_that_runs(
    emulator: ServerProcess, rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.sfc"
    image = bytearray(rom.read_bytes())
    image[0x8000:0x60000] = bytes(0x58000)
    other.write_bytes(image)
    rom.unlink()
    call = ["attach", "nwa", "--address", emulator.address, "--rom", str(other), "--watch", str(tmp_path / "sheets")]
    assert main(call) == 1
    errors = capsys.readouterr().err
    assert f"runs {rom}, whose file cannot be read here; give it with --rom" in errors


@needs_core
@pytest.mark.slow
def test_the_list_names_address_emulator_and_game(
    emulator: ServerProcess, rom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["attach", "nwa", "--list", "--address", emulator.address, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["emulators"]
    assert found == {"address": emulator.address, "name": "Snes9x test 1", "game": rom.name, "problem": ""}
    assert main(["attach", "nwa", "--list", "--address", emulator.address]) == 0
    assert rom.name in capsys.readouterr().out


def test_without_an_emulator_it_lists_nothing_and_gives_up_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attach", "nwa", "--list", "--address", "127.0.0.1:9"]) == 0
    assert capsys.readouterr().out == "no emulator can be reached\n"
    assert main(["attach", "nwa", "--address", "127.0.0.1:9", "--headless", "--frames", "1", "--wait", "0"]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("halscope: no emulator answers at 127.0.0.1:9; it did not appear within 0 seconds: ")
    assert "Emulator Network Access" in errors


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["embedded"], "does not attach to running emulators"),
        (["nothing"], "there is no host 'nothing'"),
        (["nwa", "--address", "a:b:c"], "expected HOST:PORT"),
        (["nwa", "--obsel", "0x100"], "one byte"),
        (["nwa", "--headless", "-o", "a.bps"], "--watch DIR"),
        (["nwa", "--json", "--nearest"], "--nearest is for edits"),
        (["nwa", "--frames", "2", "--headered"], "--headered is for edits"),
        (["nwa", "--watch", "a", "--frames", "3"], "give one of them"),
        (["nwa", "--wait", "-1"], "not a time"),
    ],
)
def test_wrong_use_is_said(
    arguments: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["attach", *arguments]) == 2
    assert reason in capsys.readouterr().err


def repaint(folder: Path) -> str:
    """Draw a sheet all of whose tiles can be edited in one colour; its name."""
    assert eventually(lambda: whole_sheets(folder))
    return paint_one(whole_sheets(folder)[-1])


@needs_core
@pytest.mark.slow
def test_an_edit_reaches_the_emulator_and_the_one_that_comes_after_it(rom: Path, tmp_path: Path) -> None:
    """The emulator is killed and started again: the edit is written into the new one, and then leaves as a patch."""
    sheets, patch = tmp_path / "sheets", tmp_path / "edit.bps"
    with server(rom) as emulator:
        attached = Attached(
            tmp_path, "nwa", "--address", emulator.address, "--rom", rom, "--watch", sheets, "-o", patch
        )
        try:
            assert attached.says("HALSCOPE DEMO runs on Snes9x test 1"), attached.errors.read_text()
            name = repaint(sheets)
            assert attached.says(f"{name}: applied to the game at frame"), attached.errors.read_text()
            edited = rom_of(emulator, rom)
            assert edited != rom.read_bytes()
            emulator.kill()
            assert attached.says("attach again"), attached.errors.read_text()
            with server(rom, emulator.port) as again:
                assert attached.says("1 edit written into the game again"), attached.errors.read_text()
                assert rom_of(again, rom) == edited
            assert attached.end() == 0, attached.errors.read_text()
        finally:
            attached.process.kill()
            attached.process.wait(PATIENCE)
    assert bps.apply(rom.read_bytes(), patch.read_bytes()) == edited
    assert "Traceback" not in attached.errors.read_text()


@needs_core
@pytest.mark.slow
def test_an_edit_for_a_console_goes_into_its_rom_and_says_when_it_shows(rom: Path, tmp_path: Path) -> None:
    """SIGTERM ends it as Ctrl-C does, and the patch is for the ROM with a copier header, as asked."""
    sheets, patch = tmp_path / "sheets", tmp_path / "edit.bps"
    core = available_cores()[0].name
    with ServerProcess("usb2snes_server", rom, core, "qusb2snes") as console:
        attached = Attached(
            *(tmp_path, "usb2snes", "--address", console.address, "--rom", rom, "--watch", sheets, "-o", patch),
            "--headered",
        )
        try:
            assert attached.says("HALSCOPE DEMO runs on SD2SNES COM3"), attached.errors.read_text()
            name = repaint(sheets)
            assert attached.says(f"{name}: applied to the game at frame"), attached.errors.read_text()
            assert ", which shows it when it loads these graphics again" in attached.errors.read_text()
            assert attached.end(signal.SIGTERM) == 0, attached.errors.read_text()
        finally:
            attached.process.kill()
            attached.process.wait(PATIENCE)
        with Usb2snesHost(console.address) as host:
            edited = host._connection.finish(get(0, rom.stat().st_size), PATIENCE)
    assert edited != rom.read_bytes()
    header = bytes(512)
    assert bps.apply(header + rom.read_bytes(), patch.read_bytes()) == header + edited
    assert "for the ROM with a copier header" in attached.errors.read_text()


def rom_of(emulator: ServerProcess, rom: Path) -> bytes:
    """The bytes of the ROM in the emulator."""
    with NwaHost(emulator.address) as host:
        poll_until(host, lambda _: True)
        block = host._connection.ask("CORE_READ CARTROM", most=1 << 24).block
    assert block is not None
    assert len(block) == rom.stat().st_size
    return block
