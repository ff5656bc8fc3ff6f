"""The game and the buttons that the options name, and the line that sums up a frame."""

from __future__ import annotations

import argparse
from typing import Any

from halscope_hooks import Update

from halscope.app import Game, Press, on_screen


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
