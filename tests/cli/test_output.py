"""Output is whole and plain in a pipe, coloured on a terminal; no encoding or broken stream is an internal error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from halscope.cli._arguments import parser
from halscope.demo import rom_path, truth
from PIL import Image
from support.terminals import halscope, kana_rom, on_a_terminal, python_on_a_terminal

BLOCK = 0x35D23


def commands() -> list[str]:
    (choices,) = [action.choices for action in parser()._actions if action.dest == "command"]
    assert choices is not None
    return list(choices)


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        copy = tmp_path / "game.sfc"
        copy.write_bytes(path.read_bytes())
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_title_in_katakana_is_printed_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    rom = kana_rom(tmp_path / "kana.sfc")
    done = subprocess.run(
        [sys.executable, "-m", "halscope", "scan", str(rom)],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    title = done.stdout.decode(encoding).splitlines()[0]
    assert ("ｶｰﾋﾞｨ TEST" if encoding == "utf-8" else "????? TEST") in title


@pytest.mark.slow
def test_files_with_names_in_katakana_are_written_and_named(rom: Path, tmp_path: Path) -> None:
    game = rom.rename(tmp_path / "ゲーム.sfc")
    surroundings = {"PYTHONIOENCODING": "cp1252"}
    folder, patch = tmp_path / "シート", tmp_path / "パッチ.bps"
    done = halscope("extract", game, hex(BLOCK), "--out", folder, env=surroundings)
    assert done.returncode == 0, done.stderr
    assert "???" in done.stdout
    (png,) = folder.glob("*.png")
    with Image.open(png) as image:
        image.putpixel((0, 0), 15 - int(np.asarray(image)[0, 0]))
        image.save(png)
    done = halscope("inject", game, png, "-o", patch, env=surroundings)
    assert done.returncode == 0, done.stderr
    assert patch.exists()
    done = halscope("inject", game, *folder.glob("*.png"), "-o", game, env=surroundings)  # an error names the file too
    assert done.returncode == 2
    assert f"{tmp_path}/???.sfc: is the ROM itself" in done.stderr, "as on standard output, no escapes"


@pytest.mark.parametrize("arguments", [[], *([name] for name in commands())], ids=" ".join)
def test_help_is_printed_in_ascii(arguments: list[str]) -> None:
    done = halscope(*arguments, "--help", env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: halscope")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("arguments", ["--version", "scan --help", "scan {rom} --json"])
def test_a_full_standard_output_is_named(arguments: str, rom: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = halscope(*arguments.format(rom=rom).split(), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith("halscope: standard output cannot be written: No space left on device")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_disturb_nothing(closed: str, rom: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.hal"
    command = f'"{sys.executable}" -m halscope compress "{rom.parent / "raw"}" -o "{packed}" {closed}'
    (rom.parent / "raw").write_bytes(bytes(100))
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert packed.stat().st_size < 20
    assert b"bytes from" not in packed.read_bytes(), "what was printed went into the file that got its number"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_a_reader_that_has_exited_ends_the_command_without_a_word(rom: Path) -> None:
    command = f'"{sys.executable}" -m halscope scan "{rom}" --all | head -n 1'
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert "HALSCOPE DEMO" in done.stdout
    assert done.returncode == 1


@pytest.mark.slow
def test_a_table_in_a_pipe_has_one_row_a_line_and_nothing_cut(rom: Path, tmp_path: Path) -> None:
    name = "a-name-of-a-file-that-is-longer-than-the-eighty-columns-of-a-terminal-that-nobody-has-these-days.sfc"
    rom = rom.rename(tmp_path / name)
    done = halscope("scan", rom, env={"COLUMNS": "40"})
    lines = done.stdout.splitlines()
    assert name in lines[0]
    assert all(character.isascii() and character != "\x1b" for character in done.stdout)
    heading = next(number for number, line in enumerate(lines) if line.split()[0] == "offset")
    assert lines[heading].split() == ["offset", "address", "packed", "size", "codec", "score", "start", "tiles"]
    rows = [line.split() for line in lines[heading + 1 : -1]]
    blocks = json.loads(halscope("scan", rom, "--json").stdout)["blocks"]
    assert [(row[0], int(row[2]), row[4], row[6]) for row in rows] == [
        (hex(block["offset"]), block["packed_size"], block["codec"], block["start"]) for block in blocks
    ]
    assert {hex(block["offset"]) for block in truth()["blocks"]} <= {row[0] for row in rows}
    assert done.stderr == ""


@pytest.mark.slow
def test_a_terminal_gets_colours_and_every_row(rom: Path) -> None:
    shown = on_a_terminal("scan", rom, columns=100)
    assert shown.code == 0
    assert "\x1b[" in shown.text
    for block in truth()["blocks"]:
        assert hex(block["offset"]) in shown.text
    plain = on_a_terminal("scan", rom, columns=100, env={"NO_COLOR": "1"})
    assert plain.code == 0
    assert not any(f"\x1b[{colour}m" in plain.text for colour in (*range(30, 38), *range(90, 98)))


TABLE = """
from rich.text import Text
from halscope.cli._terminal import print_swatches, print_table
row = ("16x16", "4 of 4 tiles known", "hal $008821+$0183 pointer", "hal-008821/16x16-012")
print_table(("size", "tiles", "origin", "figure"), (False,) * 4, [[Text(word) for word in row]] * 2)
print_swatches("palette 3: ", [f"#{colour:06x}" for colour in range(16)])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "lines", "no_color"), [(100, 2 + 2 * 1 + 2, ""), (46, 2 + 2 * 3 + 6, "1")])
def test_a_narrow_terminal_breaks_no_address_and_no_colour(
    columns: int, lines: int, no_color: str, tmp_path: Path
) -> None:
    (tmp_path / "table.py").write_text(TABLE)
    environment = {"NO_COLOR": no_color} if no_color else {}
    shown = python_on_a_terminal(tmp_path / "table.py", columns=columns, env=environment)
    assert ("\x1b[48;" in shown.text) != bool(no_color), "patches of colour are colours too"
    text = shown.plain
    assert text.count("$008821+$0183") == text.count("16x16-012") == 2
    assert all(f"#{colour:06x}" in text for colour in range(16))
    assert max(map(len, text.splitlines())) <= columns
    assert len(text.splitlines()) == lines


@pytest.mark.slow
def test_a_first_index_shows_progress_on_a_terminal_alone(rom: Path, tmp_path: Path) -> None:
    shown = on_a_terminal("scan", rom, env={"HALSCOPE_CACHE_DIR": str(tmp_path / "one")})
    assert "indexing" in shown.text
    done = halscope("scan", rom, env={"HALSCOPE_CACHE_DIR": str(tmp_path / "two")})
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_knows_every_command(shell: str) -> None:
    done = halscope("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    for name in commands():
        assert name in done.stdout


def test_bash_completes_options_and_commands(tmp_path: Path) -> None:
    script = tmp_path / "halscope.bash"
    script.write_text(halscope("completion", "bash").stdout)
    ask = (
        f'source "{script}"; COMP_WORDS=(halscope {{words}}); COMP_CWORD=$((${{{{#COMP_WORDS[@]}}}} - 1)); '
        '_shtab_halscope; echo "${{COMPREPLY[@]}}"'
    )
    for words, expected in (("sc", "scan"), ("scan --mi", "--min-score"), ("completion f", "fish")):
        done = subprocess.run(
            ["bash", "-c", ask.format(words=words)], capture_output=True, text=True, timeout=60, check=True
        )
        assert expected in done.stdout.split(), done.stderr
