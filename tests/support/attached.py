"""`halscope attach` in a process of its own, and the sheets that it writes, edited as in an image editor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import numpy as np
from halscope.inject import read_sheet
from numpy.typing import NDArray
from PIL import Image
from support.made_host import eventually
from support.painting import paint_one_colour

PATIENCE = 60.0


class Attached:
    """Context manager: the command in a process of its own, in a folder."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.errors = folder / "errors.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "halscope", "attach", *map(str, arguments)],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=folder,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    @property
    def text(self) -> str:
        """What it has said."""
        return self.errors.read_text()

    def says(self, text: str) -> bool:
        """Wait until it says this."""
        return eventually(lambda: text in self.text)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Press Ctrl-C, or send another signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it by Ctrl-C or another signal, and return its exit code."""
        self.interrupt(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def whole_sheets(folder: Path) -> list[Path]:
    """The sheets all of whose tiles can be edited, the largest last."""
    found = [
        path
        for path in sorted(folder.glob("hal-*/*.png"))
        if path.with_suffix(".json").exists() and all(cell.origin is not None for cell in read_sheet(path).sheet.cells)
    ]
    return sorted(found, key=lambda path: len(read_sheet(path).sheet.cells))


def repaint(png: Path) -> str:
    """Draw a sheet in one colour; its name."""
    paint_one_colour(png)
    return f"{png.parent.name}/{png.name}"


def shows(picture: NDArray[np.uint8], png: Path, *, outlined: bool = False) -> bool:
    """Whether a picture shows a sheet of one colour, the same way round or mirrored, all of its pixels.

    Args:
        picture: uint8[n, m, 3].
        png: The sheet.
        outlined: Whether its edge may be covered.
    """
    with Image.open(png) as image:
        pixels = np.asarray(image.convert("RGBA"))
    colour = pixels[pixels[:, :, 3] > 0][0, :3]
    alike = (np.abs(picture.astype(int) - colour) <= 8).all(axis=2)  # frontends expand five bits in their own ways
    visible = pixels[:, :, 3] > 0
    if outlined:
        visible = visible[1:-1, 1:-1]
    return any(_stands(alike, mask) for mask in (visible, visible[:, ::-1]))


def _stands(alike: NDArray[np.bool_], mask: NDArray[np.bool_]) -> bool:
    """Whether nine tenths of a mask's pixels are set somewhere: a label, or another figure, may cover the rest."""
    hits = np.zeros(np.array(alike.shape) - mask.shape + 1, np.uint8)
    every = np.argwhere(mask)[:: max(1, mask.sum() // 200)]
    for y, x in every.tolist():
        hits += alike[y : y + hits.shape[0], x : x + hits.shape[1]]
    return bool(hits.max() >= 0.9 * len(every))
