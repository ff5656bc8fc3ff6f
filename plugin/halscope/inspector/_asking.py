"""What a question of a page may use. Each area has a module with a table of its questions; `_questions` joins them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from halscope_hooks import Host, Update

if TYPE_CHECKING:
    from halscope.app import Controls, LiveEdits, Past, TileSearch, Timeline
    from halscope.inspector._answers import Describer
    from halscope.inspector._messages import Request
    from halscope.inspector._notices import Notices
    from halscope.inspector._uploads import Uploads
    from halscope.session import Session


class Asker(Protocol):
    """The page that asks. Questions are called on the server's event loop, and must not block it."""

    @property
    def session(self) -> Session:
        """The session that the page looks at."""

    @property
    def controls(self) -> Controls:
        """What it asks of the emulator."""

    @property
    def describer(self) -> Describer:
        """Answers about tiles, figures and blocks."""

    @property
    def edits(self) -> LiveEdits | None:
        """The edits of the running game; `None` if it cannot be edited."""

    @property
    def uploads(self) -> Uploads:
        """The files that pages have sent."""

    @property
    def notices(self) -> Notices:
        """What all pages are told."""

    @property
    def timeline(self) -> Timeline | None:
        """The frames that were; `None` if none are kept."""

    @property
    def past(self) -> Past | None:
        """The frame of the timeline that the page shows; `None` while it shows the running game."""

    search: TileSearch | None
    """The search through the timeline that goes on; it ends when this is another one, or `None`."""

    async def tell(self, kind: str, fields: dict[str, Any]) -> None:
        """Send the page a message of its own, which must be of no type that the server uses otherwise."""

    def show(self, past: Past | None) -> None:
        """Show a frame of the timeline from now on, or with `None` the running game again."""

    @property
    def update(self) -> Update | None:
        """The frame that the page shows; `None` before the first."""

    async def about[T](
        self, name: str, describe: Callable[[Update], T], number: int = 0, frame: int | None = None
    ) -> T | None:
        """Describe the frame that the page shows, on the session's preview pool; `None` before the first.

        A newer question of the same name and number takes the place of one that waits: whoever asks for something to be
        done, or about one of several things, gives the request's id.

        Args:
            frame: Number of the frame that the page shows, as `Request.frame`. Without it, or if that frame is not kept
                any more, it is the newest one.
        """

    async def game[T](self, work: Callable[[Host], T]) -> T:
        """Have the game's thread call `work` with the host. Raises HostError if it does not answer in time."""


Question = Callable[["Asker", "Request"], Awaitable[Any]]
"""Answers a request with a JSON value. Its HalscopeError is told to the page."""
