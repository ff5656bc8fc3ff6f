"""Arguments of `attach`, which all hosts for running emulators share."""

from __future__ import annotations

from pathlib import Path

from halscope.cli._arguments._kinds import Commands, number, seconds
from halscope.cli._arguments._shared import add_live_options, add_rom_options


def add_attach(commands: Commands) -> None:
    """Add attach."""
    attach = commands.add_parser(
        "attach",
        help="look at and edit a game that runs in another emulator, or on a console",
        description="Waits for the emulator, and attaches to it again if it is restarted. Every group of sprites that "
        "appears is written to a folder as a PNG; edit and save one, and the running game changes. With --headless, "
        "--json or --frames it only looks. HOST: mesen2, retroarch, nwa, usb2snes, or the host of a plugin.",
    )
    attach.add_argument("host", metavar="HOST", help="how to reach the emulator: mesen2, retroarch, nwa, usb2snes")
    attach.add_argument(
        "--address", metavar="ADDRESS", help="HOST:PORT, or a URL, where the emulator listens (default: the usual one)"
    )
    attach.add_argument("--list", action="store_true", help="list the emulators that can be reached now, and end")
    attach.add_argument(
        "--script", action="store_true", help="print the path of the script that the emulator runs (mesen2), and end"
    )
    attach.add_argument(
        "--wait", type=seconds, metavar="SECONDS", help="give up if no emulator appears (default: wait for ever)"
    )
    attach.add_argument("--rom", type=Path, metavar="ROM", help="the ROM that the emulator runs")
    attach.add_argument(
        "--obsel", type=number, metavar="N", help="value of OBSEL ($2101), for an emulator that cannot tell it"
    )
    add_live_options(
        attach,
        headless="only look: write no sheets and open no window",
        watch="folder for the sheets (default without --headless: halscope-attach)",
    )
    add_rom_options(attach)


def add_retroarch(commands: Commands) -> None:
    """Add retroarch."""
    retroarch = commands.add_parser(
        "retroarch",
        help="put Halscope's core into RetroArch, or take it away",
        description="Halscope's core opens the core that you name, forwards everything to it, and shows each frame to "
        "`halscope attach retroarch`. RetroArch's configuration is not changed.",
    )
    actions = retroarch.add_subparsers(dest="action", required=True, metavar="ACTION")
    install = actions.add_parser("install", help="install the core, or replace an earlier one")
    install.add_argument("--inner", required=True, metavar="CORE", help="path or name of the core that it opens")
    uninstall = actions.add_parser("uninstall", help="remove what `install` put there")
    for action in (install, uninstall):
        action.add_argument(
            "--config", type=Path, metavar="FILE", help="RetroArch's retroarch.cfg (default: the usual places)"
        )
        action.add_argument("--json", action="store_true", help="print what was done as JSON")
