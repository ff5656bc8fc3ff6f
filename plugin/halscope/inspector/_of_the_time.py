"""Questions about the timeline: past frames, states, kept moments and what differs between two."""

from __future__ import annotations

import base64
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from halscope_hooks import TILE_BYTES, CancelledError, Host, HostError, Snapshot, Update, UsageError, capability
from numpy.typing import NDArray
from PIL import Image

from halscope.app import TileSearch, changed_sprites, picture_of
from halscope.export.pictures import png_bytes
from halscope.inspector._answers import previewed
from halscope.ppu import compare_snapshots, decode_frame

if TYPE_CHECKING:
    from halscope.app import Past, Timeline
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request

_MOST_POSITION: Final = 1 << 53
_MOST_STEP: Final = 1 << 20
_SLICE: Final = 200  # frames: 10 to 20 ms
_TOLD_SECONDS: Final = 0.1
_MOST_TILES: Final = 512  # tiles whose pixels a page is told


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


async def shown_again(asker: Asker, past: Past) -> Past:
    """Return a past frame as it is shown now, on a thread of the previews. Raises UsageError if it is not kept."""
    timeline, name = _timeline(asker), past.moment
    show = partial(timeline.past.show, past.position) if name is None else partial(timeline.moment, name, past.position)
    return await previewed(asker.session, "past frame", ("past again", id(asker)), show)


async def _live(asker: Asker, _: Request) -> None:
    asker.show(None)


async def _rewind(asker: Asker, _: Request) -> int:
    """Bring the game a second back, and return the number that the frame had which it shows now."""
    arrival = await asker.game(_timeline(asker).states.rewind)
    asker.show(None)
    return arrival.state.frame


async def _play_from(asker: Asker, _: Request) -> int:
    """Bring the game to the frame that is shown, and return how many frames were run for it."""
    timeline, past = _timeline(asker), asker.past
    if past is None:
        raise UsageError("the running game is shown; choose a frame of the timeline first")
    if past.moment is not None:
        raise UsageError("a kept moment is shown; load its state in Compare, or choose a frame of the timeline")
    snapshot = past.update.snapshot
    arrival = await asker.game(lambda host: timeline.play_from(host, snapshot.frame, snapshot))
    asker.show(None)
    return arrival.ran


async def _keep(asker: Asker, request: Request) -> str | None:
    timeline = _timeline(asker)
    return await asker.about("keep", timeline.keep, request.id)


async def _save(asker: Asker, request: Request) -> str | None:
    """Keep the newest frame with the console's state."""
    timeline = _timeline(asker)
    asker.show(None)

    def save(host: Host) -> bytes:
        console = capability(host, "stateful")
        if console is None:
            raise HostError(f"{host.info.emulator}: no states can be saved from here (host {host.info.name})")
        return console.save_state()

    state = await asker.game(save)
    return await asker.about("save", lambda update: timeline.keep(update, state), request.id)


async def _load(asker: Asker, request: Request) -> None:
    timeline, name = _timeline(asker), request.text("name")
    await asker.game(lambda host: timeline.load(host, name))
    asker.show(None)


async def _show_moment(asker: Asker, request: Request) -> None:
    """Show a kept moment in all views."""
    timeline, name, position = _timeline(asker), request.text("name"), _shown(asker, _timeline(asker))
    asker.show(await previewed(asker.session, "moment", ("past", id(asker)), lambda: timeline.moment(name, position)))


async def _delete_moment(asker: Asker, request: Request) -> None:
    timeline, name = _timeline(asker), request.text("name")
    await previewed(asker.session, "delete", ("delete", id(asker), request.id), lambda: timeline.delete(name))


async def _jump(asker: Asker, request: Request) -> int | None:
    """Show the frame in which a tile came into VRAM first, was shown first by a sprite, or was changed last; `null` if
    none is kept. It is told how far the search is, and ended by a newer one and by "end jump"."""
    timeline = _timeline(asker)
    vram, bpp = request.integer("vram", 0, 0xFFFF), request.integer("bpp", 2, 8)
    to = request.text("to")
    if to not in ("first", "shown", "changed"):
        raise UsageError(f"jump: to is {to!r:.40}, expected first, shown or changed")
    if asker.update is None:
        return None
    asker.search = search = _search(timeline, asker, vram, 8 * bpp, to)
    told = time.monotonic()
    # In slices: a page's previews wait for each other.
    while not await previewed(asker.session, "jump", ("jump", id(asker)), lambda: search.go_on(_SLICE)):
        if asker.search is search and time.monotonic() - told >= _TOLD_SECONDS:
            told = time.monotonic()
            await asker.tell("searched", {"done": search.done, "total": search.total})
        if asker.search is not search:
            raise CancelledError("the search was ended")
    if asker.search is not search:
        raise CancelledError("the search was ended")
    asker.search = None
    if search.found is not None:
        await _show(asker, timeline, search.found)
    return search.found


def _search(timeline: Timeline, asker: Asker, vram: int, size: int, to: str) -> TileSearch:
    assert asker.update is not None
    if to == "changed":
        return TileSearch.last_changed(timeline.frames, _shown(asker, timeline), vram, size)
    begin = TileSearch.first_on_screen if to == "shown" else TileSearch.first_in_vram
    return begin(timeline.frames, asker.update.snapshot.vram[vram : vram + size].tobytes())


async def _end_jump(asker: Asker, _: Request) -> None:
    asker.search = None


async def _compare(asker: Asker, request: Request) -> dict[str, Any] | None:
    """Compare a kept moment with the frame that is shown."""
    timeline, name = _timeline(asker), request.text("name")
    return await asker.about("compare", lambda update: _compared(timeline, name, update), request.id)


def _compared(timeline: Timeline, name: str, update: Update) -> dict[str, Any]:
    before, after = timeline.moments.snapshot(name), update.snapshot
    found = compare_snapshots(before, after)
    tiles = [_tile(one, address) for address in found.tiles.tolist()[:_MOST_TILES] for one in (before, after)]
    earlier = decode_frame(before)
    pictures = [_png(picture_of(earlier)), _png(picture_of(update.frame))]
    frames = [before.frame, after.frame]
    marks = [[one._asdict() for one in changed_sprites(frame, found)] for frame in (earlier, update.frame)]
    return {
        **found.describe(),
        "name": name,
        "frames": frames,
        "pictures": pictures,
        "marks": marks,
        "bytes": tiles,
    }


def _tile(snapshot: Snapshot, address: int) -> str:
    return base64.b64encode(snapshot.vram[address : address + TILE_BYTES].tobytes()).decode()


def _png(picture: NDArray[np.uint8] | None) -> str | None:
    if picture is None:
        return None
    return base64.b64encode(png_bytes(Image.fromarray(np.ascontiguousarray(picture)), fast=True)).decode()


def _shown(asker: Asker, timeline: Timeline) -> int:
    """Return the position of the frame that the page shows."""
    if asker.past is not None:
        return asker.past.position
    return timeline.newest(None if asker.update is None else asker.update.snapshot.frame)


def _timeline(asker: Asker) -> Timeline:
    if asker.timeline is None:
        raise UsageError("no timeline is kept here")
    return asker.timeline


QUESTIONS: Final[dict[str, Question]] = {
    "past": _past,
    "live": _live,
    "rewind": _rewind,
    "play from": _play_from,
    "keep": _keep,
    "save state": _save,
    "load state": _load,
    "show moment": _show_moment,
    "delete moment": _delete_moment,
    "jump": _jump,
    "end jump": _end_jump,
    "compare": _compare,
}
