"""Every command in the README and the documents runs as printed, or is listed here with the reason why it cannot."""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from halscope.export import bps
from halscope.formats.palettes import read_palette, write_palette
from halscope.formats.recording import RecordingReader
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet
from PIL import Image
from support.attached import repaint, whole_sheets
from support.documented import ROOT, Command, commands, documented_commands
from support.documented_emulators import emulator
from support.documented_tour import TOUR
from support.in_process import halscope
from support.made_host import eventually
from support.mesen_file import build_file, values_of
from support.recorded_demo import RECORD

PATIENCE = 300.0
GUIDE = "docs/how-to/write-a-plugin.md"
FILES = "docs/how-to/inspect-files.md"
PARTS = "docs/how-to/edit-animations-and-maps.md"
TOOLS = "docs/how-to/use-with-other-tools.md"
PALETTES = "docs/how-to/edit-palettes.md"
PROJECTS = "docs/how-to/projects.md"

# Pages whose commands run one after another in one folder, as a reader would type them.
WALKS = {
    "game": ("README.md", "docs/tutorial/first-edit.md", FILES, "docs/how-to/prove-starts.md", PALETTES, TOOLS),
    "parts": (PARTS,),
    "projects": (PROJECTS,),
    "emulators": ("docs/how-to/attach.md", "docs/how-to/mesen.md", "docs/how-to/retroarch.md"),
    "plugin": (GUIDE,),
}

# (page, command): why it does not run here. Both are patterns; one that fits no command fails a test.
NOT_RUN = {
    ("README.md", "python3.12 -m venv .venv"): "sets up an environment: .ci/run does, on a bare Debian",
    (
        "README.md",
        "halscope demo",
    ): "plays until Ctrl-C on a terminal, as tests/browser does; else it is the next command",
    ("README.md", "pip install *"): "installs: .ci/example installs the wheel",
    ("README.md", "apt install *"): "installs as root: .ci/run does",
    ("README.md", "tests/run"): "is this run: .ci/run starts it",
    ("CONTRIBUTING.md", "*"): "sets up an environment: tests/run does the same for its own",
    ("docs/examples/palette-watch/README.md", "pip install *"): "installs: .ci/example does",
    ("docs/examples/palette-watch/README.md", "PALETTE_WATCH=*"): "needs the plugin installed: .ci/example runs it",
    ("docs/examples/palette-watch/README.md", "pytest*"): "needs the plugin installed: .ci/example runs its tests",
    ("docs/how-to/test-a-plugin.md", "pytest*"): "tests/testing/test_guide.py runs the page's tests with these options",
    ("docs/how-to/attach.md", "halscope attach usb2snes *"): (
        "needs a console: tests/cli/test_attach.py edits through a server with its memory"
    ),
    ("docs/how-to/mesen.md", "Mesen --testRunner *"): "needs Mesen: a stand-in runs the script in this test",
}


def why_not_run(command: Command) -> str | None:
    """The reason why a command does not run here, or `None`."""
    for (page, pattern), reason in NOT_RUN.items():
        if command.page == page and fnmatch.fnmatchcase(command.text, pattern):
            return reason
    return None


def first_of_each() -> list[Command]:
    """The commands without those that stand on an earlier page too."""
    found: dict[str, Command] = {}
    for command in documented_commands():
        found.setdefault(command.text, command)
    return list(found.values())


def test_each_command_is_run_here_or_listed_with_the_reason_why_not() -> None:
    walked = {page for pages in WALKS.values() for page in pages}
    for command in first_of_each():
        runs = command.page in walked and command.text.startswith(("halscope ", "python -c "))
        assert runs or why_not_run(command), command


