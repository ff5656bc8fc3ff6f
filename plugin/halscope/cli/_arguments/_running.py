"""Commands that run something: a game, a recording, or the examination of the installation."""

from __future__ import annotations

from pathlib import Path

from halscope.cli._arguments._kinds import Commands, positive
from halscope.cli._arguments._shared import add_game_options, add_plugin_options


def add_demo(commands: Commands) -> None:
    """Add demo."""
    demo = commands.add_parser(
        "demo",
        help="run our own game on a core, edit it while it runs, and write pictures of it all",
        description="Writes, for each scene, the screen with its sprites named and a sheet of every sprite with its "
        "origin; an edit of the running game before and after; the patch; and report.json.",
    )
    demo.add_argument("--out", type=Path, default=Path("halscope-demo"), metavar="DIR", help="default: halscope-demo")
    demo.add_argument("--core", metavar="CORE", help="a libretro core: a path or a name (default: the first found)")
    demo.add_argument("--headless", action="store_true", help="do not open the overview in a viewer at the end")
    demo.add_argument("--json", action="store_true", help="print the report as JSON")


def add_play(commands: Commands) -> None:
    """Add play."""
    play = commands.add_parser(
        "play",
        help="run a game on a libretro core and edit it while it runs",
        description="Runs until --frames have passed, or in real time until Ctrl-C. With --watch, every group of "
        "sprites that appears is written there as a PNG; edit one, save it, and the running game changes.",
    )
    add_game_options(play)
    play.add_argument("--frames", type=positive, metavar="N", help="stop after N frames (default: run until Ctrl-C)")
    play.add_argument("--headless", action="store_true", help="no window; always so in this version")
    play.add_argument("--watch", type=Path, metavar="DIR", help="a folder of sprites to edit, and the running picture")
    play.add_argument(
        "--edit", type=Path, action="append", default=[], metavar="PNG", help="bring in an edited PNG from the start"
    )
    play.add_argument("--force", action="store_true", help="edit blocks whose start is not proven, too")
    play.add_argument("--nearest", action="store_true", help="take the palette's nearest colour for a foreign one")
    play.add_argument(
        "-o", "--output", type=Path, metavar="PATCH", help="at the end, write the edits: .bps, .ips, .sfc"
    )
    play.add_argument("--out", type=Path, metavar="DIR", help="at the end, write pictures of the last frame here")
    play.add_argument("--json", action="store_true", help="print a line of JSON a frame")
    add_plugin_options(play)


def add_recording(commands: Commands) -> None:
    """Add record and replay."""
    record = commands.add_parser("record", help="run a game and record every frame's video memory")
    add_game_options(record)
    record.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the recording")
    record.add_argument("--frames", type=positive, default=600, metavar="N", help="how many (default: 600)")
    record.add_argument("--wram", action="store_true", help="record the work RAM too")
    record.add_argument("--picture", action="store_true", help="record the emulator's picture too")
    record.add_argument("--json", action="store_true", help="print what was recorded as JSON")
    add_plugin_options(record)

    replay = commands.add_parser("replay", help="decode a recording as if it were a running game")
    replay.add_argument("recording", type=Path, metavar="FILE")
    replay.add_argument("--rom", type=Path, metavar="ROM", help="say where the tiles come from in this ROM")
    replay.add_argument("--out", type=Path, metavar="DIR", help="write pictures of the last frame here")
    replay.add_argument("--json", action="store_true", help="print a line of JSON a frame")
    add_plugin_options(replay)


def add_doctor(commands: Commands) -> None:
    """Add doctor."""
    doctor = commands.add_parser("doctor", help="check the installation, the plugins, the cores and the cache")
    doctor.add_argument("--rom", type=Path, metavar="ROM", help="also say what is known of this ROM")
    doctor.add_argument("--json", action="store_true", help="print the checks as JSON")
    add_plugin_options(doctor)
