"""The demo ROM on a core, driven from scene to scene with the pad; its variables in WRAM tell where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from halscope_hooks import HalscopeError, HostError, Snapshot, capability

from halscope.session import Session

LONGEST_LOAD: Final = 600  # frames; a scene takes far fewer to decode and fade in


class DemoGame:
    """The demo ROM in a session.

    Args:
        session: A session on a host that is playable and stateful.
        facts: The demo's truth file.

    Raises:
        HostError: The host lacks one of these capabilities.
    """

    def __init__(self, session: Session, facts: dict[str, Any]) -> None:
        pad, console = capability(session.host, "playable"), capability(session.host, "stateful")
        if pad is None or console is None:
            raise HostError(
                f"{session.info.emulator}: the demo's tour presses buttons and loads states, which this host "
                f"({session.info.name}) cannot; run it on a libretro core"
            )
        self.pad = pad
        self.console = console
        self.session = session
        self._symbols: dict[str, int] = facts["symbols"]
        self._scenes: list[str] = [scene["name"] for scene in facts["scenes"]]

    def word(self, snapshot: Snapshot, symbol: str) -> int:
        """Return a 16-bit variable of the game."""
        if snapshot.wram is None:
            raise HalscopeError("the demo needs a host that reads WRAM")
        at = self._symbols[symbol]
        return int(snapshot.wram[at]) | int(snapshot.wram[at + 1]) << 8

    def scene(self, snapshot: Snapshot) -> str | None:
        """Return the scene that is fully on screen, or `None` while one loads."""
        if self.word(snapshot, "ready") & 0xFF != 1:
            return None
        number = self.word(snapshot, "scene") & 0xFF
        return self._scenes[number] if number < len(self._scenes) else None

    def next_frame(self) -> Snapshot:
        """Run one frame."""
        return self.until("its next frame", lambda _snapshot: True)

    def until(self, what: str, condition: Callable[[Snapshot], bool]) -> Snapshot:
        """Run until the condition holds. Raises HalscopeError if it never does."""
        for _ in range(LONGEST_LOAD):
            snapshot = self.session.advance()
            if snapshot is not None and condition(snapshot):
                return snapshot
        raise HalscopeError(f"the demo ROM did not reach {what} within {LONGEST_LOAD} frames on this core")

    def into(self, scene: str, scene_frame: int) -> Snapshot:
        """Press Start until the scene is on screen, and run it for `scene_frame` frames."""
        held = False

        def there(snapshot: Snapshot) -> bool:
            nonlocal held
            now = self.scene(snapshot)
            held = now is not None and now != scene and not held
            self.pad.press({"start"} if held else set())
            return now == scene and self.word(snapshot, "scene_frame") >= scene_frame

        return self.until(f"the scene {scene}", there)

    def reload(self, scene: str, scene_frame: int) -> Snapshot:
        """Press Select, which reloads and decodes the scene, and run it for `scene_frame` frames."""
        self.pad.press({"select"})
        self.until("a reload", lambda snapshot: self.scene(snapshot) is None)
        return self.into(scene, scene_frame)
