"""The sprite that the user points at on the emulator's own screen: its label there, and what a click tells here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

from halscope_hooks import Event, Sprite, Update

from halscope.app._tile_layout import origin_line
from halscope.session import Session


@runtime_checkable
class PointedHost(Protocol):
    """A host whose user can point at sprites."""

    @property
    def hovered(self) -> int | None:
        """The sprite under the mouse, 0 to 127."""

    def take_clicks(self) -> Sequence[int]:
        """Return the sprites clicked since the last call, oldest first."""

    def label_sprites(self, labels: Mapping[int, str]) -> None:
        """Say what the emulator shows beside the sprite under the mouse. Raises HostError."""


class Pointing:
    """Labels the sprite under the mouse with its origin, and reports the sprites that are clicked.

    Args:
        session: A session on its host's thread. Without a host that can point, nothing happens.
        report: Called with a line of text for each click.
    """

    def __init__(self, session: Session, report: Callable[[str], None]) -> None:
        host = session.host
        self._host: PointedHost | None = host if isinstance(host, PointedHost) else None
        self._report = report
        self._shown: dict[int, str] = {}
        self._heard: Final = None if self._host is None else session.subscribe(self._look, Update, name="pointing")

    def close(self) -> None:
        """Stop. The label in the emulator goes with the connection."""
        if self._heard is not None:
            self._heard.close()
        self._host = None

    def _look(self, event: Event) -> None:
        host = self._host
        if host is None or not isinstance(event, Update):
            return
        sprites = event.frame.sprites
        for index in host.take_clicks():
            if index < len(sprites):
                self._report(f"frame {event.snapshot.frame}: {sprite_line(sprites[index], event)}")
        hovered = host.hovered
        labels = {hovered: sprite_line(sprites[hovered], event)} if hovered is not None and sprites else {}
        if labels and labels != self._shown:
            self._shown = labels
            host.label_sprites(labels)


def sprite_line(sprite: Sprite, update: Update) -> str:
    """Describe a sprite in a line: its place in OAM, its palette, and the origin of its first tile that has one."""
    text = f"sprite {sprite.index}, {sprite.width}x{sprite.height}, palette {sprite.palette}"
    origins = update.origins
    if origins is None:
        return text
    for vram_byte in sprite.cells.flat:
        found = origins.at(int(vram_byte))
        if found:
            return f"{text}: {origin_line(found[0])}"
    return f"{text}: not in the ROM"
