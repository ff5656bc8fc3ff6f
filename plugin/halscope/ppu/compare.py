"""Compare the composed screen with the picture that the emulator drew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from halscope_hooks import Frame
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import registers
from halscope.ppu.compose import STYLES, Style, compose_screen


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The differences between a composed screen and the emulator's picture.

    Args:
        count: Number of pixels that differ.
        where: bool[height, width], where they differ, in the larger of the two sizes.
    """

    count: int
    where: NDArray[np.bool_] = field(repr=False)


def compare_picture(frame: Frame) -> Comparison | None:
    """Compare the screen composed from a frame with `snapshot.picture`; `None` if the host has no picture.

    Colours are compared in the console's 5 bits per component. What emulators draw differently on purpose is no
    difference, as long as the whole picture follows one emulator's rules:

    - The console and the bsnes family dim in steps of (n + 1) / 16. snes9x dims in fifteenths, rounded to 5 bits,
      before colour math, and loses lowest bits in a halved difference. Versions after 1.54 round a halved sum of green
      up where both colours have its highest bit.
    - snes9x draws hi-res half a pixel further left, without the last column.
    - snes9x 1.54 counts fields on its own: its pictures may show the field that the snapshot does not name.

    In an interlaced picture only the rows of one field are of this frame, so only they are compared if the field is
    known.

    Raises:
        UsageError: The screen cannot be composed (see `compose_screen`).
    """
    snapshot = frame.snapshot
    picture = snapshot.picture
    if picture is None:
        return None
    setini = registers.known(snapshot.ppu.setini)
    fields = (snapshot.field,) if snapshot.field is None or not setini & 3 else (snapshot.field, 1 - snapshot.field)
    rules: list[tuple[Style, int | None]] = [(STYLES[0], snapshot.field)]
    rules += [(style, one) for style in STYLES[1:] for one in fields]
    best: Comparison | None = None
    for style, shown_field in rules:
        shown = (
            frame if shown_field == snapshot.field else replace(frame, snapshot=replace(snapshot, field=shown_field))
        )
        rgb = compose_screen(shown, style=style).rgb
        count, where = _codec.snes_compare(rgb, picture, style != STYLES[0], shown_field if setini & 1 else None)
        if best is None or count < best.count:
            best = Comparison(count, where.view(np.bool_))
        if not count:
            break
    return best
