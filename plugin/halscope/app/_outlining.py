"""Drawing on the emulator's own screen: outlines around figures with the name of their block, and news of edits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import (
    TILE_BYTES,
    Event,
    HostChanged,
    HostError,
    HostGoneError,
    Outline,
    Overlay,
    PatchReady,
    Update,
    UsageError,
    capability,
)

import halscope._codec as _codec
from halscope.app._figure_looks import figure_look
from halscope.app._figure_names import block_name, figure_name
from halscope.app._figure_sheet import figure_sheet
from halscope.app._regroup import names_figure
from halscope.app._workspace import Workspace
from halscope.inject import EditPlan
from halscope.ppu.grouping import Metasprite
from halscope.session import Session

ALL: Final = "all"
EDITED: Final = "changed"
"""Names for all figures, and for those with edited tiles; any other is that of a sheet or of its folder."""
PLAIN: Final = 0xFFFF00
CHANGED: Final = 0xFF40FF
"""Colour of figures with edited tiles."""

_MOST_OUTLINES: Final = 128
_MOST_LOOKS: Final = 1024


class EditedTile(NamedTuple):
    """Where a tile that an edit has made belongs.

    Args:
        figure: Name of the sheet.
        block: Name of the block's folder.
    """

    figure: str
    block: str


class Outlining:
    """Outlines figures on the host's screen, and shows there when an edit was written.

    Nothing happens with a host that cannot draw, unless outlines are asked for.

    Args:
        session: A session on its host's thread.
        which: Which figures are outlined; `None` for none.
        edited: Returns the tiles that the edits in the game have made, by their bytes. Called on the host's thread.
        report: Called with a line of text if the host refuses to draw.

    Raises:
        UsageError: Outlines are asked for, and the host cannot draw.
    """

    def __init__(
        self,
        session: Session,
        which: str | None,
        *,
        edited: Callable[[], Mapping[bytes, EditedTile]] = dict,
        report: Callable[[str], None],
    ) -> None:
        host = session.host
        self._screen: Overlay | None = capability(host, "overlay")
        if self._screen is None and which is not None:
            raise UsageError(
                f"--outline: {host.info.emulator} cannot draw on its screen here ({host.info.name}); `retroarch` and "
                "`mesen2` can"
            )
        self._which = which
        self._edited = edited
        self._report = report
        self._workspace: Workspace | None = None
        self._names: dict[bytes, str] = {}
        self._shown: Sequence[Outline] = ()
        kinds = [PatchReady] if which is None else [PatchReady, Update, HostChanged]
        self._heard: Final = None if self._screen is None else session.subscribe(self._hear, *kinds, name="outlines")

    def follow(self, workspace: Workspace | None) -> None:
        """Name figures by this ROM from now on; `None` if it is unknown."""
        self._workspace, self._names = workspace, {}

    def close(self) -> None:
        """Stop, and clear the screen. Idempotent."""
        if self._heard is not None:
            self._heard.close()
        if self._shown:
            self._draw(())
        self._screen = None

    def _hear(self, event: Event) -> None:
        screen = self._screen
        if screen is None:
            return
        if isinstance(event, PatchReady):
            count = sum(len(write.data) for write in event.written)
            self._tell(lambda: screen.show_message(f"Halscope: edit written, {count} bytes"))
        elif isinstance(event, HostChanged):
            if event.rom_changed:
                self.follow(None)
        elif isinstance(event, Update):
            self._draw(self._outlines(event))

    def _draw(self, outlines: Sequence[Outline]) -> None:
        screen = self._screen
        if screen is not None and outlines != self._shown:
            self._shown = outlines
            self._tell(lambda: screen.draw_outlines(outlines))

    def _tell(self, show: Callable[[], None]) -> None:
        try:
            show()
        except HostGoneError:
            pass  # the next frame says so
        except HostError as error:
            self._report(f"nothing is drawn on the emulator's screen: {error}")
            self._screen = None

    def _outlines(self, update: Update) -> Sequence[Outline]:
        workspace, which = self._workspace, self._which
        if workspace is None:
            return ()
        edited = self._edited()
        found = []
        for group in workspace.plugins.group_sprites(update.frame):
            tiles = [edited[tile] for tile in _tiles(update, group) if tile in edited] if edited else []
            wanted = which == ALL or (tiles if which == EDITED else self._is_named(workspace, update, group, tiles))
            if wanted:
                blocks = [tiles[0].block] if tiles else _blocks(update, group)
                box = group.x, group.y, group.width, group.height
                found.append(Outline(*box, CHANGED if tiles else PLAIN, blocks[0] if blocks else ""))
        return tuple(found[:_MOST_OUTLINES])

    def _is_named(self, workspace: Workspace, update: Update, group: Metasprite, tiles: Sequence[EditedTile]) -> bool:
        """Whether a figure has the wanted name, or had it before its tiles were edited."""
        wanted = self._which or ""
        if any(names_figure(tile.figure, wanted) for tile in tiles):
            return True
        if wanted.partition("/")[0] not in _blocks(update, group) or update.origins is None:
            return False
        look = figure_look(update.frame, group)
        name = self._names.get(look)
        if name is None:  # composing a sheet takes milliseconds, and most figures stay for a while
            sheet = figure_sheet(workspace, update.frame, group, update.origins)
            if len(self._names) >= _MOST_LOOKS:
                self._names.clear()
            name = self._names[look] = figure_name(sheet)
        return names_figure(name, wanted)


def edited_tiles(plan: EditPlan | None, folder: Path | None) -> Mapping[bytes, EditedTile]:
    """Return the tiles that edits have made, by their bytes, without those that are alike everywhere.

    Args:
        plan: The plan of the edits in the game, or `None`.
        folder: The folder of the sheets, in which a figure has its name; or `None`.
    """
    found: dict[bytes, EditedTile] = {}
    for edit in () if plan is None else plan.edits:
        path = Path(edit.name)
        inside = folder is not None and path.is_relative_to(folder)
        figure = (path.relative_to(folder) if inside and folder is not None else path).as_posix().removesuffix(".png")
        for change in edit.changes:
            new = np.frombuffer(change.new, np.uint8)
            if len(new) == TILE_BYTES and _codec.locate_informative(new).all():
                block = block_name(change.origin.codec, change.origin.block_offset)
                found[change.new] = EditedTile(figure, block)
    return found


def _blocks(update: Update, group: Metasprite) -> list[str]:
    """Return the names of the blocks that a figure's tiles come from, the one with most tiles first."""
    if update.origins is None:
        return []
    found = (update.origins.at(at) for at in _places(update, group))
    counts = Counter(block_name(one[0].codec, one[0].block_offset) for one in found if one)
    return [name for name, _ in counts.most_common()]


def _places(update: Update, group: Metasprite) -> set[int]:
    return {int(at) for index in group.indices for at in update.frame.sprites[index].cells.flat}


def _tiles(update: Update, group: Metasprite) -> set[bytes]:
    vram = update.snapshot.vram
    return {vram[at : at + TILE_BYTES].tobytes() for at in _places(update, group)}
