"""Load existing files as snapshots: memory dumps from any debugger, savestates of snes9x, bsnes-mercury, Mesen, ZSNES.

A raw dump is identified by its size (VRAM 65536, CGRAM 512, OAM 544, WRAM 131072). Files whose names differ only in the
name of the memory belong together: `game - SnesVideoRam.dmp`, `game-oam.bin`, `game_CGRAM.dmp`. If no names match, all
files are one state, or else those of each folder. A state (`.000` to
`.999`, `.state`, `.mss`, `.zst`) is recognized by its first bytes, bare or in a container (see
`halscope.formats.containers`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    FormatError,
    PpuRegisters,
    RomIdentity,
    Snapshot,
    UsageError,
)

from halscope._files import read_limited
from halscope.formats import bsnes, bsnes_state, containers, mesen_state, recording, snes9x, zsnes_state

_MOST_BYTES: Final = 16 << 20
_BY_SIZE: Final = {VRAM_BYTES: "vram", CGRAM_BYTES: "cgram", OAM_BYTES: "oam", WRAM_BYTES: "wram"}
_SIZES: Final = {name: size for size, name in _BY_SIZE.items()}
KNOWN_EMULATORS: Final = "snes9x, bsnes-mercury, Mesen 2 or ZSNES"
"""The emulators whose states are read, for messages."""
# Mesen writes SnesVideoRam, SnesSpriteRam, SnesCgRam, SnesWorkRam; bsnes-plus vram, oam, cgram, wram.
_WORD: Final = r"(?:snes)?(?:video|sprite|cg|work|v|w)?[\s_-]*(?:ram|oam|palette)"
# The word stands last, or first where people name their dumps themselves: `vram_game.bin`.
_MEMORY_WORD: Final = re.compile(rf"[\s._-]*{_WORD}[\s._-]*$|^{_WORD}[\s._-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedState:
    """A snapshot assembled from files.

    Args:
        name: The common part of the files' names, for users and for file names.
        files: The files.
        snapshot: The snapshot. Registers that are in none of the files are `None`.
        kind: What the files are ("state of snes9x").
    """

    name: str
    files: tuple[Path, ...]
    snapshot: Snapshot
    kind: str


class _Dump(NamedTuple):
    """A dump of one memory."""

    path: Path
    memory: str
    data: bytes


def load_states(paths: Sequence[Path], *, obsel: int | None = None) -> tuple[LoadedState, ...]:
    """Read dumps and savestates, in the order of their first files.

    Args:
        paths: The files.
        obsel: OBSEL ($2101) to use where the files do not contain it; a raw dump never does.

    Raises:
        UsageError: A file cannot be read, or two files are the same memory of the same state.
        FormatError: A file does not have the size of any memory, a state is damaged, or a memory is missing.
    """
    if not paths:
        raise UsageError("no files were given; name raw dumps (VRAM, CGRAM, OAM) or a savestate")
    states: dict[str, LoadedState] = {}
    dumps: list[_Dump] = []
    for path in paths:
        data = read_limited(path, _MOST_BYTES, "memory dump or savestate")
        memory = _BY_SIZE.get(len(data))
        if memory is not None:
            dumps.append(_Dump(path, memory, data))
        else:
            states[str(path)] = _from_state(path, data)
    loaded = [*states.values(), *(_from_dumps(name, group) for name, group in _grouped(dumps))]
    order = {path: position for position, path in enumerate(paths)}
    loaded.sort(key=lambda state: min(order[file] for file in state.files))
    return tuple(replace(state, snapshot=with_obsel(state.snapshot, obsel)) for state in loaded)


def _stem(path: Path) -> str:
    """Return the part of a file's name that all dumps of one state share."""
    name = path.name.removesuffix(path.suffix)
    return _MEMORY_WORD.sub("", name, count=1).strip() or name


def _grouped(dumps: Sequence[_Dump]) -> list[tuple[str, list[_Dump]]]:
    """Return the dumps of each state, and its name. Raises UsageError if a memory is there twice."""
    named: dict[str, list[_Dump]] = {}
    for dump in dumps:
        named.setdefault(_stem(dump.path), []).append(dump)
    groups: list[tuple[str, list[_Dump]]] = []
    for stem, group in named.items():
        # Where a name occurs in several folders, each folder has a state of its own.
        parts = [group] if _distinct(group) else _by_folder(group)
        groups += [(stem, part) for part in parts]
    for _, group in groups:
        first: dict[str, Path] = {}
        for dump in group:
            if dump.memory in first:
                raise UsageError(
                    f"{dump.path}: a second {dump.memory.upper()} dump beside {first[dump.memory]}; give only one"
                )
            first[dump.memory] = dump.path
    if len(groups) < 2 or any(len(group) > 1 for _, group in groups):
        return groups
    # No names match: all files are one state, or those of each folder are.
    if _distinct(dumps):
        return [(groups[0][0], list(dumps))]
    folders = _by_folder(dumps)
    return [(group[0].path.parent.name, group) for group in folders] if all(map(_distinct, folders)) else groups


