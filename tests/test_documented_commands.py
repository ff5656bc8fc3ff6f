"""Every command in the README, the tutorial and the guides runs as printed, and its pictures are compared."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet
from PIL import Image
from support.made_host import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

ROOT = Path(__file__).parents[1]
HOW_TOS = [f"docs/how-to/{path.name}" for path in sorted(ROOT.glob("docs/how-to/*.md"))]
PAGES = ["README.md", "docs/tutorial/first-edit.md", *HOW_TOS]
PATIENCE = 300.0

# Pages without a command that runs here: there is none, or tests of its own run it.
NO_COMMANDS = (
    "docs/how-to/add-a-native-codec.md",
    "docs/how-to/attach.md",  # tests/cli/test_attach.py
    "docs/how-to/contribute-parts.md",
    "docs/how-to/prove-starts.md",  # tests/app/test_start_watch.py
    "docs/how-to/mesen.md",  # tests/hosts/mesen2/test_mesen_attached.py
    "docs/how-to/retroarch.md",  # tests/cli/test_retroarch.py
)

# Lines that install something, or that other tests run as printed.
RUN_ELSEWHERE = {
    "tests/run": "by CI",
    "apt install": "by CI, on a bare Debian",
    "pytest": "tests/testing/test_guide.py",
}


def commands(page: str) -> list[str]:
    """The command lines of a page, without what they are called in an environment and the words beside them."""
    found = []
    text = (ROOT / page).read_text("utf-8")
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in re.findall(r"(?:[^\n\"]|\"[^\"]*\")+", "" if language else block):  # a quoted text may have lines
            command = re.split(r"\s{2,}(?!with)", line.strip())[0].rpartition(" && ")[2]
            found.append(command.removeprefix(".venv/bin/"))
    return [command for command in found if command]


def environment(folder: Path) -> dict[str, str]:
    """The surroundings of a shell in which `halscope` and `python` are those of this test."""
    binaries = folder / "bin"
    binaries.mkdir(exist_ok=True)
    for name, module in (("halscope", "-m halscope"), ("python", "")):
        script = binaries / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        script.chmod(0o755)
    return os.environ | {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "DISPLAY": "", "WAYLAND_DISPLAY": ""}


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=PATIENCE
    )


def play(command: str, folder: Path) -> str:
    """Run a game until sheets have appeared, repaint one, and end it with Ctrl-C. Returns what it said."""
    errors = folder / "errors.txt"
    with errors.open("w") as file:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"], cwd=folder, env=environment(folder), stderr=file, start_new_session=True
        )
    try:
        assert eventually(lambda: whole_sheets(folder / "sprites")), errors.read_text()
        png = max(whole_sheets(folder / "sprites"), key=lambda path: len(read_sheet(path).sheet.cells))
        repaint(png)
        assert eventually(lambda: f"{png.name}: applied to the game" in errors.read_text()), errors.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, errors.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)
    return errors.read_text()


def whole_sheets(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.glob("hal-*/*.png"))
        if path.with_suffix(".json").exists() and all(cell.origin is not None for cell in read_sheet(path).sheet.cells)
    ]


def repaint(png: Path) -> None:
    with Image.open(png) as image:
        shown = np.asarray(image.convert("RGBA")).copy()
    shown[shown[:, :, 3] > 0, :3] = shown[shown[:, :, 3] > 0][0, :3]
    Image.fromarray(shown).save(png)


def prepare_guide(folder: Path) -> None:
    """Write the plugin that the page prints, and a sheet to inject."""
    text = (ROOT / "docs/how-to/write-a-plugin.md").read_text("utf-8")
    (folder / "sparkle").mkdir()
    for name in ("manifest.json", "sparkle.py"):
        code = re.search(rf"`sparkle/{name}`:\n\n```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        assert code is not None
        (folder / "sparkle" / name).write_text(code[1])
    assert shell("halscope extract game.sfc 0x8821 --lead 3 --out .", folder).returncode == 0
    for suffix in (".png", ".json"):
        (folder / f"hal-008821{suffix}").rename(folder / f"sheet{suffix}")
    repaint(folder / "sheet.png")


def check_readme(folder: Path) -> None:
    assert len(list((folder / "sheets").rglob("*.png"))) > 5
    assert (folder / "edit.bps").read_bytes()[:4] == b"BPS1"
    with (
        Image.open(folder / "halscope-demo/overview.png") as made,
        Image.open(ROOT / "docs/images/overview.png") as shown,
    ):
        assert made.size == shown.size
        difference = np.abs(np.asarray(made.convert("RGB")).astype(int) - np.asarray(shown.convert("RGB")).astype(int))
    assert difference.mean() < 1, "the README's picture is no longer what `halscope demo` makes"


def check_tutorial(folder: Path) -> None:
    """The block's sheet shows whole frogs side by side: each is the figure that the game shows."""
    block = next(block for block in truth()["blocks"] if block["name"] == "frog")
    assert (folder / "edit.bps").read_bytes()[:4] == b"BPS1"
    with Image.open(folder / f"sheets/hal-{block['offset']:06x}.png") as image:
        sheet = np.asarray(image)
    assert sheet.shape == (block["frame_height"], block["frame_width"] * block["frames"])
    frames = [sheet[:, at : at + 32].tobytes() for at in range(0, sheet.shape[1], 32)]
    for command in (
        "halscope record game.sfc -o run.hrec --frames 300 --press start@150-152",
        "halscope extract game.sfc --recording run.hrec --frame 290 --out meadow",
    ):
        assert shell(command, folder).returncode == 0
    figures = list((folder / "meadow" / f"hal-{block['offset']:06x}").glob("32x32*.png"))
    assert figures
    for path in figures:
        figure = read_sheet(path).sheet.compose().pixels
        shown = figure[:, ::-1] if path.stem.endswith("-mirrored") else figure
        assert np.ascontiguousarray(shown).tobytes() in frames, path


