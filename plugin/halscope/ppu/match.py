"""Whether the picture that is composed from a frame is the one that the emulator drew."""

from __future__ import annotations

from dataclasses import replace

from halscope_hooks import Frame, UsageError

from halscope.ppu.compare import compare_picture


def with_match(frame: Frame) -> Frame:
    """Return the frame with `matches` (see `compare_picture`). It takes as long as composing the screen.

    `matches` stays `None` if the snapshot has no picture, if the screen cannot be composed because a register is not
    known, or if it differs but the parts of the snapshot are of different ages. A frame that was compared already is
    returned as it is.
    """
    if frame.matches is not None:
        return frame
    try:
        comparison = compare_picture(frame)
    except UsageError:
        return frame
    if comparison is None or (comparison.count and frame.snapshot.ages):
        return frame
    return replace(frame, matches=not comparison.count)
