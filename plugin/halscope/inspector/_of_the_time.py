"""Questions about the timeline: show a past frame, or the running game again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from halscope_hooks import UsageError

from halscope.inspector._answers import previewed

if TYPE_CHECKING:
    from halscope.app import Timeline
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request

_MOST_POSITION: Final = 1 << 53
_MOST_STEP: Final = 1 << 20


async def _past(asker: Asker, request: Request) -> int | None:
    """Show a frame by its position, or so many frames from the one that is shown. Behind the last one is the running
    game."""
    timeline = _timeline(asker)
    if "by" in request.fields:
        position = _shown(asker, timeline) + request.integer("by", -_MOST_STEP, _MOST_STEP)
        if position >= timeline.frames.end and timeline.frames.live:
            asker.show(None)
            return None
        position = max(timeline.frames.first, min(position, timeline.frames.end - 1))
    else:
        position = request.integer("position", 0, _MOST_POSITION)
    await _show(asker, timeline, position)
    return position


async def _show(asker: Asker, timeline: Timeline, position: int) -> None:
    key = ("past", id(asker))
    asker.show(await previewed(asker.session, "past frame", key, lambda: timeline.past.show(position)))


async def _live(asker: Asker, _: Request) -> None:
    asker.show(None)


def _shown(asker: Asker, timeline: Timeline) -> int:
    """Return the position of the frame that the page shows."""
    if asker.past is not None:
        return asker.past.position
    return timeline.newest(None if asker.update is None else asker.update.snapshot.frame)


def _timeline(asker: Asker) -> Timeline:
    if asker.timeline is None:
        raise UsageError("no timeline is kept here")
    return asker.timeline


QUESTIONS: Final[dict[str, Question]] = {"past": _past, "live": _live}
