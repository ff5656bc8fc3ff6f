"""`halscope demo`: the tour of the demo game on a core, written to a folder of pictures."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from dataclasses import asdict
from pathlib import Path

from halscope.app import run_tour
from halscope.cli._common import out_folder, print_json
from halscope.cli._output import note, on_terminal, say


def run(options: argparse.Namespace) -> int:
    """Run the tour. Exit code 1 if the edit did not stay, or the patched ROM shows something else."""
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
    # A script, which reads the output or names the folder, wants no window.
    is_script = options.headless or options.json or options.out is not None or not on_terminal(sys.stdout)
    if not is_script and _has_display():
        webbrowser.open((folder / "overview.png").resolve().as_uri())
    return 0 if good else 1


def _has_display() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
