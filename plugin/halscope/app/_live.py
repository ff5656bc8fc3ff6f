"""Edits that come in while a game runs: each save changes the running game, and all of them make one patch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError, HostError, Patch, Snapshot, VramOrigins

from halscope._files import write_atomic
from halscope.app._sheets import check_output, write_patch
from halscope.app._workspace import Workspace
from halscope.export.pictures import png_bytes, upscale
from halscope.inject.builders import sheet_from_metasprite
from halscope.inject.live import live_writes, rom_writes
from halscope.inject.model import EditedSheet, Sheet
from halscope.inject.place import to_patch
from halscope.inject.plan import EditPlan, plan_edits
from halscope.inject.sheet import read_sheet, write_sheet
from halscope.inject.split import changed_tiles
from halscope.rom.index import TILE_BYTES
from halscope.session import JobContext, JobTimeoutError, Session, Update

LOOK_EVERY: Final = 30  # frames between two looks at the folder: half a second in real time
PLAN_WAIT: Final = 120.0  # seconds for packing the edited blocks
WRITE_WAIT: Final = 5.0  # seconds for the game's thread to come by
WRITE_ATTEMPTS: Final = 8  # at a game that moves on while its memory is searched
MOST_SHEETS: Final = 500
SCREEN: Final = "screen.png"

Signature = tuple[int, int]  # a file's time of change (ns) and size


class LiveEdits:
    """The edits of one running game.

    Without threads everything is done on the caller's thread. With threads, `look` and `bring_in` belong to a thread of
    their own: they wait for the pool and for the game, which never waits for them.

    Args:
        workspace: The ROM that runs.
        session: The game.
        folder: Where groups of sprites are written as they appear, and watched for edits; `None`: no folder.
        force: Also edit blocks whose start is not proven.
        nearest: Take the nearest colour of the palette for one that it does not have.
        report: Takes a line for the person at each edit, good or bad.
    """

    def __init__(
        self,
        workspace: Workspace,
        session: Session,
        folder: Path | None = None,
        *,
        force: bool = False,
        nearest: bool = False,
        report: Callable[[str], None],
    ) -> None:
        self._workspace = workspace
        self._session = session
        self._folder = folder
        self._force = force
        self._nearest = nearest
        self._report = report
        self._edited: dict[Path, EditedSheet] = {}
        self._plan: EditPlan | None = None
        self._patch: Patch | None = None
        self._shown: set[str] = set()
        self._settled: dict[Path, Signature] = {}
        self._changing: dict[Path, Signature] = {}
        self._looked: int | None = None
        self._newest: Snapshot | None = None

    @property
    def plan(self) -> EditPlan | None:
        """All that is edited now, or `None`."""
        return self._plan

    @property
    def patch(self) -> Patch | None:
        """The patch that holds all edits, or `None` where there are none."""
        return self._patch

    def bring_in(self, pngs: Sequence[Path], snapshot: Snapshot) -> None:
        """Take edited sheets into the running game, beside those that are in already.

        Args:
            pngs: The edited PNGs.
            snapshot: The game as it is now, its WRAM included.

        Raises:
            HalscopeError: It cannot be read, placed or written; the game stays as it was.
        """
        self._apply({png: read_sheet(png, nearest=self._nearest) for png in pngs}, snapshot)

    def saw(self, snapshot: Snapshot) -> None:
        """The game is here now. Cheap, from any thread: an edit is written against the newest snapshot."""
        self._newest = snapshot

    def look(self, update: Update) -> None:
        """Once a frame: now and then, write what is new on the screen, and take in what was saved since."""
        frame = update.snapshot.frame
        if self._folder is None or (self._looked is not None and 0 <= frame - self._looked < LOOK_EVERY):
            return
        self._looked = frame
        if update.snapshot.picture is not None:
            write_atomic(self._folder / SCREEN, png_bytes(upscale(update.snapshot.picture, 1)))
        if update.origins is not None:
            self._write_new_sheets(update, update.origins, self._folder)
            self._take_saved(update.snapshot, self._folder)

    def _apply(self, sheets: dict[Path, EditedSheet], snapshot: Snapshot) -> None:
        edited = self._edited | sheets
        rom = self._workspace.rom
        index = self._workspace.index()
        codecs = self._workspace.plugins.codecs()

        def make_plan(context: JobContext) -> EditPlan:
            sheets = list(edited.values())
            return plan_edits(rom, codecs, sheets, index=index, force=self._force, cancel=context.token)

        plan = self._session.run("edit", make_plan, deadline=PLAN_WAIT).result(PLAN_WAIT)
        patch = to_patch(plan)
        in_rom = rom_writes(rom.data, patch, self._patch)
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            now = self._newest if self._newest is not None and self._session.threads else snapshot
            live = live_writes(plan, now, previous=self._plan)
            try:
                self._write(Patch(rom_sha256=patch.rom_sha256, rom=in_rom, live=live, summary=patch.summary))
                break
            except HostError:
                # Nothing was written. If the game has moved on meanwhile, its memory is searched once more.
                if attempt == WRITE_ATTEMPTS or now is self._newest or not self._session.threads:
                    raise
        self._edited, self._plan, self._patch = edited, plan, patch

    def _write(self, patch: Patch) -> None:
        job = self._session.apply(patch)
        try:
            job.result(WRITE_WAIT)
        except JobTimeoutError:
            if job.cancel("the game does not run"):
                raise
            job.result(0)  # it was written in the last moment

    def write_patch(self, output: Path) -> None:
        """Write all edits as one patch. Raises UsageError, HalscopeError."""
        check_output(self._workspace, output)
        if self._patch is None:
            self._report(f"{output}: not written, nothing was edited")
            return
        write_patch(self._workspace, self._patch, output)
        self._report(f"{output}: {self._patch.summary}")

    def _write_new_sheets(self, update: Update, origins: VramOrigins, folder: Path) -> None:
        if len(self._shown) >= MOST_SHEETS:
            return
        codecs = self._workspace.plugins.codecs()
        # An edited figure is no new one: its tiles stand in no ROM yet, so its sheet could not be edited.
        edits = () if self._plan is None else self._plan.blocks
        new = [tile.new for block in edits for tile in block.tiles if len(tile.new) == TILE_BYTES]
        telling = self._workspace.index().informative(b"".join(new))
        own = {tile for tile, tells in zip(new, telling, strict=True) if tells}
        for group in self._workspace.plugins.group_sprites(update.frame):
            sheet = sheet_from_metasprite(update.frame, group, origins, self._workspace.rom, codecs)
            name = _sheet_name(sheet)
            if name in self._shown or all(cell.origin is None for cell in sheet.cells):
                continue
            if any(cell.tile in own for cell in sheet.cells):
                continue
            self._shown.add(name)
            path = folder / name
            if not path.exists():  # an edit of an earlier run is not overwritten
                write_sheet(sheet, None, path)
                self._settled[path] = _signature(path)

    def _take_saved(self, snapshot: Snapshot, folder: Path) -> None:
        for path in sorted(folder.glob("*.png")):
            if path.name == SCREEN:
                continue
            try:
                now = _signature(path)
            except OSError:
                continue  # replaced between the listing and the look; it is there at the next one
            if self._settled.get(path) == now:
                continue
            # An editor may still be writing: a file is read once it has rested from one look to the next.
            if self._changing.get(path) != now:
                self._changing[path] = now
                continue
            self._settled[path] = now
            try:
                sheet = read_sheet(path, nearest=self._nearest)
                if path not in self._edited and not changed_tiles(sheet):
                    continue  # of an earlier run, and never edited
                self._apply({path: sheet}, snapshot)
            except HalscopeError as error:
                self._report(str(error))
            else:
                self._report(f"{path.name}: in the game at frame {snapshot.frame}")
                return  # the snapshot shows the game before this edit; the next file waits for the next look


def _signature(path: Path) -> Signature:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _sheet_name(sheet: Sheet) -> str:
    """The same name for the same tiles in the same places, whichever OAM entries show them."""
    text = repr([(cell.x, cell.y, cell.hflip, cell.vflip, cell.origin, cell.tile) for cell in sheet.cells])
    first = next((cell.origin for cell in sheet.cells if cell.origin is not None), None)
    place = "unknown" if first is None else f"{first.codec}-{first.block_offset:06x}+{first.byte_offset:x}"
    return f"{place}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.png"
