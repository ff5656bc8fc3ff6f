"""Bad input gets one line that says what and where, an exit code of 1 or 2, and leaves no half-written file."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Workspace
from halscope.cli import main
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter
from halscope.hosts.libretro import available_cores
from support.made_host import made_snapshot

Make = Callable[[Path], Path]


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def a_zip(folder: Path) -> Path:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("game.sfc", bytes(0x8000))
    return write(folder, "game.zip", stream.getvalue())


def unreadable(folder: Path) -> Path:
    path = write(folder, "locked.sfc", bytes(0x8000))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user can read every file")
    return path


BAD_ROMS: dict[str, tuple[Make, str]] = {
    "missing": (lambda folder: folder / "none.sfc", "no such file"),
    "empty": (lambda folder: write(folder, "empty.sfc", b""), "empty"),
    "one byte": (lambda folder: write(folder, "one.sfc", b"\xea"), "1 byte"),
    "truncated": (lambda folder: write(folder, "half.sfc", bytes(0x4000)), ""),
    "noise": (
        lambda folder: write(folder, "noise.sfc", np.random.default_rng(1).bytes(0x1000000)),
        "header",
    ),
    "zip": (a_zip, "ZIP"),
    "directory": (lambda folder: folder, "directory"),
    "unreadable": (unreadable, "cannot be read"),
}


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[str]]:
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr().err.strip().splitlines()


@pytest.mark.parametrize("kind", BAD_ROMS)
@pytest.mark.parametrize("command", ["scan", "decompress", "record"])
def test_a_bad_rom_is_refused_in_one_line(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, says = BAD_ROMS[kind]
    rom = make(tmp_path)
    output = tmp_path / "out" / "file"
    output.parent.mkdir()
    extra: dict[str, list[str | Path]] = {
        "scan": ["--json"],
        "decompress": ["0", "-o", output],
        "record": ["-o", output, "--frames", "2"],
    }
    code, lines = run(capsys, command, rom, *extra[command])
    assert code in (1, 2)
    assert len(lines) == 1, lines
    assert rom.name in lines[0]
    assert says.lower() in lines[0].lower()
    assert list(output.parent.iterdir()) == []


def test_an_offset_past_the_end_names_both_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        code, lines = run(capsys, "decompress", rom, "0x900000", "-o", tmp_path / "out")
    assert code == 2
    assert "0x900000" in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_an_address_outside_the_rom_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        code, lines = run(capsys, "decompress", rom, "$7E:0000", "-o", tmp_path / "out")
    assert code == 2
    assert "$7E:0000" in lines[0]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("4:8123", "write 84:8123, or '$84:8123' in quotes, because a shell replaces $8"),  # of $84:8123
        ("A403", "or '$1234' in quotes, because a shell replaces $1"),  # of $1A403
    ],
)
def test_what_a_shell_leaves_of_an_unquoted_offset_is_explained(
    typed: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with rom_path() as rom:
        code, lines = run(capsys, "decompress", rom, typed, "-o", tmp_path / "out")
    assert code == 2
    assert says in lines[-1]


def test_an_offset_that_is_no_stream_says_where_it_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom = write(tmp_path, "bad.bin", b"\x9f\x12\x34")
    code, lines = run(capsys, "compress", rom, "-o", tmp_path / "missing" / "out")
    assert code == 1
    assert "cannot be written" in lines[0]


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    source = write(tmp_path, "raw.bin", bytes(100))
    code, lines = run(capsys, "compress", source, "-o", tmp_path / "out.hal")
    assert code == 1
    assert "No space left" in lines[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw.bin"]


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["play"], ["decompress", "x", "zz", "-o", "y"], ["scan", "--frobnicate", "x"]]
)
def test_a_wrong_command_line_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *arguments)[0] == 2


KINDS = {
    "run.hrec": (b"HALSREC\0" + bytes(100), "is a recording, which has no ROM in it; `halscope replay` decodes it"),
    "game.zip": (b"PK\3\4" + bytes(0x9000), "is an archive; unpack it"),
    "bsnes.state": (b"BST1" + bytes(0x9000), "is a savestate, which has no ROM in it"),
    "game.state": (b"#!s9xsnp:0011\n" + bytes(0x9000), "is a savestate, which has no ROM in it"),
    "retro.state": (b"RASTATE\1" + bytes(0x9000), "is a savestate, which has no ROM in it"),
    "edit.bps": (b"BPS1" + bytes(100), "is a patch; give the ROM that it is for"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "arguments", [("scan",), ("play", "--frames", "2"), ("play", "--frames", "2", "--host", "recording")], ids=" ".join
)
def test_a_file_of_another_kind_is_named_as_what_it_is(
    name: str, arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = KINDS[name]
    code, lines = run(capsys, *arguments, write(tmp_path, name, content))
    assert code == 1
    assert f"{name}: {words}" in lines[-1]


@pytest.mark.parametrize(
    ("there", "words"), [(None, "does not exist"), ("file", "is a file"), ("folder", "contains no manifest.json")]
)
def test_a_folder_without_a_plugin_is_told_from_one_that_is_not_there(
    there: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "plugin"
    if there == "file":
        folder.write_bytes(b"")
    elif there == "folder":
        folder.mkdir()
    code, lines = run(capsys, "compress", write(tmp_path, "raw", b"x"), "-o", tmp_path / "o", "--plugin", folder)
    assert code == 2
    assert lines[-1] == f"halscope: {folder}: {words}; --plugin takes the folder of a plugin's manifest.json"


@pytest.mark.slow
@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_button_that_is_never_pressed_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        code, lines = run(capsys, "play", rom, "--frames", "2", "--press", "right+a@2-9", "--press", "b@1")
    assert code == 0
    assert [line for line in lines if line.startswith("warning")] == [
        "warning: a+right@2 is never pressed: the run ends with frame 1"
    ]


@pytest.mark.slow
@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_figure_that_never_appears_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        code, lines = run(capsys, "play", rom, "--frames", "2", "--split", "hal-1", "--watch", tmp_path / "w")
        for option in ("--split", "--strip"):
            assert run(capsys, "play", rom, "--frames", "2", option, "hal-1") == (
                2,
                ["halscope: --merge, --split and --strip shape the sheets of --watch DIR; give it too"],
            )
    assert code == 0
    assert "warning: no figure 'hal-1' appeared, which --merge, --split or --strip names" in lines


@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
@pytest.mark.parametrize("option", ["--out", "--watch"])
def test_a_file_in_the_place_of_a_folder_is_refused_before_the_game_runs(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = write(tmp_path, "file", b"")
    with rom_path() as rom:
        code, lines = run(capsys, "play", rom, "--frames", "1", option, there)
    assert code == 2
    assert lines == [f"halscope: {there}: is not a folder; give {option} a new or existing folder"]


@pytest.mark.slow
def test_a_core_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = write(tmp_path, "fake_libretro.so", b"\x7fELF" + bytes(100))
    with rom_path() as rom:
        code, lines = run(capsys, "record", rom, "--core", library, "-o", tmp_path / "out", "--frames", "2")
    assert code in (1, 2)
    assert "fake_libretro.so" in lines[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["replay", "inspect"])
@pytest.mark.parametrize("missing", ["recording", "rom"])
def test_no_page_opens_for_a_file_that_is_not_there(
    command: str, missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RecordingWriter(tmp_path / "run.hrec") as writer:
        writer.append(made_snapshot(0))
    recording = tmp_path / ("none.hrec" if missing == "recording" else "run.hrec")
    with rom_path() as rom:
        given = tmp_path / "none.sfc" if missing == "rom" else rom
        code, lines = run(capsys, command, recording, "--rom", given, "--no-browser")
    assert code in (1, 2)
    assert len(lines) == 1
    assert "none." in lines[0]


def test_files_in_the_place_of_a_recording_or_a_dump_are_named_for_what_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = write(tmp_path, "empty.hrec", b"")
    assert run(capsys, "replay", empty) == (
        1,
        [f"halscope: {empty}: at offset 0x0: not a Halscope recording: the file is empty"],
    )
    picture = write(tmp_path, "a.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "it begins with 89 50 4e 47 0d 0a 1a 0a" in run(capsys, "replay", picture)[1][0]
    with RecordingWriter(tmp_path / "run.hrec") as writer:
        writer.append(made_snapshot(0))
    with rom_path() as rom:
        code, lines = run(capsys, "extract", rom, "--state", tmp_path / "run.hrec", "--out", tmp_path / "out")
    assert code == 1
    assert "a recording; use extract --recording" in lines[-1]


def test_a_recording_without_its_end_is_replayed_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.hrec"
    with RecordingWriter(path) as writer:
        for value in range(3):
            writer.append(made_snapshot(value))
    assert run(capsys, "replay", path) == (0, [])
    path.write_bytes(path.read_bytes()[:-30])
    code, lines = run(capsys, "replay", path)
    assert code == 0
    assert lines[0].startswith(f"warning: {path}: its end is missing")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "nothing to extract"),
        (("0x8000", "--all"), "give either OFFSET or --all"),
        (("--recording", "run.hrec", "--state", "run.state"), "give either --recording or --state"),
        (("--all", "--frame", "3"), "--frame needs --recording"),
        (("--state", "run.state", "--frame", "3"), "--frame needs --recording"),
        (("0x8000", "--single"), "--single is for sprites, and OFFSET extracts blocks"),
        (("--all", "--state", "run.state", "--split", "hal-1"), "--split is for sprites, and --all extracts blocks"),
        (("--all", "--obsel", "3"), "--obsel needs --recording or --state"),
        (("--state", "run.state", "--bpp", "2"), "--bpp is for blocks"),
        (("--recording", "run.hrec", "--lead", "0"), "--lead is for blocks"),
        (("--recording", "run.hrec", "--codec", "hal"), "--codec is for blocks"),
        (("--all", "--force"), "--force is for a recording or state of another ROM"),
        (("--all", "--frame", "0"), "--frame needs --recording"),
    ],
)
def test_extract_refuses_options_that_would_go_unused(
    options: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = run(capsys, "extract", "any.sfc", *options, "--out", tmp_path / "out")
    assert code == 2
    assert says in lines[-1]
    assert not (tmp_path / "out").exists()


def test_a_permission_for_a_plugin_that_is_not_there_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        code, lines = run(capsys, "scan", rom, "--allow", "sparkel:network")
    assert code == 0
    assert len(lines) == 1
    assert lines[0].startswith("warning: --allow sparkel:network: there is no plugin 'sparkel'; the plugins are: ")


def test_a_block_that_is_named_twice_is_extracted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        options = ("--codec", "raw", "--tiles", "4", "--out", tmp_path / "out")
        assert run(capsys, "extract", rom, "0x8000", "81:8000", *options) == (0, [])
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["raw-008000.png"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("scan", "any.sfc", "--all", "--min-score", "0"), "--min-score is for ranked blocks"),
        (("doctor", "--frames", "3"), "--frames is for --coverage"),
        (("doctor", "--coverage", "--mapping", "lorom"), "--mapping is for a ROM"),
        (("inspect", "{file}", "--frame", "0", "--out", "{file}.d"), "--frame 0 is for recordings"),
        (("compress", "{file}", "-o", "{rom}"), "is a ROM by its name"),
        (("decompress", "any.sfc", "0", "-o", "{rom}"), "is a ROM by its name"),
        (("record", "any.sfc", "-o", "any.sfc", "--state", "{file}"), "any.sfc: no such file"),
        (("record", "{rom}", "-o", "{rom}"), "is the game itself"),
        (("record", "{rom}", "--state", "{file}", "-o", "{file}"), "is the savestate itself"),
    ],
)
def test_what_would_go_unused_or_destroy_a_file_is_refused(
    arguments: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, rom = write(tmp_path, "file", b"abc"), write(tmp_path, "game.sfc", b"def")
    code, lines = run(capsys, *(text.format(file=file, rom=rom) for text in arguments))
    assert code in (1, 2)
    assert says in lines[-1]
    assert (file.read_bytes(), rom.read_bytes()) == (b"abc", b"def")


@pytest.mark.parametrize("command", ["replay", "inspect"])
def test_a_missing_file_is_named_before_the_rom_is_indexed(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "index", lambda *_: pytest.fail("the ROM was indexed"))
    with rom_path() as rom:
        code, lines = run(capsys, command, tmp_path / "no.hrec", "--rom", rom, "--out", tmp_path / "out")
    assert code == 2
    assert "no.hrec" in lines[-1]


@pytest.mark.parametrize("name", ["x" * 300, "no/folder/out.bps"])
@pytest.mark.parametrize("command", ["compress", "decompress", "inject"])
def test_an_output_that_cannot_be_is_named(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "file", bytes(32))
    with rom_path() as rom:
        arguments = {"compress": (file,), "decompress": (rom, "0x35d23"), "inject": (rom, file)}[command]
        code, lines = run(capsys, command, *arguments, "-o", tmp_path / f"{name}.bps")
    assert code in (1, 2)
    assert "internal error" not in lines[-1]
