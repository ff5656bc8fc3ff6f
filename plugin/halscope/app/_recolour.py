"""Colours of a running game as a person changes them: where they are stored, tried in the game, stored for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, final

import numpy as np
from halscope_hooks import (
    CGRAM_COLOURS,
    HalscopeError,
    HostInfo,
    InjectError,
    Origin,
    Snapshot,
    UsageError,
    Write,
)
from numpy.typing import NDArray

from halscope.app._colour_places import describe_colour, located_colours, run_of, why_no_place
from halscope.app._new_palettes import palette_file
from halscope.app._palette_places import MomentColours, palette_places
from halscope.app._palettes import PALETTE, palette_name
from halscope.app._room import room_options
from halscope.app._workspace import Workspace
from halscope.formats.palettes import read_palette
from halscope.inject import (
    PaletteColour,
    PaletteCopy,
    PaletteSheet,
    colours_of_edit,
    make_room,
    plan_changes,
    read_palette_sheet,
    write_palette_sheet,
)
from halscope.rom.colours import Buffer, colour_buffers

_COLOUR: Final = 0x7FFF
_TRIAL_SECONDS: Final = 30.0
"""After so long without a further colour a trial is over, and the next one begins with the colours of its frame."""


class _Trial(NamedTuple):
    """Colours that are being tried.

    Args:
        workspace: The ROM; `None` if its file is unknown.
        before: The colours and their places before the first one was tried; `None` while the ROM is not indexed.
        buffers: The copies of CGRAM in memory at that time.
        until: When it ends, if nothing further is tried (monotonic).
    """

    workspace: Workspace | None
    before: MomentColours | None
    buffers: tuple[Buffer, ...]
    until: float


class _Palette(NamedTuple):
    """An edited palette file."""

    path: Path
    sheet: PaletteSheet
    words: NDArray[np.uint16]


@final
class Recolouring:
    """The colours of the game that runs. Thread-safe.

    Args:
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
        folder: The watched folder, or `None`: colours can be tried, not stored.
        force: Also store colours in blocks whose start is not proven.
    """

    def __init__(
        self, workspace: Callable[[], Workspace | None], folder: Path | None = None, *, force: bool = False
    ) -> None:
        self._workspace = workspace
        self._folder = folder
        self._force = force
        self._lock = Lock()
        self._trial: _Trial | None = None

    def located(self, snapshot: Snapshot) -> dict[str, Any] | None:
        """Return which colours have a place in the ROM, see `located_colours`; `None` while that is not known."""
        workspace = self._workspace()
        return None if workspace is None else located_colours(workspace, snapshot)

    def describe(self, snapshot: Snapshot, colour: int) -> dict[str, Any] | None:
        """Return what is known of a colour.

        Returns:
            What `describe_colour` returns, and of its best place `copies`, the other places that hold the same palette
            (`codec`, `block_offset`, `byte_offset`), and `everywhere`, whether these are changed too as its palette
            file is now. `None` while that is not known.
        """
        workspace = self._workspace()
        if workspace is None:
            return None
        found, moment = describe_colour(workspace, snapshot, colour), palette_places(workspace, snapshot)
        if found is None or moment is None:
            return None
        places = moment.origins.at(colour)
        found |= {"copies": [], "everywhere": False}
        if places:
            with self._lock:
                try:
                    palette = self._opened(workspace, moment, colour, places[0])
                except HalscopeError:  # told when it is stored
                    return found
            copies = _copies(workspace, replace(palette.sheet, copies=()))
            found["copies"] = [
                {key: getattr(copy.origin, key) for key in ("codec", "block_offset", "byte_offset")} for copy in copies
            ]
            found["everywhere"] = bool(palette.sheet.copies)
        return found

    def attempt(self, snapshot: Snapshot, colours: Mapping[int, int], info: HostInfo) -> list[Write]:
        """Return the writes that show colours in the running game, until it loads others: to CGRAM, and to the buffers
        from which the game may refresh it.

        Args:
            snapshot: The newest frame.
            colours: Number in CGRAM → BGR555.
            info: The host's.

        Returns:
            The writes; none if the emulator does not let CGRAM be written.

        Raises:
            UsageError: There is no such colour.
        """
        _check(colours)
        with self._lock:
            trial = self._begin(snapshot)
            self._trial = trial._replace(until=time.monotonic() + _TRIAL_SECONDS)
        if "cgram" not in info.writable:
            return []
        writes = []
        for colour, word in sorted(colours.items()):
            data = word.to_bytes(2, "little")
            writes.append(Write("cgram", 2 * colour, data))
            for buffer in trial.buffers:
                place, memory = buffer.place(colour), getattr(snapshot, buffer.space)
                if place is not None and memory is not None and buffer.space in info.writable:
                    bit15 = int(memory[place + 1]) << 8 & 0x8000
                    writes.append(Write(buffer.space, place, (word | bit15).to_bytes(2, "little")))
        return writes

    def end(self) -> None:
        """End the trial: what is tried or stored next begins with the colours that the game shows then."""
        with self._lock:
            self._trial = None

    def store(
        self,
        snapshot: Snapshot,
        colours: Mapping[int, int],
        *,
        everywhere: bool = False,
        place: tuple[str, int, int] | None = None,
    ) -> dict[str, Any]:
        """Store colours for good: in the palette files of the watched folder, from where the running game, the project
        and the patch get them. Ends the trial.

        Args:
            snapshot: The frame that the colours were chosen in.
            colours: Number in CGRAM → BGR555.
            everywhere: Also change the other places in the ROM that hold the same palettes, for as long as their files
                say so; else these files change one place each, from now on.
            place: Codec, block offset and byte offset of the place to change, if it is not the best one of a colour.

        Returns:
            `files` (names in the folder), `places` (number of places in the ROM that change), `notes` (lines).

        Raises:
            UsageError: There is no watched folder, the ROM is unknown or not indexed yet, or there is no such colour.
            InjectError: A colour has no place in the ROM, or the edit cannot be placed. Nothing is written.
            HalscopeError: A file cannot be read or written.
        """
        _check(colours)
        if self._folder is None:
            raise UsageError("there is no folder to store colours in: start Halscope with --watch DIR")
        workspace = self._workspace()
        if workspace is None:
            raise UsageError("the file of the running ROM is not known; give it with --rom")
        with self._lock:
            moment = self._begin(snapshot).before
            if moment is None:
                raise UsageError("the ROM is being indexed; the colours can be stored in a moment")
            palettes = self._changed(workspace, moment, colours, place)
            if everywhere:
                palettes = [
                    one._replace(sheet=replace(one.sheet, copies=_copies(workspace, one.sheet))) for one in palettes
                ]
            else:
                palettes = [one._replace(sheet=replace(one.sheet, copies=())) for one in palettes]
            edits = [one.sheet.edit(str(one.path), one.words) for one in palettes]
            index = workspace.index()
            plan = plan_changes(workspace.rom, workspace.plugins.codecs(), edits, index=index, force=self._force)
            make_room(plan, index, room_options(workspace))  # refused now, not when the game is to be changed
            for one in palettes:
                _write(one)
            made = tuple(run for edit in edits for run in colours_of_edit(edit))
            kept = [one for one in workspace.palettes.made if all(one.origin != run.origin for run in made)]
            workspace.palettes.made = (*made, *kept)[:_MOST_MADE]
            self._trial = None
        return {
            "files": [one.path.relative_to(self._folder).as_posix() for one in palettes],
            "places": sum(len(edit.changes) for edit in edits),
            "notes": list(plan.notes),
        }

    def _begin(self, snapshot: Snapshot) -> _Trial:
        """Return the trial, or a new one that begins with these colours."""
        workspace, now = self._workspace(), time.monotonic()
        trial = self._trial
        if trial is not None and trial.workspace is workspace and now < trial.until:
            return trial
        before = None if workspace is None else palette_places(workspace, snapshot)
        buffers = colour_buffers(snapshot) if before is None else before.buffers
        return _Trial(workspace, before, buffers, now)

    def _changed(
        self,
        workspace: Workspace,
        moment: MomentColours,
        colours: Mapping[int, int],
        place: tuple[str, int, int] | None,
    ) -> list[_Palette]:
        """Return the palette files with these colours in them."""
        palettes: dict[Path, _Palette] = {}
        for colour, word in sorted(colours.items()):
            origin = _origin(moment, colour, place)
            palette = self._opened(workspace, moment, colour, origin, palettes)
            index = _index_of(palette, colour, origin)
            stored = palette.sheet.colours[index]
            if stored.origin is None:
                known = PaletteColour(int(workspace.colours().colours_at(origin, 1)[0]), origin, colour)
                entries = (*palette.sheet.colours[:index], known, *palette.sheet.colours[index + 1 :])
                palette = palette._replace(sheet=replace(palette.sheet, colours=entries))
            palette.words[index] = word
            palettes[palette.path] = palette
        return list(palettes.values())

    def _opened(
        self,
        workspace: Workspace,
        moment: MomentColours,
        colour: int,
        origin: Origin,
        opened: Mapping[Path, _Palette] | None = None,
    ) -> _Palette:
        """Return the palette file of a colour's place, as it is in the folder or as it would be."""
        run, first = run_of(moment, colour, origin), colour - colour % PALETTE
        name = palette_file(run, first)
        if name is None:
            raise InjectError(f"colour {colour}: its palette would begin before the start of {origin.codec} data")
        path = (self._folder or Path()) / name
        if opened is not None and path in opened:
            return opened[path]
        if self._folder is not None and path.exists():
            sheet = read_palette_sheet(path)
            if sheet.rom_sha256 != workspace.rom.sha256:
                raise UsageError(f"{path}: is of another ROM, so it is left as it is; use another folder")
            return _Palette(path, sheet, read_palette(path, count=len(sheet.colours)).colours(nearest=True))
        entries = []
        for number in range(first, first + PALETTE):
            inside = run.first <= number < run.first + run.count
            if inside and (here := run.origin_of(number)) in moment.origins.at(number):
                entries.append(PaletteColour(int(workspace.colours().colours_at(here, 1)[0]), here, number))
            else:
                entries.append(PaletteColour(int(moment.cgram[number]), None, number))
        title = f"{workspace.rom.title or workspace.rom.name}: {palette_name(first // PALETTE)}"
        sheet = PaletteSheet(title, workspace.rom.sha256, tuple(entries))
        return _Palette(path, sheet, sheet.words & np.uint16(_COLOUR))


