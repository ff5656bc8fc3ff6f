"""`halscope demo`: the demo game with its page, or a tour of it, written to a folder of pictures."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from halscope.app import run_tour
from halscope.cli._common import out_folder, print_json
from halscope.cli._output import note, say
from halscope.cli._page import wants_page
from halscope.demo import rom_path

SHEETS = Path("halscope-demo") / "sheets"
"""Folder for the sheets of the game that runs with its page."""


def run(options: argparse.Namespace) -> int:
    """Run the game with its page, or the tour.

    The tour's exit code is 1 if the edit did not stay, or the patched ROM shows something else.
    """
    if wants_page(options):
        return _play(options)
    folder = out_folder(Path("halscope-demo") if options.out is None else options.out)
    report = run_tour(folder, options.core, note)
    good = report.stays_changed and report.patched_rom_shows_the_same
    if options.json:
        print_json(asdict(report))
    else:
        say(f"{report.emulator}: {len(report.pictures)} pictures and {report.patch} in {folder}")
        say(f"overview: {folder / 'overview.png'}")
        if not good:
            note("the edit did not persist; see report.json")
    return 0 if good else 1


def _play(options: argparse.Namespace) -> int:
    """Run the demo game in real time with the page, and sheets to edit beside it."""
    from halscope.cli._arguments import parser
    from halscope.cli.play import run as play

    with rom_path() as path:
        core = [] if options.core is None else ["--core", options.core]
        page = ["--no-browser"] if options.no_browser else []
        options = parser("play").parse_args(["play", str(path), "--watch", str(SHEETS), *core, *page])
        return play(options, keep_edits=True)
