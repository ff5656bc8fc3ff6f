"""What is known of one colour in CGRAM: its places in the ROM, copies in memory, and the reason if it has no place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from halscope_hooks import CGRAM_COLOURS, RAW_CODEC, ColourRun, Origin, Snapshot, UsageError

from halscope.app._block_layout import OriginDescriber
from halscope.app._palette_places import MomentColours, palette_places
from halscope.app._workspace import Workspace

NO_PLACE = (
    "no place in the ROM holds this colour beside its neighbours: the game computes it, or packs it in a way that is "
    "not known; it can be changed in the running game alone"
)
_KEYS: Final = ("codec", "block_offset", "byte_offset", "start", "evidence", "name")


def describe_colour(workspace: Workspace, snapshot: Snapshot, colour: int) -> dict[str, Any] | None:
    """Return what is known of a colour in CGRAM, as JSON.

    Args:
        workspace: The ROM that runs.
        snapshot: The frame.
        colour: Its number in CGRAM, 0 to 255.

    Returns:
        `colour`, `word` (BGR555), `places` (best first; each as in `halscope palette show --json`, with `snes`, the
        console's address of the block or of the plain colour, and `run`: `first` and `count` of the colours in CGRAM
        that stand there in a row, and `odds`, the binary logarithm of the odds against chance), `fades` (the places of
        the palettes that it was faded from, each with `text`), `buffers` (`space` and `offset` of this colour's copies
        in the console's memories), and `why`: the reason if there is no place, else "". `None` while the ROM is not
        indexed.

    Raises:
        UsageError: There is no such colour.
    """
    if not 0 <= colour < CGRAM_COLOURS:
        raise UsageError(f"CGRAM has the colours 0 to {CGRAM_COLOURS - 1}, not {colour}")
    moment = palette_places(workspace, snapshot)
    if moment is None:
        return None
    describer = OriginDescriber(workspace, ())

    def described(origin: Origin, run: ColourRun) -> dict[str, Any]:
        start = None if origin.codec == RAW_CODEC else workspace.index().start_of(origin.codec, origin.block_offset)
        value = describer.describe(origin if start is None else replace(origin, start=start))
        return {
            **{key: value[key] for key in _KEYS if key in value},
            "snes": workspace.rom.to_snes(origin.block_offset),
            "run": {"first": run.first, "count": run.count, "odds": round(run.odds, 1)},
        }

    places = [described(origin, run_of(moment, colour, origin)) for origin in moment.origins.at(colour)]
    fades = [
        {**described(run.origin_of(colour), run), "text": run.fade}
        for run in moment.origins.runs
        if run.fade and run.first <= colour < run.first + run.count
    ]
    buffers = [
        {"space": buffer.space, "offset": place}
        for buffer in moment.buffers
        if (place := buffer.place(colour)) is not None
    ]
    why = "" if places else why_no_place(moment, colour)
    word = int(snapshot.cgram[colour])
    return {"colour": colour, "word": word, "places": places, "fades": fades, "buffers": buffers, "why": why}


def run_of(moment: MomentColours, colour: int, origin: Origin) -> ColourRun:
    """Return the run that an origin of a colour is from. Raises UsageError if it is from none."""
    for run in moment.origins.runs:
        if not run.fade and run.first <= colour < run.first + run.count and run.origin_of(colour) == origin:
            return run
    raise UsageError(f"colour {colour} of CGRAM is not from {origin.codec} {origin.block_offset:#x}")


def located_colours(workspace: Workspace, snapshot: Snapshot) -> dict[str, Any] | None:
    """Return which colours of CGRAM have a place in the ROM, as JSON.

    Returns:
        `known`: for each colour 2 if it is stored in the ROM, 1 if it is a faded copy of a stored one, else 0. `None`
        while the ROM is not indexed.
    """
    moment = palette_places(workspace, snapshot)
    if moment is None:
        return None
    known = [2 if places else 0 for places in moment.origins.origins]
    for run in moment.origins.runs:
        if run.fade:
            for colour in range(run.first, run.first + run.count):
                known[colour] = known[colour] or 1
    return {"known": known}


def why_no_place(moment: MomentColours, colour: int) -> str:
    """Return why a colour has no place in the ROM, for users."""
    for run in moment.origins.runs:
        if run.fade and run.first <= colour < run.first + run.count:
            return f"the game computes it from a palette that is stored ({run.fade}): recolour that one where it shows"
    return NO_PLACE
