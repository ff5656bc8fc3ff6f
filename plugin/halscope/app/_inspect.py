"""Pictures of what is in memory dumps, savestates and recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from halscope_hooks import TILE_BYTES, Changes, Frame, HalscopeError, Sprite, Update, UsageError, VramOrigins

from halscope._files import write_atomic
from halscope.app._doubts import doubts
from halscope.app._figure_rows import palette_texts
from halscope.app._judged import judged_frame
from halscope.app._moments import all_states, check_rom
from halscope.app._pictures import (
    FRAME_PICTURES,
    Source,
    legend,
    on_screen,
    screen_of,
    source_of,
    sprite_entry,
    write_frame_pictures,
)
from halscope.app._workspace import Workspace
from halscope.export.pictures import captioned, indexed_png, png_bytes, sprite_sheet
from halscope.formats.dumps import LoadedState
from halscope.ppu.obj import sprite_colours

SHEET: Final = "sprites.png"
_MEMORIES: Final = ("vram", "cgram", "oam", "wram", "bwram", "iram", "picture")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is in a state.

    Args:
        name: The common part of the names of its files.
        contents: The JSON form of what the files hold, sprites aside.
        rows: The JSON form of each of the 128 sprites, in OAM order.
        shown: The sprites with an opaque pixel on the screen, each with the OAM entries that are equal to it, and where
            its tiles are from.
        hidden: The OAM entries of the others.
        palettes: The colours of the OBJ palettes that are shown, `#rrggbb`, by number.
        sheet: Picture of the shown sprites, enlarged.
        pictures: The pictures that `halscope demo` draws of a frame: the screen, the figures, the sprites.
        doubts: What may be wrong with the pictures.
        no_screen: Why there is no picture of the screen, or `None`.
        warning: Why the ROM may be another one than that of the state, or `None`.
    """

    name: str
    contents: dict[str, Any]
    rows: list[dict[str, Any]]
    shown: list[tuple[Sprite, list[int], Source | None]]
    hidden: list[int]
    palettes: dict[int, list[str]]
    sheet: Path
    pictures: tuple[Path, ...]
    doubts: tuple[str, ...]
    no_screen: str | None = None
    warning: str | None = None

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        document: dict[str, Any] = {
            "sprites": self.rows,
            "palettes": self.palettes,
            "sheet": str(self.sheet),
            "pictures": [str(picture) for picture in self.pictures],
            "state": self.contents,
        }
        return document | ({"doubts": list(self.doubts)} if self.doubts else {})


def inspect_files(
    files: Sequence[Path],
    obsel: int | None,
    workspace: Workspace | None,
    folder: Callable[[], Path],
    *,
    frame: int | None = None,
) -> list[Inspection]:
    """Decode the sprites of memory dumps, savestates and recordings, and write the pictures of each state.

    Written are each sprite by itself, those on screen as a sheet, and what `halscope demo` draws of a frame. If the
    files hold several states, each has a folder of its own, named after it.

    Args:
        files: The files; dumps of one state belong together by their names.
        obsel: OBSEL ($2101) to use where the files do not contain it.
        workspace: The ROM, or `None`.
        folder: Creates the folder, and prepares the ROM; it is not called if no file can be decoded.
        frame: Number of the frame of each recording, from 0; `None` for the first one.

    Raises:
        UsageError: No file of a state contains OBSEL and it was not given, or a file cannot be read.
        FormatError: A file does not match the format that its size or first bytes indicate.
    """
    decoded: list[tuple[LoadedState, Frame]] = []
    for state in all_states(files, obsel, frame):
        judged = judged_frame(state.snapshot, None if workspace is None else workspace.rom)
        if judged.sprites_unknown:
            raise UsageError(
                f"{state.files[0]}: {judged.sprites_unknown}; memory dumps do not hold that register: give --obsel N"
            )
        decoded.append((state, judged))
    target = folder()
    if len(decoded) == 1:
        return [_inspect(*decoded[0], workspace, target)]
    used: set[str] = set()
    return [_inspect(state, judged, workspace, _own_folder(target, state.name, used)) for state, judged in decoded]


