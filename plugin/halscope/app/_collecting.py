"""All pictures that one figure shows while a game runs: collected as it plays, then written as a strip or animation."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any, Final, Literal, final

from halscope_hooks import HalscopeError, Update, UsageError

from halscope._files import write_atomic
from halscope.app._animation import console_rate, drawn
from halscope.app._extract import write
from halscope.app._known_figures import figure_with, known_figures
from halscope.app._strips import Strips, strip_name
from halscope.app._workspace import Workspace
from halscope.export.animation import apng_bytes, gif_bytes
from halscope.ppu.animation import Picture, Track

COLLECTED_SECONDS: Final = 10.0
"""How long a figure is followed, in the game's time."""

CollectedKind = Literal["strip", "apng", "gif"]
COLLECTED_KINDS: Final[tuple[CollectedKind, ...]] = ("strip", "apng", "gif")


@final
class Collecting:
    """Follows one figure from a frame on. `look` and the other methods may be called by different threads.

    Flips are folded and duplicates left out, as in every strip. It ends by itself after `COLLECTED_SECONDS`.

    Args:
        workspace: The ROM.
        update: The frame in which the figure was chosen.
        sprite: One of its OAM entries.

    Raises:
        UsageError: The sprite shows nothing, the ROM is not indexed yet, or none of the figure's tiles is in it.
    """

    def __init__(self, workspace: Workspace, update: Update, sprite: int) -> None:
        if update.origins is None:
            raise UsageError("the ROM is not indexed yet, so it is not known which pictures belong to one figure")
        found = figure_with(known_figures(workspace, update.frame, update.origins).figures, sprite)
        if found is None:
            raise UsageError(f"sprite {sprite} shows nothing on the screen in frame {update.snapshot.frame}")
        if all(cell.origin is None for cell in found.sheet.cells):
            raise UsageError(f"none of the tiles of sprite {sprite} is in the ROM, so its pictures cannot be edited")
        self.workspace: Final = workspace
        self.name: Final = found.name
        self._lock = threading.Lock()
        self._strips = Strips(workspace, [found.key])
        self._key = found.key
        self._began = update.snapshot.frame
        self._newest = self._began
        self._most = round(COLLECTED_SECONDS * console_rate(workspace))
        self.ended = False
        """Whether no more pictures are collected."""
        self.look(update)
        tracks = self._strips.animations.tracks.values()
        self._chosen: Track | None = next((one for one in tracks if sprite in one.group.indices), None)
        if self._chosen is not None:
            self._strips.follow(self._key, self._chosen)

    def look(self, update: Update) -> None:
        """Follow the figure in the next frame. Frames may be missing."""
        origins = update.origins
        with self._lock:
            if self.ended or origins is None:
                return
            self._strips.add(update.frame, lambda: origins)
            self._newest = max(self._newest, update.snapshot.frame)
            self.ended = self._newest - self._began >= self._most

    def end(self) -> None:
        """Collect nothing more."""
        with self._lock:
            self.ended = True

    def describe(self, since: int = 0) -> dict[str, Any]:
        """Return how far it is as JSON, with the pictures from number `since` on.

        Each picture has `width`, `height`, `pixels` (base64 of width × height bytes, each an entry of CGRAM from 128
        on, 0 transparent) and `cgram` (BGR555, from entry 128 on). `doubts` says what may be wrong with any of them.
        """
        with self._lock:
            pictures = self._pictures()
            return {
                "figure": self.name,
                "frames": self._newest - self._began,
                "of": self._most,
                "ended": self.ended,
                "count": len(pictures),
                "pictures": [_picture_json(one) for one in pictures[since:]],
                "doubts": list(self._strips.doubts_of(self._key)),
            }

    def write(self, kind: CollectedKind, folder: Path) -> Path:
        """Write what was collected so far into a folder, under a name that no file there has, and return the file.

        Args:
            kind: "strip", a sprite sheet (PNG and JSON) that can be edited; "apng" or "gif", an animation.
            folder: The folder of edit sheets.

        Raises:
            UsageError: Nothing was collected yet, or a GIF cannot hold the colours.
            ImageError: The pictures do not fit in one sheet.
            HalscopeError: It cannot be written.
        """
        with self._lock:
            tracks = self._in_time()
            if not tracks:
                raise UsageError("no picture of the figure was collected yet; let the game go on")
            name = strip_name(self.name)
            if kind == "strip":
                strip = self._strips.all_of(self._key)
                path = _free(folder, name, ".png")
                write(strip.sheet, path, overwrite=False)
                return path
            shown, rate = drawn(self._strips.animations, tracks), console_rate(self.workspace)
            data = gif_bytes(shown, rate) if kind == "gif" else apng_bytes(shown, rate)
        path = _free(folder, name.removesuffix("strip") + "animation", f".{kind}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)  # no sheet of the block may be there yet
        except OSError as error:
            raise HalscopeError(f"{path.parent}: cannot be made: {error.strerror or error}") from error
        write_atomic(path, data)
        return path

    def _pictures(self) -> list[Picture]:
        return self._strips.pictures_of(self._key)

    def _in_time(self) -> list[Track]:
        """Return the figure that was chosen. Where it was lost in between, as a busy machine leaves frames out, it is
        followed by others of its name that were not there at the same time, those first that move and were followed
        longest."""
        tracks = self._strips.tracks_of(self._key)
        tracks.sort(key=lambda one: (one is not self._chosen, len(one.pictures) < 2, -_frames(one), one.number))
        chosen: list[Track] = []
        for track in tracks:
            if all(track.seen < one.steps[0].frame or one.seen < track.steps[0].frame for one in chosen):
                chosen.append(track)
        return sorted(chosen, key=lambda one: one.steps[0].frame)


def _frames(track: Track) -> int:
    return sum(step.frames for step in track.steps)


def _picture_json(picture: Picture) -> dict[str, Any]:
    height, width = picture.group.pixels.shape
    return {
        "width": width,
        "height": height,
        "pixels": base64.b64encode(picture.group.pixels.tobytes()).decode(),
        "cgram": picture.cgram[128:].tolist(),
    }


def _free(folder: Path, name: str, suffix: str) -> Path:
    """Return a path for which there is no file."""
    number = 1
    while (path := folder / f"{name}{'' if number == 1 else f'-{number}'}{suffix}").exists():
        number += 1
    return path
