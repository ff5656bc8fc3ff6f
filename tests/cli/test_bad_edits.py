"""What cannot become an edit is refused at the command line: one clear line, exit 1 or 2, and nothing half-done."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from halscope.cli import main
from halscope.codecs.hal import HAL
from halscope.inject import sheet_from_block, write_sheet
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from PIL import Image
from support.checksums import fix
from support.edit_rom import FIRST, LEAD, SECOND, make_edit_rom

TABLE = 0x600
FREE = (0x18400, 0x19800)
ADDRESSES = {FIRST: b"\x23\x81\x01", SECOND: b"\x01\xa0\x01"}
INTO_FREE = b"\x00\x86\x03"


def table(*places: int, count: int = 1) -> str:
    """A table of a game file: at one address, or with each byte of its entries in a place of its own."""
    fields = ["address"] if len(places) == 1 else ["low", "high", "bank"]
    lines = [f'{field} = "00:{0x8000 + at:04X}"' for field, at in zip(fields, places, strict=True)]
    return "\n".join(["", "[[tables]]", 'codec = "hal"', f"count = {count}", *lines, ""])


def make_game(folder: Path, tables: str, entries: Sequence[tuple[int, bytes]], *, is_full: bool = False) -> Path:
    """Write a ROM with these pointers and what a person says of it, and a sheet of its first block full of noise."""
    image = bytearray(make_edit_rom().rom.data.tobytes())
    if not is_full:
        image[slice(*FREE)] = b"\xff" * (FREE[1] - FREE[0])
    for at, pointer in entries:
        image[at : at + 3] = pointer
    rom = folder / "game.sfc"
    rom.write_bytes(fix(image, Mapping.LOROM.header_offset))
    (folder / "game.toml").write_text(f'name = "Game"\n{tables}')
    for name, offset, lead in (("first.png", FIRST, LEAD), ("second.png", SECOND, 0)):
        sheet = sheet_from_block(Rom.load(rom), HAL, offset, lead=lead, start="pointer")
        pixels, rng = sheet.compose().pixels, np.random.default_rng(1)
        for cell in sheet.cells:
            pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = rng.integers(1, 16, (8, 8), np.uint8)
        write_sheet(sheet, pixels, folder / name)
    return rom


def refused(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 1) -> str:
    """Run a command that must fail with one line, which is returned."""
    assert main([str(argument) for argument in arguments]) == code
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("halscope: ")
    assert "internal error" not in line
    return line


BOTH = [(TABLE, ADDRESSES[FIRST]), (TABLE + 3, ADDRESSES[SECOND])]


def test_what_has_a_pointer_and_room_moves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom = make_game(tmp_path, table(TABLE, count=2), BOTH)
    assert main(["inject", str(rom), str(tmp_path / "first.png"), "--dry-run", "--json"]) == 0
    (move,) = json.loads(capsys.readouterr().out)["moves"]
    assert FREE[0] < move["to"] < FREE[1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("second.png", f"shares the byte at {TABLE + 2:#x} with the pointer to {FIRST:#x}"),
        ("first.png", "it has to stay in its bank"),
    ],
)
def test_pointers_that_overlap_are_not_rewritten(
    name: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bank of one is the low byte of the other."""
    tables = table(TABLE, TABLE + 1, TABLE + 2) + table(TABLE + 2, TABLE + 3, TABLE + 4)
    rom = make_game(tmp_path, tables, [(TABLE, ADDRESSES[FIRST]), (TABLE + 2, ADDRESSES[SECOND])])
    assert says in refused(capsys, "inject", rom, tmp_path / name, "-o", tmp_path / "x.bps")
    assert not (tmp_path / "x.bps").exists()


