"""The options that say which game runs, on which core, with which buttons; and the line that sums up a frame."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from halscope_hooks import Update

from halscope.app import BUTTONS, Game, Press, on_screen
from halscope.cli._common import number


def press(text: str) -> Press:
    """`start@120` or `right+a@120-180`: buttons held on a frame or from a frame to another, both included."""
    names, _, span = text.partition("@")
    buttons = frozenset(names.lower().split("+"))
    unknown = buttons - BUTTONS
    if unknown or not span:
        known = " ".join(sorted(BUTTONS))
        raise argparse.ArgumentTypeError(f"{text!r}: write BUTTON@FRAME or BUTTON+BUTTON@FROM-TO; buttons: {known}")
    first, _, last = span.partition("-")
    start = number(first)
    end = number(last) if last else start
    if end < start:
        raise argparse.ArgumentTypeError(f"{text!r} ends before it begins")
    return Press(buttons, start, end)


def add_game_options(command: argparse.ArgumentParser) -> None:
    """Add ROM, --core and --press."""
    command.add_argument("rom", type=Path, metavar="ROM")
    command.add_argument("--host", default="libretro", metavar="HOST", help="what runs it (default: libretro)")
    command.add_argument(
        "--core", metavar="CORE", help="a libretro core: a path or a name (snes9x, bsnes-mercury-accuracy, …)"
    )
    command.add_argument(
        "--press",
        type=press,
        action="append",
        default=[],
        metavar="BUTTON@FRAME",
        help="hold a button on a frame: start@120, right+a@120-180 (repeat for more)",
    )


def game_from(options: argparse.Namespace) -> Game:
    """The game that the options name."""
    return Game(rom=options.rom, core=options.core, host=options.host)


def schedule_from(options: argparse.Namespace) -> tuple[Press, ...]:
    """The buttons that the options name."""
    return tuple(options.press)


def frame_summary(update: Update) -> dict[str, Any]:
    """What a line of JSON says of a frame."""
    frame = update.frame
    summary: dict[str, Any] = {
        "frame": update.snapshot.frame,
        "sprites": len(frame.sprites),
        "on_screen": sum(1 for sprite in frame.sprites if on_screen(sprite)),
    }
    if frame.sprites_unknown:
        summary["sprites_unknown"] = frame.sprites_unknown
    if update.origins is not None:
        summary |= {
            "informative_tiles": int(update.origins.informative.sum()),
            "located_tiles": update.origins.located,
        }
    return summary
