"""What a page asks about a frame: origins of tiles and the figures, as JSON. Computed on the session's preview pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Protocol, final

from halscope_hooks import RAW_CODEC, Origin, Update

from halscope.app import OriginDescriber, Workspace, figure_rows
from halscope.session import Job, Session


class Describer(Protocol):
    """Answers about tiles and figures."""

    def origins(self, update: Update, vram_byte: int, bpp: int) -> list[dict[str, Any]] | None:
        """Return the origins of a tile, best first; `None` while they are not known."""

    def figures(self, update: Update) -> list[dict[str, Any]]:
        """Return the figures of a frame."""


@final
class Answers:
    """Answers of one ROM.

    Args:
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
    """

    def __init__(self, workspace: Callable[[], Workspace | None]) -> None:
        self._workspace = workspace
        self._describer: tuple[Workspace, OriginDescriber] | None = None

    def origins(self, update: Update, vram_byte: int, bpp: int) -> list[dict[str, Any]] | None:
        """As in `Describer`. Each origin has the keys of `halscope locate --json`, and `snes`, the address of its
        block (or raw tile) as the console sees it."""
        workspace, found = self._workspace(), update.origins
        if workspace is None or found is None:
            return None
        if self._describer is None or self._describer[0] is not workspace:
            self._describer = workspace, OriginDescriber(workspace, found.transforms)
        describer = self._describer[1]
        places = found.at(vram_byte, bpp)
        return [{**describer.describe(one), "snes": workspace.rom.to_snes(_place(one))} for one in places[:8]]

    def figures(self, update: Update) -> list[dict[str, Any]]:
        """As in `Describer`."""
        return [row.describe() for row in figure_rows(update.frame, update.origins, self._workspace())]


async def previewed[T](session: Session, name: str, key: Hashable, work: Callable[[], T]) -> T:
    """Run work on the session's preview pool, without blocking the event loop. Raises what it raises."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def tell(_: Job[T]) -> None:
        loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(None))

    job = session.preview(name, lambda _: work(), key=key)
    job.add_done_callback(tell)
    await ended
    return job.result(0)


def _place(origin: Origin) -> int:
    return origin.block_offset + (origin.byte_offset if origin.codec == RAW_CODEC else 0)
