"""`halscope play` in real time: the game runs before the index is ready, a save reaches it, Ctrl-C ends it cleanly."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from halscope.cli import main
from halscope.demo import rom_path
from halscope.export import bps
from halscope.formats.recording import RecordingReader
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet
from support.made_host import eventually
from support.painting import paint_one_colour
from support.terminals import halscope, on_a_terminal

pytestmark = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")

PATIENCE = 60.0  # seconds; the game runs in real time, and this machine may do other things


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        copy = tmp_path / "game.sfc"
        copy.write_bytes(path.read_bytes())
    return copy


class Running:
    """A game that runs in a process of its own; its words lie in files."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.out, self.errors = folder / "out.txt", folder / "errors.txt"
        with self.out.open("w") as out, self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "halscope", "play", *map(str, arguments)],
                stdout=out,
                stderr=errors,
                env=os.environ | {"HALSCOPE_CACHE_DIR": str(folder / "cache"), "PYTHONUNBUFFERED": "1"},
            )

    def lines(self) -> list[dict[str, Any]]:
        whole = self.out.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def playing(rom: Path, tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, rom, "--watch", tmp_path / "w", "-o", tmp_path / "edit.bps", "--json")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait(PATIENCE)


def sheets(folder: Path) -> list[Path]:
    """Sheets all of whose tiles can be edited."""
    return [
        path
        for path in sorted(folder.glob("hal-*/*.png"))
        if path.with_suffix(".json").exists() and all(cell.origin is not None for cell in read_sheet(path).sheet.cells)
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_the_game_runs_at_once_a_save_gets_into_it_and_a_signal_writes_the_patch(
    playing: Running, tmp_path: Path, number: signal.Signals
) -> None:
    assert eventually(lambda: sheets(tmp_path / "w")), playing.errors.read_text()
    png = max(sheets(tmp_path / "w"), key=lambda path: len(read_sheet(path).sheet.cells))
    if number == signal.SIGINT:
        paint_one_colour(png)
    else:  # as editors do that never leave a half-written file
        paint_one_colour(png, png.with_name("new.tmp"))
        png.with_name("new.tmp").replace(png)
    saved_ns = png.stat().st_mtime_ns
    name = f"{png.parent.name}/{png.name}"
    assert eventually(lambda: f"{name}: applied to the game at frame" in playing.errors.read_text()), (
        playing.errors.read_text()
    )
    assert eventually(lambda: any("edit" in line for line in playing.lines()))
    assert playing.end(number) == 0, playing.errors.read_text()
    assert (tmp_path / "edit.bps").read_bytes()[:4] == b"BPS1"
    errors = playing.errors.read_text()
    assert "Traceback" not in errors, errors
    assert "WARNING" not in errors, errors
    lines_for_people = errors.splitlines()
    assert lines_for_people[0].startswith("HALSCOPE DEMO runs on ")
    assert str(tmp_path / "w") in lines_for_people[1]
    assert "index.html" not in lines_for_people[1], "there is no page before there is a sheet"
    assert lines_for_people[2] == f"Ctrl-C ends the game and writes {tmp_path / 'edit.bps'}"
    page = re.escape(str(tmp_path / "w/index.html"))
    assert re.search(rf"^frame \d+: \d+ new sheets?, \d+ in all; {page} shows them all$", errors, re.MULTILINE)
    assert re.search(
        rf"^{re.escape(name)}: applied .*; hal block at 0x\w+: \d+ of \d+ bytes, \d+ free", errors, re.MULTILINE
    )
    assert lines_for_people[-1].startswith(f"{tmp_path / 'edit.bps'}: ")
    assert name in (tmp_path / "w/index.html").read_text("utf-8")
    [edit] = [line for line in playing.lines() if "edit" in line]
    written, shown_at = edit["written_frame"], edit["shown_frame"]
    assert edit == {"edit": name, "saved_ns": saved_ns, "written_frame": written, "shown_frame": shown_at}
    assert shown_at is None or written < shown_at, "the game may have loaded other graphics over it meanwhile"
    lines = [line for line in playing.lines() if "edit" not in line]
    assert "located_tiles" not in lines[0], "the first frame waited for the index"
    assert "located_tiles" in lines[-1]
    frames = [line["frame"] for line in lines]
    assert frames == sorted(frames)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_patch_that_cannot_be_written_leaves_a_way_to_the_edits(rom: Path, tmp_path: Path) -> None:
    import resource

    assert halscope("extract", rom, "0x35D23", "--out", tmp_path).returncode == 0
    png, output = tmp_path / "hal-035d23.png", tmp_path / "edit.sfc"
    paint_one_colour(png)
    done = halscope(
        *("play", rom, "--host", "libretro", "--frames", 3, "--edit", png, "-o", output),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (rom.stat().st_size // 2, resource.RLIM_INFINITY)),
    )
    assert done.returncode == 1
    note, error = done.stderr.splitlines()[-2:]
    assert note == "the edited sheets are as they were: `halscope inject` makes the patch of them"
    assert error.startswith(f"halscope: {output}: cannot be written")
    assert not output.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """What goes before a command so that `tmp_path / "small"` is a disk of 32 KiB for it; at its end, the files there
    are listed in `tmp_path / "listing"`."""
    folder = tmp_path / "small"
    folder.mkdir()
    script = 'mount -t tmpfs -o size=32k none "$0" || exit 99; "$@"; code=$?; find "$0" -type f > "$0/../listing"; '
    script += "exit $code"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(folder)]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("no disk can be mounted here: that takes Linux with namespaces for users")
    return command


@pytest.mark.slow
def test_a_full_disk_in_the_watched_folder_neither_ends_the_game_nor_loses_the_edits(
    rom: Path, tmp_path: Path, small_disk: list[str]
) -> None:
    assert main(["extract", str(rom), "0x7DD7F", "--out", str(tmp_path)]) == 0
    png, patch, watched = tmp_path / "hal-07dd7f.png", tmp_path / "edit.bps", tmp_path / "small"
    paint_one_colour(png)
    command = [sys.executable, "-m", "halscope", "play", rom, "--frames", 65, "--json", "--watch", watched]
    done = subprocess.run(
        [*small_disk, *map(str, [*command, "--edit", png, "-o", patch])], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 65
    (line,) = [line for line in done.stderr.splitlines() if "No space left on device" in line]
    assert line.startswith(str(watched))
    assert line.endswith("; the game goes on")
    assert patch.read_bytes()[:4] == b"BPS1"
    files = [Path(line).suffix for line in (tmp_path / "listing").read_text().splitlines()]
    assert set(files) <= {".png", ".json", ".gpl"}, "nothing half written is left behind"
    edited = files.count(".png") - 1 + files.count(".gpl")
    assert edited == files.count(".json"), "each sheet and palette has its sidecar; screen.png has none"


@pytest.mark.slow
def test_an_edit_that_cannot_be_taken_ends_the_run_with_the_reason(rom: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    running = Running(tmp_path, rom, "--edit", tmp_path / "bad.png", "--json")
    assert running.process.wait(PATIENCE) == 1
    assert "bad.png" in running.errors.read_text()
    assert "Traceback" not in running.errors.read_text()


@pytest.mark.slow
def test_edits_are_written_whatever_ends_the_game(rom: Path, tmp_path: Path) -> None:
    """Here standard output, whose reader exits."""
    extracted = halscope("extract", rom, "0x8821", "--lead", 3, "--out", tmp_path / "s")
    assert extracted.returncode == 0, extracted.stderr
    (png,) = (tmp_path / "s").glob("*.png")
    paint_one_colour(png)
    original = rom.read_bytes()
    for frames in (["--frames", "100000"], ["--headered"]):
        patch = tmp_path / f"edit-{len(frames)}.bps"
        command = [sys.executable, "-m", "halscope", "play", rom, "--edit", png, "-o", patch, "--json", *frames]
        process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if b"located_tiles" in line and json.loads(line)["frame"] > 60:
                break
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(PATIENCE) == 1, errors
        assert "Traceback" not in errors
        header = bytes(512 if frames == ["--headered"] else 0)
        patched = bps.apply(header + original, patch.read_bytes())
        assert patched[: len(header)] == header
        assert 0 < sum(a != b for a, b in zip(patched[len(header) :], original, strict=True)) < 1000
        assert f"{patch}: for the ROM with{'' if header else 'out'} a copier header: " in errors


@pytest.mark.slow
def test_play_frames_shows_progress_on_a_terminal(rom: Path) -> None:
    shown = on_a_terminal("play", rom, "--frames", 240)
    assert shown.code == 0
    assert re.search(r"playing .*\d+/ *240 frames", shown.plain)
    assert "stopped at frame 2" in shown.text
    assert "240 of 240 decoded frames compared with the emulator's picture: all equal" in " ".join(shown.plain.split())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_recording_is_closed_and_says_what_it_holds(
    rom: Path, tmp_path: Path, number: signal.Signals
) -> None:
    recording = tmp_path / "run.hrec"
    command = [sys.executable, "-m", "halscope", "record", rom, "-o", recording, "--frames", "1000000"]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert eventually(lambda: recording.exists() and recording.stat().st_size > 10_000)
    process.send_signal(number)
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    assert errors == f"halscope: {'interrupted' if number == signal.SIGINT else 'terminated'}\n"
    (frames,) = re.findall(rf"^{re.escape(str(recording))}: (\d+) of 1000000 frames, \d+ bytes$", out, re.MULTILINE)
    with RecordingReader(recording) as reader:
        assert len(reader) == int(frames) > 10


@pytest.mark.slow
def test_record_shows_progress_on_a_terminal(rom: Path, tmp_path: Path) -> None:
    shown = on_a_terminal("record", rom, "-o", tmp_path / "run.hrec", "--frames", 60)
    assert shown.code == 0
    assert re.search(r"recording .*\d+/ *60 frames", shown.plain)


@pytest.mark.slow
def test_sheets_have_the_same_names_in_every_run(rom: Path, tmp_path: Path) -> None:
    names = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        done = halscope("play", rom, "--frames", 200, "--watch", folder)
        assert done.returncode == 0, done.stderr
        names.append({path.relative_to(folder).as_posix() for path in folder.rglob("*-*/*")})
        assert f"{len(names[-1]) // 2} sheets in {folder}" in done.stdout
        assert "coverage of 8 frames: the place in the ROM is known of 99.9 % of " in done.stdout
        assert "200 of 200 decoded frames compared with the emulator's picture: all equal" in done.stdout
        assert "background tiles: blank, one-coloured or too simple: " in done.stdout
    assert names[0] == names[1]
    assert any(re.fullmatch(r"hal-[0-9a-f]{6}/\d+x\d+-\d{3}\.png", name) for name in names[0])
