"""What `play` and `attach` do with the edits of a game when it ends."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import asdict

from halscope_hooks import HalscopeError

from halscope.app import AppliedEdit, LiveEdits
from halscope.cli._common import print_json
from halscope.cli._output import note
from halscope.cli._page import wants_page
from halscope.project import Project, open_own_project
from halscope.rom.image import Rom


@contextlib.contextmanager
def project_from(options: argparse.Namespace) -> Iterator[Project | None]:
    """Open the project that the options name, and watch its folder if they name no other; `None` without --project.

    Raises:
        HalscopeError: It cannot be opened, or another process has it.
    """
    if options.project is None:
        yield None
        return
    with Project.open(options.project, write=True) as project:
        if options.watch is None:
            options.watch = project.watched
        yield project


@contextlib.contextmanager
def own_project(options: argparse.Namespace, rom: Rom) -> Iterator[Project | None]:
    """Open the project that edits from a page are kept in if the options name none, and watch its folder if they name
    no other. `None` if it cannot be had: another Halscope that runs the game has it, for example."""
    try:
        project = open_own_project(rom)
    except HalscopeError as error:
        note(f"edits are not kept in a project: {error}")
        yield None
        return
    with project:
        options.watch = options.watch or project.watched
        yield project


def wants_own_project(options: argparse.Namespace) -> bool:
    """Whether edits are made from a page, and the options say nowhere to keep them."""
    return options.project is None and options.watch is None and wants_page(options)


def write_edits(edits: LiveEdits, options: argparse.Namespace) -> None:
    """Write the patch that the options name. Raises HalscopeError, and says how to get the patch all the same."""
    try:
        edits.write_patch(options.output, headered=options.headered)
    except HalscopeError:
        note("the edited sheets are as they were: `halscope inject` makes the patch of them")
        raise


def note_unseen(edits: LiveEdits) -> None:
    """Tell which names of --merge and --split had no effect."""
    for name in edits.unseen:
        note(f"warning: no figure {name!r} appeared, which --merge, --split or --strip names")


def print_applied(edit: AppliedEdit) -> None:
    """Print when a sheet was saved, written into the game and shown, as one line of JSON."""
    print_json(asdict(edit))
