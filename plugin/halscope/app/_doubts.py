"""What a person should know about a frame before trusting its pictures."""

from __future__ import annotations

from halscope_hooks import Frame, Snapshot

from halscope.ppu import with_match

_UNKNOWN = "raster effects are unknown: registers or colours may have changed while the picture was drawn"
_LOST = "raster effects are missing: registers or colours changed while the picture was drawn, and how is not known"
_LATE = (
    "the emulator went on for some lines after it had drawn its picture: decoded graphics may be a frame ahead of it"
)
_DIFFERS = "decoded graphics differ from the emulator's picture: something changed while it was drawn"


def doubts(frame: Frame) -> tuple[str, ...]:
    """Return what may be wrong with pictures that are made from this frame; empty if they are proven.

    The frame is compared with the emulator's picture first, unless it was already, which takes 1 to 2 ms: a composed
    screen that equals it proves that nothing is missing.
    """
    return judged_doubts(with_match(frame))


def judged_doubts(frame: Frame) -> tuple[str, ...]:
    """Return the same of a frame as far as it is known, without a comparison."""
    if frame.matches is True:
        return ()
    raster = raster_doubt(frame.snapshot)
    if frame.matches is False:
        return (_DIFFERS,) if raster is None else (_DIFFERS, raster)
    late = _LATE if "picture" in frame.snapshot.ages else None
    return tuple(doubt for doubt in (late, raster) if doubt is not None)


def raster_doubt(snapshot: Snapshot) -> str | None:
    """Return what is not known of the snapshot's raster effects, or `None`."""
    if snapshot.raster_effects == "unknown":
        return _UNKNOWN
    return _LOST if snapshot.raster_effects == "some" and snapshot.raster is None else None