_MOST_MADE: Final = 64


def _check(colours: Mapping[int, int]) -> None:
    for colour, word in colours.items():
        if not 0 <= colour < CGRAM_COLOURS or not 0 <= word <= _COLOUR:
            raise UsageError(f"colour {colour} cannot become {word:#x}: CGRAM has {CGRAM_COLOURS} colours of 15 bits")


def _origin(moment: MomentColours, colour: int, place: tuple[str, int, int] | None) -> Origin:
    places = moment.origins.at(colour)
    if not places:
        raise InjectError(f"colour {colour}: {why_no_place(moment, colour)}")
    if place is None:
        return places[0]
    for origin in places:
        if (origin.codec, origin.block_offset, origin.byte_offset) == place:
            return origin
    raise InjectError(f"colour {colour} is not stored at {place[0]} {place[1]:#x}+{place[2]:#x}")


def _index_of(palette: _Palette, colour: int, origin: Origin) -> int:
    entries = palette.sheet.colours[: len(palette.words)]
    by_place = (n for n, one in enumerate(entries) if one.origin is not None and _same(one.origin, origin))
    by_number = (n for n, one in enumerate(entries) if one.origin is None and one.cgram == colour)
    index = next(by_place, next(by_number, None))
    if index is None:
        raise InjectError(f"{palette.path}: has no colour {colour} of CGRAM; delete the file, and it is written again")
    return index


def _same(one: Origin, other: Origin) -> bool:
    return (one.codec, one.block_offset, one.byte_offset) == (other.codec, other.block_offset, other.byte_offset)


def _copies(workspace: Workspace, sheet: PaletteSheet) -> tuple[PaletteCopy, ...]:
    """Return the other places in the ROM that hold the same colours as one of the palette's runs, bits 15 included."""
    words = sheet.words
    own = [origin for origin, _, _ in sheet.runs()]
    return tuple(
        PaletteCopy(begin, end - begin, found)
        for _, begin, end in sheet.runs()
        for found in workspace.colours().places(words[begin:end])
        if not any(_same(found, origin) for origin in own)
    )


def _write(palette: _Palette) -> None:
    try:
        palette.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HalscopeError(f"{palette.path.parent}: cannot be created: {error.strerror or error}") from error
    write_palette_sheet(palette.sheet, palette.path, "gpl", palette.words)
