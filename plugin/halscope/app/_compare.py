"""Comparing two moments that files hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halscope_hooks import Snapshot, UsageError

from halscope.app._moments import all_states
from halscope.ppu.differences import Differences, compare_snapshots


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment from a file.

    Args:
        text: As the user named it: `FILE`, or `FILE@FRAME` for a frame of a recording.
        kind: What the file is ("recording", "state of …").
        snapshot: Its state.
    """

    text: str
    kind: str
    snapshot: Snapshot

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"moment": self.text, "kind": self.kind, "frame": self.snapshot.frame}


@dataclass(frozen=True, slots=True)
class ComparedMoments:
    """Two moments and what differs between them."""

    before: Moment
    after: Moment
    differences: Differences

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"before": self.before.describe(), "after": self.after.describe(), **self.differences.describe()}


def compare_files(before: str, after: str, obsel: int | None = None) -> ComparedMoments:
    """Compare two moments that files hold: savestates, or `FILE@FRAME` of recordings (`FILE` alone: frame 0).

    Raises:
        UsageError: A file cannot be read, or has no such frame.
        FormatError: A file is damaged, or of no known format.
    """
    one, other = moment_of(before, obsel), moment_of(after, obsel)
    return ComparedMoments(one, other, compare_snapshots(one.snapshot, other.snapshot))


def moment_of(text: str, obsel: int | None = None) -> Moment:
    """Return the moment that a text names. Errors as for `compare_files`."""
    path, frame = Path(text), None
    name, mark, number = text.rpartition("@")
    if mark and name and number.isdecimal() and not path.exists():
        path, frame = Path(name), int(number)
    states = all_states([path], obsel, frame)
    if len(states) != 1:
        raise UsageError(f"{path}: holds {len(states)} states; give a file with one")
    return Moment(text, states[0].kind, states[0].snapshot)
