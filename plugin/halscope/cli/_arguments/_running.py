"""Arguments of the commands that run something: a game, a recording, or the checks of the installation."""

from __future__ import annotations

from pathlib import Path

from halscope.cli._arguments._kinds import Commands, factor, number, positive
from halscope.cli._arguments._shared import (
    add_game_options,
    add_index_option,
    add_live_options,
    add_page_option,
    add_plugin_options,
    add_rom_options,
)


def add_demo(commands: Commands) -> None:
    """Add demo."""
    demo = commands.add_parser(
        "demo",
        help="run the demo game on a core: play and edit it with the page, or write pictures of a tour",
        description="On a terminal the game runs with its page until Ctrl-C. With --out, --headless or --json, or "
        "without a terminal, a tour is written: for each scene, the screen with labelled sprites and a sheet of "
        "every sprite with its origin; pictures before and after an edit of the running game; the patch; report.json.",
    )
    demo.add_argument("--out", type=Path, metavar="DIR", help="default: halscope-demo")
    demo.add_argument("--core", metavar="CORE", help="a libretro core, by path or name (default: the first one found)")
    demo.add_argument("--headless", action="store_true", help="write the tour, also on a terminal")
    add_page_option(demo)
    demo.add_argument("--json", action="store_true", help="print the report as JSON")


def add_play(commands: Commands) -> None:
    """Add play."""
    play = commands.add_parser(
        "play",
        help="run a game on a libretro core and edit it while it runs",
        description="Runs for --frames frames, or in real time until Ctrl-C. With --watch, every group of sprites that "
        "appears is written to a folder as a PNG; edit and save one, and the running game changes.",
    )
    add_game_options(play)
    add_live_options(
        play,
        headless="do not open the page",
        watch="folder for sprites to edit, and the current picture",
    )
    play.add_argument(
        "--speed",
        type=factor,
        metavar="X",
        help="in real time: this multiple of the console's speed; 0: as fast as possible (default: 1)",
    )
    play.add_argument("--out", type=Path, metavar="DIR", help="at the end, write pictures of the last frame here")


def add_recording(commands: Commands) -> None:
    """Add record and replay."""
    record = commands.add_parser("record", help="run a game and record every frame's video memory")
    add_game_options(record)
    record.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the recording")
    record.add_argument("--frames", type=positive, default=600, metavar="N", help="number of frames (default: 600)")
    record.add_argument("--wram", action="store_true", help="also record work RAM, and the SA-1's BW-RAM and IRAM")
    record.add_argument("--picture", action="store_true", help="also record the emulator's picture")
    record.add_argument("--json", action="store_true", help="print what was recorded as JSON")
    add_plugin_options(record)

    replay = commands.add_parser("replay", help="decode a recording like a running game")
    replay.add_argument("recording", type=Path, metavar="FILE")
    replay.add_argument("--rom", type=Path, metavar="ROM", help="locate the tiles in this ROM")
    replay.add_argument("--frame", type=number, metavar="N", help="stop at this frame, from 0, and show it")
    replay.add_argument("--out", type=Path, metavar="DIR", help="write pictures of the last frame, or of --frame, here")
    replay.add_argument(
        "--every", type=positive, metavar="N", help="write DIR/frames.png: a small picture of every Nth frame, numbered"
    )
    replay.add_argument("--headless", action="store_true", help="do not open the page")
    replay.add_argument("--no-browser", action="store_true", help="print the page's address instead of opening it")
    replay.add_argument("--json", action="store_true", help="print one line of JSON per frame")
    add_rom_options(replay)
    add_index_option(replay)
    add_plugin_options(replay)


def add_doctor(commands: Commands) -> None:
    """Add doctor."""
    doctor = commands.add_parser("doctor", help="check the installation, the plugins, the cores and the cache")
    doctor.add_argument("--rom", type=Path, metavar="ROM", help="also report on this ROM")
    doctor.add_argument("--core", metavar="CORE", help="only this libretro core, by path or name")
    doctor.add_argument(
        "--coverage",
        action="store_true",
        help="run the ROM (without --rom the demo) and say how much of its graphics is known, and why the rest is not",
    )
    doctor.add_argument(
        "--frames", type=positive, metavar="N", help="with --coverage: number of frames (default: 1200)"
    )
    doctor.add_argument("--json", action="store_true", help="print the checks as JSON")
    add_rom_options(doctor)
    add_plugin_options(doctor)


def add_cache(commands: Commands) -> None:
    """Add cache."""
    cache = commands.add_parser("cache", help="list or delete the cached indexes of ROMs")
    cache.add_argument("action", nargs="?", choices=("list", "clear"), default="list", help="default: list")
    cache.add_argument("--json", action="store_true", help="print what is there, or what was deleted, as JSON")


def add_completion(commands: Commands) -> None:
    """Add completion."""
    completion = commands.add_parser(
        "completion",
        help="print a script that completes this command's arguments in a shell",
        description="bash: add `source <(halscope completion bash)` to ~/.bashrc. zsh: write it to a file _halscope in "
        "a folder of $fpath. fish: write it to ~/.config/fish/completions/halscope.fish.",
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")
