"""The game and the buttons from the options, and the JSON summary of a frame."""

from __future__ import annotations

import argparse
from typing import Any

from halscope_hooks import Update

from halscope.app import Game, JudgedFrame, Press, on_screen
from halscope.cli._output import note


def game_from(options: argparse.Namespace) -> Game:
    """Return the game from the options."""
    return Game(rom=options.rom, core=options.core, host=options.host, mapping=options.mapping, state=options.state)


def schedule_from(options: argparse.Namespace) -> tuple[Press, ...]:
    """Return the button presses from the options, and warn of those that come after the last frame."""
    for press in options.press:
        if options.frames is not None and press.first >= options.frames:
            buttons = "+".join(sorted(press.buttons))
            note(f"warning: {buttons}@{press.first} is never pressed: the run ends with frame {options.frames - 1}")
    return tuple(options.press)


def frame_summary(update: Update, judged: JudgedFrame) -> dict[str, Any]:
    """Return the JSON summary of a frame."""
    frame = update.frame
    summary: dict[str, Any] = {
        "frame": update.snapshot.frame,
        "sprites": len(frame.sprites),
        "on_screen": sum(1 for sprite in frame.sprites if on_screen(sprite, frame)),
    }
    if frame.sprites_unknown:
        summary["sprites_unknown"] = frame.sprites_unknown
    if update.origins is not None:
        summary |= {
            "informative_tiles": int(update.origins.informative.sum()),
            "located_tiles": update.origins.located,
        }
    return summary | judged.describe()