def test_commands_are_found_in_every_block_that_a_reader_would_copy() -> None:
    page = (
        "1. A list\n\n   ```sh\n   halscope scan a.sfc --traces   # words\n   ```\n"
        '```\n.venv/bin/halscope demo && tests/run\npython -c "one\ntwo"\n```\n'
        "~~~console\n$ halscope doctor      words\n~~~\n"
        "> ```bash\n> halscope cache\n> ```\n```python\nscan()\n```\n"
    )
    assert [(one.line, one.text) for one in commands("page", page)] == [
        (4, "halscope scan a.sfc --traces"),
        (7, "halscope demo"),
        (7, "tests/run"),
        (8, 'python -c "one\ntwo"'),
        (12, "halscope doctor"),
        (15, "halscope cache"),
    ]


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("```text\nhalscope scan a.sfc\n```\n", "page:1: a command in a block of 'text'"),
        ("Like this:\n\n    halscope scan a.sfc\n", "outside a fenced block"),
        ("```\nhalscope scan a.sfc\n", "does not end"),
    ],
)
def test_a_command_where_none_is_looked_for_is_refused(page: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        commands("page", page)


def test_each_reason_is_that_of_a_command_and_each_page_of_a_walk_has_commands() -> None:
    everything = documented_commands()
    for page, pattern in NOT_RUN:
        assert any(one.page == page and fnmatch.fnmatchcase(one.text, pattern) for one in everything), (page, pattern)
    for pages in WALKS.values():
        assert {one.page for one in everything} >= set(pages)


def home(folder: Path) -> dict[str, str]:
    """What a reader's own files, and windows, are replaced with."""
    own = str(folder / "home")
    return {"HOME": own, "HALSCOPE_DATA_DIR": own, "DISPLAY": "", "WAYLAND_DISPLAY": ""}


def environment(folder: Path) -> dict[str, str]:
    """The surroundings of a shell in which `halscope` and `python` are those of this test."""
    binaries = folder / "bin"
    binaries.mkdir(exist_ok=True)
    for name, module in (("halscope", "-m halscope"), ("python", "")):
        script = binaries / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        script.chmod(0o755)
    return os.environ | home(folder) | {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}


def expanded(word: str, folder: Path) -> list[str]:
    """What a shell makes of a word: the files that match, or the word itself."""
    found = folder.glob(word) if "*" in word else ()
    return sorted(str(path.relative_to(folder)) for path in found) or [word]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does: in this process if a shell would only split it and expand file names, and
    no running emulator is asked."""
    words = shlex.split(command)
    if words[0] == "halscope" and words[1] != "attach" and not set(";&|<>$`") & set(command):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in home(folder).items():
                patch.setenv(name, value)
            return halscope(*itertools.chain.from_iterable(expanded(word, folder) for word in words[1:]), cwd=folder)
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=PATIENCE
    )


def edit_live(command: str, folder: Path) -> None:
    """Run a game until sheets have appeared, repaint one, end it with Ctrl-C, and look at the patch or the project."""
    errors = folder / "errors.txt"
    sprites = folder / ("frogs/watch" if "--project" in command else "sprites")
    shutil.rmtree(sprites, ignore_errors=True)
    with errors.open("w") as file:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"], cwd=folder, env=environment(folder), stderr=file, start_new_session=True
        )
    try:
        assert eventually(lambda: whole_sheets(sprites)), errors.read_text()
        png = whole_sheets(sprites)[-1]
        repaint(png)
        assert eventually(lambda: f"{png.name}: applied to the game" in errors.read_text()), errors.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, errors.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)
    rom = (folder / "game.sfc").read_bytes()
    if "--project" in command:
        assert png.name in (folder / "frogs/project.json").read_text()
        return
    assert bps.apply(rom, (folder / "edit.bps").read_bytes()) != rom


def prepare_files(folder: Path) -> None:
    """Write the files that the page looks into: a moment of the recording that an earlier page makes."""
    for figures in folder.glob("sheets/hal-*/"):  # of the same moment, which are not written over
        shutil.rmtree(figures)
    with RecordingReader(folder / "run.hrec") as recording:
        snapshot = recording[290]
    (folder / "game_1.mss").write_bytes(build_file(values_of(snapshot)))
    memories = (snapshot.vram.tobytes(), snapshot.cgram.astype("<u2").tobytes(), snapshot.oam.tobytes())
    for names in (
        ("Game - SnesVideoRam.dmp", "Game - SnesCgRam.dmp", "Game - SnesSpriteRam.dmp"),
        ("before-vram.bin", "before-cgram.bin", "before-oam.bin"),
        ("after-vram.bin", "after-cgram.bin", "after-oam.bin"),
    ):
        for name, memory in zip(names, memories, strict=True):
            (folder / name).write_bytes(memory)


def prepare_palettes(folder: Path) -> None:
    """Write the pictures that are to share a palette."""
    for name, size in (("hero.png", 16), ("enemy.png", 24)):
        Image.linear_gradient("L").resize((size, size)).convert("RGBA").save(folder / name)


def edit_palette(path: Path) -> None:
    """Change a colour of an exported palette."""
    colours = read_palette(path).colours()
    colours[3] ^= 0x001F
    write_palette(path, colours)


def prepare_emulators(folder: Path) -> None:
    """Write a configuration of RetroArch where it has its own."""
    config = folder / "home/.config/retroarch/retroarch.cfg"
    (folder / "info").mkdir()
    config.parent.mkdir(parents=True)
    config.write_text(f'libretro_directory = "{folder}/cores"\nlibretro_info_path = "{folder}/info"\n')


def prepare_projects(folder: Path) -> None:
    """Write another build of the game."""
    image = bytearray((folder / "game.sfc").read_bytes())
    image[-1] ^= 1
    (folder / "rebuilt.sfc").write_bytes(image)


def prepare_guide(folder: Path) -> None:
    """Write the plugin that the page prints, and a sheet to inject."""
    text = (ROOT / GUIDE).read_text("utf-8")
    (folder / "sparkle").mkdir()
    for name in ("manifest.json", "sparkle.py"):
        code = re.search(rf"`sparkle/{name}`:\n\n```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        assert code is not None
        (folder / "sparkle" / name).write_text(code[1])
    assert shell("halscope extract game.sfc 0x8821 --lead 3 --out .", folder).returncode == 0
    for suffix in (".png", ".json"):
        (folder / f"hal-008821{suffix}").rename(folder / f"sheet{suffix}")
    repaint(folder / "sheet.png")


def prepare_tools(folder: Path) -> None:
    """Write what an assembler and a debugger say about the game: a name, and the code at its start."""
    rom = (folder / "game.sfc").read_bytes()
    (folder / "game.sym").write_text("[labels]\n81:8821 GFX_Stars\n")
    (folder / "game.cdl").write_bytes(
        b"CDLv2" + zlib.crc32(rom).to_bytes(4, "little") + b"\1" * 64 + bytes(len(rom) - 64)
    )


def check_readme(folder: Path) -> None:
    assert len(list((folder / "sheets").rglob("*.png"))) > 5


def check_tutorial(folder: Path) -> None:
    """The block's sheet shows whole frogs side by side."""
    block = next(block for block in truth()["blocks"] if block["name"] == "frog")
    assert (folder / "edit.bps").read_bytes()[:4] == b"BPS1"
    with Image.open(folder / f"sheets/hal-{block['offset']:06x}.png") as image:
        assert image.size == (block["frame_width"] * block["frames"], block["frame_height"])


def check_files(folder: Path) -> None:
    """What is said of them, and that a frog of the tutorial's sheet is the figure that the game shows."""
    for name in ("run-screen", "run-figures", "run-sprites", "game_1-screen", "Game-figures", "sprites"):
        assert (folder / f"seen/{name}.png").exists(), name
    for moment in ("before", "after"):
        assert (folder / f"seen/{moment}").is_dir()
    block = next(block for block in truth()["blocks"] if block["name"] == "frog")
    with Image.open(folder / f"sheets/hal-{block['offset']:06x}.png") as image:
        sheet = np.asarray(image)
    frames = [sheet[:, at : at + 32].tobytes() for at in range(0, sheet.shape[1], 32)]
    figures = list((folder / "sheets" / f"hal-{block['offset']:06x}").glob("32x32*.png"))
    assert figures
    for path in figures:
        figure = read_sheet(path).sheet.compose().pixels
        shown = figure[:, ::-1] if path.stem.endswith("-mirrored") else figure
        assert np.ascontiguousarray(shown).tobytes() in frames, path


def check_tools(folder: Path) -> None:
    assert "GFX_Stars" in (folder / "halscope.mlb").read_text()
    assert list((folder / "graphics").glob("hal-008821-GFX_Stars.*"))
    assert (folder / "graphics-ca65/graphics.cfg").exists()
    with Image.open(folder / "frog.gif") as image:
        assert image.n_frames > 2  # type: ignore[attr-defined]


def check_palettes(folder: Path) -> None:
    rom = (folder / "game.sfc").read_bytes()
    assert bps.apply(rom, (folder / "edit.bps").read_bytes()) != rom
    assert {path.name for path in (folder / "reduced").iterdir()} == {"hero.png", "enemy.png", "palette.gpl"}


def check_projects(folder: Path) -> None:
    """The patches are of the frogs and of what was edited in the game, and the project starts from the other build."""
    rom = (folder / "game.sfc").read_bytes()
    patched = (folder / "frogs.sfc").read_bytes()
    assert bps.apply(rom, (folder / "frogs.bps").read_bytes()) == patched != rom
    project = json.loads((folder / "frogs/project.json").read_text())
    assert len(project["edits"]) == 2
    assert len(project["lineage"]) == 1


def check_retroarch(folder: Path) -> None:
    """The last command took away what the ones before it had installed."""
    assert list((folder / "cores").iterdir()) == []


def check_guide(folder: Path) -> None:
    lines = (folder / "edit.asm").read_text().splitlines()
    assert lines[0] == "norom"
    image = bytearray((folder / "game.sfc").read_bytes())
    for at, line in enumerate(lines):  # what an assembler does with the listing
        if line.startswith("org $"):
            data = bytes(int(byte[1:], 16) for byte in lines[at + 1].removeprefix("db ").split(","))
            start = int(line[5:], 16)
            image[start : start + len(data)] = data
    done = shell("halscope inject game.sfc sheet.png -o patched.sfc", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "patched.sfc").read_bytes() == bytes(image)


PREPARE: dict[str, Callable[[Path], None]] = {
    FILES: prepare_files,
    PALETTES: prepare_palettes,
    PROJECTS: prepare_projects,
    "docs/how-to/retroarch.md": prepare_emulators,
    GUIDE: prepare_guide,
    TOOLS: prepare_tools,
}
CHECK: dict[str, Callable[[Path], None]] = {
    "README.md": check_readme,
    "docs/tutorial/first-edit.md": check_tutorial,
    FILES: check_files,
    PALETTES: check_palettes,
    PROJECTS: check_projects,
    "docs/how-to/retroarch.md": check_retroarch,
    GUIDE: check_guide,
    TOOLS: check_tools,
}


def run(command: str, folder: Path) -> None:
    """Run a command as its reader would."""
    if re.match(r"halscope (play|attach) .*--(watch|project)", command):
        edit_live(command, folder)
        return
    if command.startswith("halscope inject game.sfc sheets/"):
        repaint(whole_sheets(folder / "sheets")[0])
    if command.startswith("halscope inject game.sfc tiles.gfx"):
        tiles = (folder / "tiles.gfx").read_bytes()
        (folder / "tiles.gfx").write_bytes(tiles[:64] + bytes(32) + tiles[96:])
    if command.startswith("halscope palette import game.sfc "):
        edit_palette(folder / command.split()[4])
    if (named := re.match(r"halscope inject game.sfc ((strips|layers)/\S+)", command)) is not None:
        repaint(folder / named[1])
    if command.startswith("halscope inject game.sfc frames/"):
        repaint(folder / "frames/hal-035d23.png")
    done = shell(command, folder)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    if "--json" in command:
        assert [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
@pytest.mark.parametrize("walk", WALKS)
def test_the_commands_run_as_printed(
    walk: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rom_path() as path:
        shutil.copy(path, tmp_path / "game.sfc")
    for name in ("HALSCOPE_MESEN_DIR", "HALSCOPE_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        folder = tmp_path / ("home/.config" if name == "XDG_CONFIG_HOME" else name.lower())
        folder.mkdir(mode=0o700, parents=True)
        monkeypatch.setenv(name, str(folder))
    listed = first_of_each()
    for page in WALKS[walk]:
        if page in PREPARE:
            PREPARE[page](tmp_path)
        with ExitStack() as running:
            hosts: set[str] = set()
            for command in listed:
                if command.page != page or why_not_run(command) is not None:
                    continue
                words = shlex.split(command.text)
                if "bsnes" in command.text and not any("bsnes" in core.name for core in available_cores()):
                    continue
                if command.text == TOUR:
                    shutil.copytree(request.getfixturevalue("demo_tour"), tmp_path / "halscope-demo")
                    continue
                if (record := RECORD.fullmatch(command.text)) is not None:
                    shutil.copy(request.getfixturevalue("recorded_demo") / "run.hrec", tmp_path / record[1])
                    continue
                if words[1] == "attach" and words[2] not in hosts:
                    running.enter_context(emulator(words[2], tmp_path / "game.sfc", monkeypatch))
                    hosts.add(words[2])
                run(command.text, tmp_path)
        if page in CHECK:
            CHECK[page](tmp_path)
