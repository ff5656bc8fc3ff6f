"""Arguments of `project`, whose actions work on a folder of edits."""

from __future__ import annotations

import argparse
from pathlib import Path

from halscope.cli._arguments._kinds import Commands, positive
from halscope.cli._arguments._shared import (
    add_headered_option,
    add_index_option,
    add_plugin_options,
    add_rom_options,
)

ROM = "a ROM that the edits are for, or another build of it (default: where this machine had it the last time)"


def add_project(commands: Commands) -> None:
    """Add project."""
    project = commands.add_parser(
        "project",
        help="keep edits in a folder that can be put in git, and make patches of it",
        description="A project holds the edits of a game, their pictures and their history, and never the ROM. `play`, "
        "`attach` and `inject` take it as --project DIR.",
    )
    actions = project.add_subparsers(dest="action", required=True, metavar="ACTION")
    new = _action(actions, "new", "make a project without edits")
    new.add_argument("--rom", type=Path, required=True, metavar="ROM", help="the ROM that the edits will start from")
    status = _action(actions, "status", "list the edits, and what becomes of each in the ROM")
    diff = _action(actions, "diff", "list the tiles that each edit changes")
    apply = _action(actions, "apply", "make patches of all edits, without an emulator; the project is not changed")
    rebase = _action(actions, "rebase", "make another build of the ROM the one that the edits start from")
    for action in (status, diff, apply):
        action.add_argument("--rom", type=Path, metavar="ROM", help=ROM)
    rebase.add_argument("--rom", type=Path, required=True, metavar="ROM", help="the other build")
    apply.add_argument(
        *("-o", "--output"),
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="OUT",
        help="patches (.bps, .ips) and patched copies (.sfc, or .smc with a copier header)",
    )
    apply.add_argument("--partial", action="store_true", help="leave out the edits that the ROM has no place for")
    add_headered_option(apply)
    log = _action(actions, "log", "list the steps, with their pictures")
    undo = _action(actions, "undo", "undo the last step")
    redo = _action(actions, "redo", "redo the step that was undone last")
    revert = _action(actions, "revert", "take one edit back and keep those made after it")
    revert.add_argument("id", type=positive, metavar="ID", help="the number of the edit, as `status` lists it")
    for action in (new, status, diff, apply, rebase):
        add_rom_options(action)
        add_plugin_options(action)
    for action in (status, diff, apply, rebase):
        action.add_argument("--force", action="store_true", help="also edit blocks whose start is not proven")
        add_index_option(action)
    for action in (new, status, diff, apply, rebase, log, undo, redo, revert):
        action.add_argument("--json", action="store_true", help="print the result as JSON")


def _action(actions: Commands, name: str, what: str) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=what)
    action.add_argument("dir", type=Path, metavar="DIR", help="the project's folder")
    return action