def test_free_space_that_a_table_leads_into_is_not_free(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = [*BOTH, (TABLE + 6, INTO_FREE), (TABLE + 9, ADDRESSES[FIRST])]
    rom = make_game(tmp_path, table(TABLE, count=4), entries)
    line = refused(capsys, "inject", rom, tmp_path / "first.png", "-o", tmp_path / "x.sfc")
    assert "it cannot be moved: the ROM has 0 free bytes" in line
    assert not (tmp_path / "x.sfc").exists()


def test_a_full_rom_is_named_with_the_numbers_and_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom = make_game(tmp_path, table(TABLE, count=2), BOTH, is_full=True)
    line = refused(capsys, "inject", rom, tmp_path / "first.png", "-o", tmp_path / "x.ips")
    assert "the ROM has 0 free bytes, at most 0 of them together; --expand makes the image larger" in line
    assert not (tmp_path / "x.ips").exists()


@pytest.mark.parametrize("command", ["inject", "extract", "locate"])
def test_a_table_that_is_none_is_warned_of_wherever_the_game_file_is_used(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom = make_game(tmp_path, table(0x1000, count=40), BOTH)
    (tmp_path / "tile.bin").write_bytes(bytes(range(32)))
    more = {
        "inject": ["--dry-run", "--force", "--expand", str(tmp_path / "first.png")],
        "extract": [hex(FIRST), "--out", str(tmp_path / "out")],
        "locate": [str(tmp_path / "tile.bin")],
    }[command]
    main([command, str(rom), *more])
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert warnings == [f"halscope: warning: {rom}: the table at 009000 of Game does not fit this ROM and is ignored"]


def test_an_edit_of_another_rom_names_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom = make_game(tmp_path, table(TABLE, count=2), BOTH)
    other = bytearray(rom.read_bytes())
    other[0x30000] ^= 1
    (tmp_path / "other.sfc").write_bytes(fix(other, Mapping.LOROM.header_offset))
    line = refused(capsys, "inject", tmp_path / "other.sfc", tmp_path / "first.png", "-o", tmp_path / "x.bps")
    assert "first.png: was exported from another ROM" in line
    for path in (rom, tmp_path / "other.sfc"):
        assert Rom.load(path).sha256 in line
    assert not (tmp_path / "x.bps").exists()


def test_a_photograph_names_its_colours_and_the_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom = make_game(tmp_path, table(TABLE, count=2), BOTH)
    with Image.open(tmp_path / "first.png") as sheet:
        pixels = np.array(sheet.convert("RGBA"))
    pixels[..., :3] = np.random.default_rng(2).integers(0, 256, pixels[..., :3].shape)
    Image.fromarray(pixels).save(tmp_path / "first.png")
    line = refused(capsys, "inject", rom, tmp_path / "first.png", "-o", tmp_path / "x.bps")
    assert "its palette holds 16 (including transparent)" in line
    assert "or choose the nearest ones with --nearest" in line
    assert not (tmp_path / "x.bps").exists()


def test_no_command_touches_a_project_of_a_newer_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom, project = make_game(tmp_path, table(TABLE, count=2), BOTH), tmp_path / "hack"
    assert main(["project", "new", str(project), "--rom", str(rom)]) == 0
    document = json.loads((project / "project.json").read_text(encoding="utf-8"))
    (project / "project.json").write_text(json.dumps(document | {"version": 2}))
    capsys.readouterr()
    before = {path: path.read_bytes() for path in project.iterdir() if path.is_file()}
    for arguments in (
        ("project", "status", project),
        ("project", "undo", project),
        ("project", "apply", project, "-o", tmp_path / "x.bps"),
        ("project", "rebase", project, "--rom", rom),
        ("inject", rom, tmp_path / "first.png", "--project", project),
        ("play", rom, "--project", project, "--frames", 1),
    ):
        assert "a project of version 2; this Halscope reads 1; update it" in refused(capsys, *arguments)
        assert {path: path.read_bytes() for path in project.iterdir() if path.is_file()} == before
    assert not (tmp_path / "x.bps").exists()


_FULL_DISK = """
import contextlib, io, json, sys
from pathlib import Path
from halscope.cli import main
said = []
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(command)
    said.append([code, out.getvalue(), err.getvalue(), sorted(path.name for path in Path("disk").iterdir())])
print(json.dumps(said))
"""


@pytest.mark.slow
def test_a_full_disk_is_named_in_one_line_and_holds_no_half_of_a_file(tmp_path: Path) -> None:
    isolated = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*isolated, "true"], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here: that takes Linux with namespaces for users")
    make_game(tmp_path, table(TABLE, count=2), BOTH)
    (tmp_path / "disk").mkdir()
    commands = [
        *(["inject", "game.sfc", "first.png", "-o", f"disk/x{suffix}"] for suffix in (".bps", ".ips", ".sfc")),
        ["extract", "game.sfc", hex(FIRST), "--out", "disk"],
        ["decompress", "game.sfc", hex(FIRST), "-o", "disk/x.bin"],
        ["project", "new", "disk/hack", "--rom", "game.sfc"],
    ]
    script = 'mount -t tmpfs -o size=64k none disk && { cat /dev/zero > disk/full; :; } 2> /dev/null; exec "$@"'
    done = subprocess.run(
        [*isolated, "sh", "-c", script, "sh", sys.executable, "-c", _FULL_DISK, json.dumps(commands)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    for command, (code, out, errors, there) in zip(commands, json.loads(done.stdout), strict=True):
        assert (code, out, there) == (1, "", ["full"]), command
        (line,) = errors.splitlines()
        assert "cannot be written: No space left on device" in line, command
        assert "internal error" not in line
