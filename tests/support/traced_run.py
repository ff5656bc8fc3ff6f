"""The demo ROM's blocks that a watched run has shown, and those that it has traced."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from halscope.app import Workspace
from halscope.demo import truth
from halscope.rom.tracing import TracedStart

STARTS = {(block.get("codec", "hal"), block["offset"]) for block in truth()["blocks"]}


def came_by(workspace: Workspace, families: set[int]) -> set[tuple[str, int]]:
    """The blocks of these families, by the truth: their ends tell which they are."""
    index = workspace.index()
    rows = index.best_starts
    ends = {block["offset"] + block["packed_size"]: block["offset"] for block in truth()["blocks"]}
    shown = rows[np.array([row["family"] in families for row in rows], np.bool_)]
    return {("hal", ends[int(row["offset"] + row["packed_size"])]) for row in shown}


def starts(traced: Iterable[TracedStart]) -> set[tuple[str, int]]:
    """Codecs and offsets of traced starts."""
    return {one[:2] for one in traced}
