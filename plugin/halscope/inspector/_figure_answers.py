"""What pages do with figures and the scene: names, merges and splits, collecting, coverage. One state for all pages."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from halscope_hooks import Event, Host, Update, UsageError

from halscope.app import (
    CollectedKind,
    Collecting,
    Figure,
    Scene,
    Workspace,
    figure_with,
    known_figures,
    merge_figures,
    name_figure,
    split_figure,
    watch_reads,
)
from halscope.session import Session, Subscription


@final
class FigureAnswers:
    """Answers about figures and the scene. For any thread.

    Args:
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
        sheets: Folder for edit sheets and exports, or `None`.
    """

    def __init__(self, workspace: Callable[[], Workspace | None], sheets: Path | None) -> None:
        self._workspace = workspace
        self._sheets = sheets
        self._lock = threading.Lock()
        self._scene = Scene()
        self._collecting: Collecting | None = None
        self._heard: Subscription | None = None
        self._first: Subscription | None = None

    def follow(self, session: Session) -> None:
        """Look at this session from now on; its first frame is what was in VRAM before the run."""
        with self._lock:
            self._scene = Scene()
        self.end_collecting()

        def begin(event: Event) -> None:
            if isinstance(event, Update) and self._first is not None:
                self._first.close()
                self._first = None
                with self._lock:
                    self._scene.begin(event.snapshot)

        self._first = session.subscribe(begin, Update, delivery="own", name="first frame")

    def coverage(self, update: Update) -> dict[str, Any]:
        """Return the coverage of a frame, as `Scene.describe`."""
        with self._lock:
            return self._scene.describe(update)

    @property
    def needs_frames(self) -> bool:
        """Whether pictures are collected or loads are watched now, for which every frame counts."""
        collecting = self._collecting
        return self._scene.watches or (collecting is not None and not collecting.ended)

    def watch_reads(self, host: Host) -> None:
        """Have the host tell what the game reads. On the game's thread. Raises HalscopeError with what to do."""
        watch_reads(host, self._workspace())

    def watch(self, session: Session, update: Update) -> None:
        """Watch the next loads."""
        with self._lock:
            self._scene.watch(session, update)

    def name(self, update: Update, sprite: int, name: str) -> str:
        """Name the figure of a sprite, and return the name of its sheet. Raises HalscopeError."""
        workspace, [figure] = self._figures(update, [sprite])
        return name_figure(workspace, figure.key, name)

    def merge(self, update: Update, sprites: list[int]) -> None:
        """Merge the figures that some sprites belong to. Raises HalscopeError."""
        workspace, figures = self._figures(update, sprites)
        if update.origins is not None:  # else `_figures` has raised
            merge_figures(workspace, update.frame, update.origins, figures)

    def split(self, update: Update, sprite: int) -> None:
        """Split the figure of a sprite. Raises HalscopeError."""
        workspace, [figure] = self._figures(update, [sprite])
        if len(figure.group.indices) < 2:
            raise UsageError("this figure is a single sprite")
        split_figure(workspace, figure.key)

    def join(self) -> int:
        """Take all splits back, and return how many there were. Raises HalscopeError."""
        workspace = self._known()
        splits = workspace.figures.splits
        for key in splits:
            split_figure(workspace, key, split=False)
        return len(splits)

    def collect(self, session: Session, update: Update, sprite: int) -> dict[str, Any]:
        """Collect the pictures of the figure of a sprite, and return the state. Raises HalscopeError."""
        collecting = Collecting(self._known(), update, sprite)
        self.end_collecting()

        def look(event: Event) -> None:
            if isinstance(event, Update):
                collecting.look(event)

        with self._lock:
            self._collecting = collecting
            self._heard = session.subscribe(look, Update, delivery="own", name="collecting")
        return collecting.describe()

    def collected(self, since: int) -> dict[str, Any] | None:
        """Return what was collected, with the pictures from `since` on; `None` if nothing is."""
        collecting = self._collecting
        if collecting is None:
            return None
        if collecting.ended:
            self._unhear()
        return collecting.describe(since)

    def end_collecting(self) -> None:
        """Collect nothing more; what was collected stays."""
        if self._collecting is not None:
            self._collecting.end()
        self._unhear()

    def export(self, kind: CollectedKind) -> str:
        """Write what was collected, which ends it, and return the file's path. Raises HalscopeError."""
        collecting = self._collecting
        if collecting is None:
            raise UsageError("no figure is collected; point at one and press L")
        if self._sheets is None:
            raise UsageError("there is no folder for sheets to edit: start Halscope with --watch DIR")
        self.end_collecting()
        return str(collecting.write(kind, self._sheets))

    def _unhear(self) -> None:
        with self._lock:
            heard, self._heard = self._heard, None
        if heard is not None:
            with contextlib.suppress(RuntimeError):
                heard.close()

    def _known(self) -> Workspace:
        workspace = self._workspace()
        if workspace is None:
            raise UsageError("the file of the running ROM is not known; give it with --rom")
        return workspace

    def _figures(self, update: Update, sprites: list[int]) -> tuple[Workspace, list[Figure]]:
        """Return the figures that sprites belong to."""
        workspace = self._known()
        if update.origins is None:
            raise UsageError("the ROM is not indexed yet, so figures have no names")
        figures = known_figures(workspace, update.frame, update.origins).figures
        wanted: list[Figure] = []
        for sprite in sprites:
            found = figure_with(figures, sprite)
            if found is None:
                raise UsageError(f"sprite {sprite} shows nothing on the screen in frame {update.snapshot.frame}")
            wanted.append(found)
        return workspace, wanted