def _distinct(dumps: Sequence[_Dump]) -> bool:
    """Whether each memory is there at most once."""
    return len({dump.memory for dump in dumps}) == len(dumps)


def _by_folder(dumps: Sequence[_Dump]) -> list[list[_Dump]]:
    folders: dict[Path, list[_Dump]] = {}
    for dump in dumps:
        folders.setdefault(dump.path.parent, []).append(dump)
    return list(folders.values())


def _from_state(path: Path, data: bytes) -> LoadedState:
    sizes = ", ".join(f"{name.upper()} {size}" for name, size in _SIZES.items())
    try:
        state = containers.unwrap(data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    if state.startswith(recording.MAGIC):
        raise FormatError(f"{path}: a recording; use extract --recording, or draw it with `halscope replay`")
    found = next((found for magic, found in _STATES.items() if state.startswith(magic)), None)
    if found is None:
        raise FormatError(
            f"{path}: {len(data)} bytes are neither a state of {KNOWN_EMULATORS} nor a raw dump ({sizes} bytes); "
            "dump the whole memory from the debugger"
        )
    emulator, parse = found
    try:
        return LoadedState(path.stem, (path,), _snapshot(parse(state)), f"state of {emulator}")
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


type _Fields = snes9x.StateFields | bsnes_state.StateFields | mesen_state.StateFields | zsnes_state.StateFields


def _snapshot(fields: _Fields) -> Snapshot:
    """Return what a state holds as a snapshot: its parts have the same names."""
    parts = {name: getattr(fields, name) for name in _PARTS if hasattr(fields, name)}
    rom = RomIdentity(path=getattr(fields, "rom_name", None) or None, sha256=getattr(fields, "rom_sha256", None))
    return Snapshot(**parts, rom=None if rom == RomIdentity() else rom)


_PARTS: Final = ("vram", "cgram", "oam", "ppu", "frame", "wram", "picture", "bwram", "iram", "cpu", "field")
_STATES: Final[Mapping[bytes, tuple[str, Callable[[bytes], _Fields]]]] = {
    snes9x.MAGIC: ("snes9x", snes9x.parse_state),
    bsnes.MAGIC: ("bsnes-mercury", bsnes_state.parse_state),
    mesen_state.MAGIC: ("Mesen 2", mesen_state.parse_state),
    zsnes_state.MAGIC: ("ZSNES", zsnes_state.parse_state),
}


def parse_state(data: bytes) -> Snapshot:
    """Return the snapshot in a savestate of a known emulator, bare or in a container.

    Raises:
        FormatError: It is none, or it is damaged.
    """
    state = containers.unwrap(data)
    for magic, (_, parse) in _STATES.items():
        if state.startswith(magic):
            return _snapshot(parse(state))
    raise FormatError(f"{len(data)} bytes that begin with {state[:8]!r} are no state of {KNOWN_EMULATORS}")


def _from_dumps(name: str, dumps: Sequence[_Dump]) -> LoadedState:
    group = {dump.memory: dump.data for dump in dumps}
    missing = [f"{each.upper()} ({_SIZES[each]} bytes)" for each in ("vram", "cgram", "oam") if each not in group]
    if missing:
        there = ", ".join(str(dump.path) for dump in dumps)
        raise FormatError(f"{there}: the dumps of {' and '.join(missing)} are missing; give these files too")
    wram = group.get("wram")
    return LoadedState(
        name,
        tuple(dump.path for dump in dumps),
        Snapshot(
            vram=np.frombuffer(group["vram"], np.uint8),
            cgram=np.frombuffer(group["cgram"], "<u2"),
            oam=np.frombuffer(group["oam"], np.uint8),
            ppu=PpuRegisters(),
            wram=None if wram is None else np.frombuffer(wram, np.uint8),
        ),
        "memory dumps",
    )


def with_obsel(snapshot: Snapshot, obsel: int | None) -> Snapshot:
    """Return the snapshot with this OBSEL ($2101) if it is given, and the snapshot has none."""
    if obsel is None or snapshot.ppu.obsel is not None:
        return snapshot
    return replace(snapshot, ppu=replace(snapshot.ppu, obsel=obsel))
