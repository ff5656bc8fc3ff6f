"""Palettes of a ROM or of a moment: which colours they have, where these are stored, and edits of them as a patch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from halscope_hooks import CGRAM_COLOURS, RAW_CODEC, InjectError, Origin, Snapshot, Touched, UsageError

from halscope.app._inject import Injection, inject_edits
from halscope.app._palette_places import MomentColours
from halscope.app._patch_files import check_output
from halscope.app._workspace import Workspace
from halscope.formats.palettes import PaletteFormat
from halscope.formats.recording import RecordingReader
from halscope.inject import (
    PaletteColour,
    PaletteSheet,
    SheetEdit,
    origin_after,
    read_edited_palette,
)

PALETTE: Final = 16
"""Colours of a palette of CGRAM with 4 bits per pixel."""
OBJ_FIRST: Final = 8
"""The first of the sixteen palettes that belongs to sprites."""
_WATCHED_FRAMES: Final = 600
"""Frames before a recorded one in which the palettes are looked for that a game has faded since: ten seconds."""

_Watched = tuple[Snapshot, Sequence[Touched]]
"""A frame, and what the game touched in it."""


def palette_name(number: int) -> str:
    """Return the name of one of the sixteen palettes: "BG 3", "OBJ 0"."""
    return f"BG {number}" if number < OBJ_FIRST else f"OBJ {number - OBJ_FIRST}"


def colours_of_moment(workspace: Workspace, snapshot: Snapshot, before: Iterable[_Watched] = ()) -> MomentColours:
    """Look up the colours of a moment.

    Args:
        workspace: The ROM.
        snapshot: The moment.
        before: Earlier moments, in order, with what the game touched then: they show what a game has faded since, and
            which plain colours it has read.
    """
    for earlier, touches in before:
        for touch in touches:
            workspace.palettes.touched(touch)
        workspace.palettes.origins(earlier.cgram)
    return workspace.palettes.look(snapshot)


def frames_before(recording: Path, frame: int) -> Iterable[_Watched]:
    """Yield the frames of a recording before one of them, at most ten seconds, with the touches of each."""
    with RecordingReader(recording) as reader:
        for number in range(max(0, frame - _WATCHED_FRAMES), frame):
            yield reader[number], reader.touches(number)


def palette_of_moment(workspace: Workspace, moment: MomentColours, first: int, count: int) -> PaletteSheet:
    """Return colours of CGRAM as a palette to edit, each with its best place.

    A colour 0 that the game has set in another way than the run around it has no place.

    Raises:
        UsageError: CGRAM has no such colours.
    """
    if not (0 <= first < CGRAM_COLOURS and 1 <= count <= CGRAM_COLOURS - first):
        raise UsageError(f"CGRAM has the colours 0 to {CGRAM_COLOURS - 1}, not {first} to {first + count - 1}")
    colours = []
    for number in range(first, first + count):
        places = moment.origins.at(number)
        origin = places[0] if places else None
        word = int(moment.cgram[number])
        if origin is not None:
            word = int(workspace.colours().colours_at(origin, 1)[0])
        colours.append(PaletteColour(word, origin, number))
    title = palette_name(first // PALETTE) if count == PALETTE and first % PALETTE == 0 else f"colours {first} on"
    return PaletteSheet(f"{workspace.rom.title or workspace.rom.name}: {title}", workspace.rom.sha256, tuple(colours))


def palette_of_rom(workspace: Workspace, codec: str, offset: int, byte_offset: int, count: int) -> PaletteSheet:
    """Return colours of the ROM as a palette to edit.

    Args:
        workspace: The ROM.
        codec: Name of the block's codec, or "raw".
        offset: File offset of the block, or of the plain colours.
        byte_offset: Offset of the first colour in the decoded block; 0 for plain colours.
        count: Number of colours.

    Raises:
        UsageError: There are fewer colours, or more than 256 are asked for.
        CodecError: No block begins there.
    """
    if codec == RAW_CODEC and byte_offset:
        raise UsageError("--byte is for packed blocks: name the OFFSET of the first colour itself")
    if count > CGRAM_COLOURS:
        raise UsageError(f"a palette has at most {CGRAM_COLOURS} colours, not {count}")
    start = "content" if codec == RAW_CODEC else workspace.index().start_of(codec, offset)
    origin = Origin(codec, offset, byte_offset, start or "content")
    words = workspace.colours().colours_at(origin, count)
    if len(words) < count:
        raise UsageError(f"only {len(words)} colours are there up to the end, not {count}; give --count {len(words)}")
    colours = tuple(PaletteColour(word, origin_after(origin, 2 * n)) for n, word in enumerate(words.tolist()))
    title = f"{workspace.rom.title or workspace.rom.name}: {codec} {offset:#x}" + f"+{byte_offset:#x}" * bool(
        byte_offset
    )
    return PaletteSheet(title, workspace.rom.sha256, colours)


def inject_palettes(
    workspace: Workspace,
    palettes: Sequence[Path],
    output: Path,
    *,
    kind: PaletteFormat | None = None,
    nearest: bool = False,
    everywhere: bool = False,
    force: bool = False,
    headered: bool = False,
) -> Injection:
    """Make a patch from edited palette files.

    Args:
        workspace: The ROM.
        palettes: Palette files with their sidecars.
        output: The patch or patched copy.
        kind: Format of the files; `None`: by their suffix and content.
        nearest: Replace colours that the console does not have.
        everywhere: Change all places in the ROM that hold the same colours, not only the best one.
        force: Also edit blocks whose start is not proven.
        headered: Make a patch for the ROM with a copier header.

    Raises:
        UsageError: A file cannot be read, or the output's extension is unknown.
        InjectError: Nothing was edited; nothing is written.
        HalscopeError: An edit cannot be read or placed; nothing is written.
    """
    check_output(workspace, output, headered=headered)
    edits = [read_edited_palette(path, kind, nearest=nearest) for path in palettes]
    return inject_colour_edits(workspace, edits, output, everywhere=everywhere, force=force, headered=headered)


def inject_colour_edits(
    workspace: Workspace,
    edits: Sequence[SheetEdit],
    output: Path,
    *,
    everywhere: bool = False,
    force: bool = False,
    headered: bool = False,
) -> Injection:
    """Make a patch from edits of colours; see `inject_palettes`."""
    if not any(edit.changes for edit in edits):
        raise InjectError(f"{output}: not written: no colour was changed")
    return inject_edits(workspace, edits, output, everywhere=everywhere, force=force, headered=headered)
