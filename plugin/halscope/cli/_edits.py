"""What `play` and `attach` do with the edits of a game when it ends."""

from __future__ import annotations

import argparse

from halscope_hooks import HalscopeError

from halscope.app import LiveEdits
from halscope.cli._output import note


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
        note(f"warning: no figure {name!r} appeared, which --merge or --split names")
