"""Moments of a game from files: a frame of a recording, a savestate, memory dumps; and whether they are of a ROM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath
from typing import Final

from halscope_hooks import RomIdentity, Snapshot, UsageError

from halscope.formats.dumps import LoadedState, load_states, with_obsel
from halscope.formats.recording import MAGIC, RecordingReader
from halscope.rom.image import Rom

_SAMPLED_EVERY: Final = 30
_MOST_SAMPLES: Final = 120
_ROM_SUFFIXES: Final = frozenset({".sfc", ".smc", ".fig", ".swc", ".bs", ".zip", ".7z"})


def recorded_frame(recording: Path, frame: int, obsel: int | None = None) -> Snapshot:
    """Return a frame of a recording.

    Args:
        recording: The recording.
        frame: Number of the frame in the recording, from 0.
        obsel: OBSEL ($2101) to use if the frame does not contain it.

    Raises:
        UsageError: The recording cannot be opened, or has no such frame.
        FormatError: It is not a recording, or is damaged.
    """
    with RecordingReader(recording) as reader:
        if not len(reader):
            raise UsageError(f"{recording}: holds no frames; record it again")
        if frame >= len(reader):
            raise UsageError(f"{recording}: has the frames 0 to {len(reader) - 1}, not {frame}")
        return with_obsel(reader[frame], obsel)


def sampled_frames(recording: Path, obsel: int | None = None) -> Iterator[tuple[int, Snapshot]]:
    """Yield frames of a recording with their numbers, from 0 on: one in half a second, of a long recording fewer.

    Args:
        recording: The recording.
        obsel: OBSEL ($2101) to use for frames that do not contain it.

    Raises:
        UsageError: The recording cannot be opened.
        FormatError: It is not a recording, or is damaged.
    """
    with RecordingReader(recording) as reader:
        step = max(_SAMPLED_EVERY, -(-len(reader) // _MOST_SAMPLES))
        for number in range(0, len(reader), step):
            yield number, with_obsel(reader[number], obsel)


def missing_end(recording: Path) -> str | None:
    """Return a warning if a recording was not closed properly, else `None`.

    Raises:
        UsageError: The recording cannot be opened.
        FormatError: It is not a recording, or is damaged.
    """
    with RecordingReader(recording) as reader:
        if reader.complete:
            return None
        return f"{recording}: its end is missing (truncated, or not closed); the first {len(reader)} frames are whole"


def all_states(files: Sequence[Path], obsel: int | None, frame: int | None) -> tuple[LoadedState, ...]:
    """Return what is in savestates, in memory dumps, grouped by name, and in recordings.

    Args:
        files: The files.
        obsel: OBSEL ($2101) to use where the files do not contain it.
        frame: Number of the frame of each recording, from 0; `None` for the first one.

    Raises:
        UsageError: A file cannot be read, or no recording, or one without such a frame, is among them.
        FormatError: A file does not match the format that its size or first bytes indicate.
    """
    recordings = [file for file in files if _is_recording(file)]
    others = [file for file in files if file not in recordings]
    if frame is not None and not recordings:
        raise UsageError(f"--frame {frame} is for recordings, and {files[0]} is none; leave it out")
    states = [
        LoadedState(file.stem, (file,), recorded_frame(file, frame or 0, obsel), "recording") for file in recordings
    ]
    if others or not recordings:
        states += load_states(others, obsel=obsel)
    return tuple(sorted(states, key=lambda state: min(files.index(file) for file in state.files)))


def _is_recording(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False  # whoever reads it says why it cannot be read


def one_state(files: Sequence[Path], obsel: int | None) -> LoadedState:
    """Return the state in a savestate, or in the dumps of its memories.

    Args:
        files: A savestate, or VRAM, CGRAM and OAM dumps.
        obsel: OBSEL ($2101) to use where the files do not contain it.

    Raises:
        UsageError: A file cannot be read, or the files contain more than one state.
        FormatError: A file does not match the format that its size or first bytes indicate.
    """
    states = load_states(files, obsel=obsel)
    if len(states) > 1:
        names = ", ".join(state.name for state in states)
        raise UsageError(f"the files hold {len(states)} states ({names}); give one at a time")
    return states[0]


def check_rom(source: Path, identity: RomIdentity | None, rom: Rom, *, force: bool) -> str | None:
    """Check that a moment was taken from this ROM.

    Args:
        source: The file of the moment.
        identity: The ROM that it names, or `None`.
        rom: The ROM to use it with.
        force: Return a warning instead of refusing another ROM. What is found is found by its bytes, so it is true of
            the ROM in use, but another version may lack most of it.

    Returns:
        A warning, or `None`.

    Raises:
        UsageError: It was taken from another ROM, by its hash, and `force` is not set.
    """
    if identity is None:
        return None
    for theirs, ours in ((identity.sha256, rom.sha256), (identity.sha1, rom.sha1)):
        if theirs is not None and theirs != ours:
            what = f"{source}: was taken from another ROM ({_name(identity) or theirs}), not from {rom.name}"
            if not force:
                raise UsageError(f"{what}; give that ROM, or --force to look for its tiles in this one")
            return f"{what}; only tiles that this one also holds are found"
        if theirs is not None:
            return None
    if names_another_file(identity, rom.path):
        return f"{source}: was saved while {_name(identity)} ran; if that is not {rom.name}, little will be found"
    return None


def names_another_file(identity: RomIdentity, rom: Path | None) -> bool:
    """Whether the file that a moment names has another name than a ROM's file, extensions and case aside."""
    file = PureWindowsPath(_name(identity))
    # snes9x writes the file's name; cores that were given no file write something else, without a ROM's suffix
    is_rom = file.suffix.lower() in _ROM_SUFFIXES
    return rom is not None and is_rom and file.stem.casefold() != rom.stem.casefold()


def _name(identity: RomIdentity) -> str:
    """The file's name without its folders, in the notation of any system."""
    return "" if identity.path is None else PureWindowsPath(identity.path).name