def check_guide(folder: Path) -> None:
    lines = (folder / "edit.asm").read_text().splitlines()
    assert lines[0] == "norom"
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    for at, line in enumerate(lines):  # what an assembler does with the listing
        if line.startswith("org $"):
            data = bytes(int(byte[1:], 16) for byte in lines[at + 1].removeprefix("db ").split(","))
            image[int(line[5:], 16) :][: len(data)] = data
            start = int(line[5:], 16)
            image[start : start + len(data)] = data
    done = shell("halscope inject game.sfc sheet.png -o patched.sfc", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "patched.sfc").read_bytes() == bytes(image)


PREPARE: dict[str, Callable[[Path], None]] = {"docs/how-to/write-a-plugin.md": prepare_guide}
CHECK: dict[str, Callable[[Path], None]] = {
    "README.md": check_readme,
    "docs/tutorial/first-edit.md": check_tutorial,
    "docs/how-to/write-a-plugin.md": check_guide,
}


@pytest.mark.parametrize("page", PAGES)
def test_each_command_of_a_page_runs_as_printed(page: str, tmp_path: Path) -> None:
    listed = commands(page)
    if page != "docs/tutorial/first-edit.md":  # which begins with this
        with rom_path() as path:
            shutil.copy(path, tmp_path / "game.sfc")
    if page in PREPARE:
        PREPARE[page](tmp_path)
    for command in listed:
        if any(command.startswith(start) for start in RUN_ELSEWHERE):
            continue
        if "--core bsnes" in command and not any(core.name.startswith("bsnes") for core in available_cores()):
            continue
        assert command.startswith(("halscope ", "python -c ")), f"{page}: nothing runs {command!r}"
        if command.startswith("halscope play ") and "--frames" not in command:
            play(command, tmp_path)
            continue
        if command.startswith("halscope inject game.sfc sheets/"):  # as a reader would have done
            repaint(whole_sheets(tmp_path / "sheets")[0])
        done = shell(command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert bool(listed) or page in NO_COMMANDS
    if page in CHECK:
        CHECK[page](tmp_path)


def test_the_pages_name_the_commands_that_there_are() -> None:
    names = [command for page in PAGES for command in commands(page)]
    assert "halscope extract game.sfc 0x35D23 --out sheets" in names
    assert "halscope play game.sfc --watch sprites/ -o edit.bps" in names
    assert "halscope demo --out halscope-demo" in names