def _own_folder(target: Path, name: str, used: set[str]) -> Path:
    """Create the folder of a state, with a number where its name is used or is a file. Raises HalscopeError.

    Args:
        target: The folder of all states.
        name: Name of the state.
        used: The names of the states before it, casefolded, as some systems do not tell case apart; this one is added.
    """
    own, number = target / name, 1
    while own.name.casefold() in used or own.is_file():
        number += 1
        own = target / f"{name}-{number}"
    used.add(own.name.casefold())
    try:
        own.mkdir(exist_ok=True)
    except OSError as error:
        raise HalscopeError(f"{own}: cannot be created: {error.strerror or error}") from error
    return own


def _inspect(state: LoadedState, frame: Frame, workspace: Workspace | None, target: Path) -> Inspection:
    """Write the pictures of one state into a folder."""
    notes = doubts(frame)
    origins = None if workspace is None else workspace.index().locate_vram(frame.snapshot.vram)
    rows: list[dict[str, Any]] = []
    for sprite in frame.sprites:
        png = target / f"sprite-{sprite.index:03}.png"
        write_atomic(png, indexed_png(sprite.pixels, sprite_colours(frame.snapshot, sprite), 0))
        rows.append(_row(sprite, png, origins))
    visible = [sprite for sprite in frame.sprites if on_screen(sprite, frame) and sprite.pixels.any()]
    equal: dict[tuple[object, ...], list[Sprite]] = {}
    for sprite in visible:
        equal.setdefault(_look(sprite), []).append(sprite)
    shown = [
        (
            sprites[0],
            [sprite.index for sprite in sprites],
            None if origins is None else source_of(sprites[0].cells, origins, {}),
        )
        for sprites in equal.values()
    ]
    title = f"{state.files[0].name}: {len(visible)} on screen"
    entries = [sprite_entry(frame, sprite, origins, {}, workspace) for sprite, _, _ in shown]
    write_atomic(target / SHEET, png_bytes(captioned(sprite_sheet(entries, title=title), [*notes, *legend(entries)])))
    seen = {sprite.index for sprite in visible}
    update = Update(frame, origins, Changes.everything(frame))
    no_screen = _no_screen(update)
    kinds = [kind for kind in FRAME_PICTURES if kind != "screen" or no_screen is None]
    rom = state.snapshot.rom
    return Inspection(
        name=state.name,
        contents=_contents(state),
        rows=rows,
        shown=shown,
        hidden=[sprite.index for sprite in frame.sprites if sprite.index not in seen],
        palettes=palette_texts(frame, [sprite.palette for sprite in visible]),
        sheet=target / SHEET,
        pictures=tuple(write_frame_pictures(update, workspace, target, state.name, kinds=kinds)),
        doubts=notes,
        no_screen=no_screen,
        warning=None if workspace is None else check_rom(state.files[0], rom, workspace.rom, force=True),
    )


def _no_screen(update: Update) -> str | None:
    """Return why the screen cannot be drawn, or `None` if it can."""
    try:
        screen_of(update)
    except UsageError as error:
        return str(error)
    return None


def _contents(state: LoadedState) -> dict[str, Any]:
    snapshot = state.snapshot
    rom = snapshot.rom
    return {
        "name": state.name,
        "files": [str(file) for file in state.files],
        "kind": state.kind,
        "frame": snapshot.frame,
        "memories": [name for name in _MEMORIES if getattr(snapshot, name) is not None],
        "registers": asdict(snapshot.ppu),
        "rom": None if rom is None else rom.path or rom.sha256,
    }


def _look(sprite: Sprite) -> tuple[object, ...]:
    """Return what two sprites must share to look the same at the same place."""
    return (
        *(sprite.x, sprite.y, sprite.tile, sprite.large, sprite.palette, sprite.priority),
        *(sprite.hflip, sprite.vflip),
    )


def _row(sprite: Sprite, png: Path, origins: VramOrigins | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "index": sprite.index,
        "x": sprite.x,
        "y": sprite.y,
        "width": sprite.width,
        "height": sprite.height,
        "palette": sprite.palette,
        "priority": sprite.priority,
        "hflip": sprite.hflip,
        "vflip": sprite.vflip,
        "png": str(png),
    }
    if origins is not None:
        row["origins"] = [
            [asdict(origin) for origin in origins.origins[int(at) // TILE_BYTES]] for at in sprite.cells.flat
        ]
    return row
