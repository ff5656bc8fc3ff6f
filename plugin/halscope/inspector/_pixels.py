"""The sheets that pages paint, as JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import numpy as np
from halscope_hooks import HalscopeError, Update, UsageError

from halscope.app import MOST_PAINTED, Painting, Paintings, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.inspector._notices import Notices


@final
class Pixels:
    """The paintings of one folder.

    Args:
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
        sheets: Folder in which the sheets of figures appear, or `None`.
    """

    def __init__(self, workspace: Callable[[], Workspace | None], sheets: Path | None) -> None:
        self._workspace = workspace
        self._paintings = None if sheets is None else Paintings(sheets)

    @property
    def paintings(self) -> Paintings:
        """The paintings. Raises UsageError if there is no folder."""
        if self._paintings is None:
            raise UsageError("there is no folder for sheets to paint: start Halscope with --watch DIR")
        return self._paintings

    def of_sprite(self, update: Update, sprite: int) -> dict[str, Any]:
        """Open the figure of a sprite. Returns `Painting.describe`. Raises HalscopeError."""
        return self.paintings.of_sprite(self._rom(), update, sprite).describe()

    def of_tile(self, update: Update, vram: int, bpp: int) -> dict[str, Any]:
        """Open a tile in VRAM, likewise."""
        return self.paintings.of_tile(self._rom(), update, vram, bpp).describe()

    def of_block(self, update: Update, codec: str, offset: int) -> dict[str, Any]:
        """Open a whole block, likewise."""
        return self.paintings.of_block(self._rom(), update, codec, offset).describe()

    def again(self, name: str, revision: str) -> dict[str, Any] | None:
        """Return an opened sheet as it is saved now; `None` if it still is that revision. Raises HalscopeError."""
        found = self.paintings.again(name, revision)
        return None if found is None else found.describe()

    def save(self, name: str, revision: str, size: tuple[int, int], pixels: str) -> dict[str, str]:
        """Save a painted picture.

        Args:
            name: Name of the painting.
            revision: The revision that was painted on.
            size: Width and height.
            pixels: Base64 of a byte for each pixel, row by row.

        Returns:
            The new `revision`.

        Raises:
            HalscopeError: The picture is malformed, does not fit, or cannot be saved.
        """
        width, height = size
        if width * height > MOST_PAINTED:
            raise UsageError(f"paint: {width}x{height} pixels are too many; {MOST_PAINTED} are allowed")
        try:
            data = base64.b64decode(pixels.encode("ascii"), validate=True)
        except (ValueError, binascii.Error) as error:
            raise UsageError(f"paint: pixels are no base64: {error}") from None
        if len(data) != width * height:
            raise UsageError(f"paint: {len(data)} bytes are not the {width}x{height} pixels that the message names")
        saved = self.paintings.save(name, revision, np.frombuffer(data, np.uint8).reshape(height, width))
        return {"revision": saved.revision}

    def mend(self, name: str) -> dict[str, Any]:
        """Replace foreign colours of a sheet by the nearest ones. Returns `Painting.describe`. Raises HalscopeError."""
        mended: Painting = self.paintings.mend(name)
        return mended.describe()

    def judge(self, path: Path, error: HalscopeError | None, notices: Notices) -> None:
        """Tell pages what became of a saved sheet: "sheet" of one that is painted, "misfit" of colours. Any thread.

        Args:
            path: The sheet.
            error: Why it was refused; `None` if the game contains it.
            notices: Where they are told.
        """
        if self._paintings is None:
            return
        before = self._paintings.unfit
        name = self._paintings.judge(path, error)
        unfit = self._paintings.unfit
        if unfit != before:
            notices.post("misfit", {"sheets": [one.describe() for one in unfit]})
        if name is not None:
            notices.post("sheet", {"name": name, "error": None if error is None else str(error)}, keep=False)

    def _rom(self) -> Workspace:
        workspace = self._workspace()
        if workspace is None:
            raise UsageError("the file of the running ROM is not known; give it with --rom")
        return workspace
