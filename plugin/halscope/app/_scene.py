"""What a person asks about the scene of a running game: how much of it is known, and why the rest is not."""

from __future__ import annotations

from typing import Any, Final, final

from halscope_hooks import Host, Snapshot, Update, UsageError

from halscope.app._coverage_text import WHY, coverage_json
from halscope.app._load_watch import LoadWatch
from halscope.app._start_watch import start_tracing
from halscope.app._workspace import Workspace
from halscope.ppu.coverage import REASONS, SceneCoverage, SceneReasons
from halscope.session import Session

_UNKNOWN: Final = frozenset(REASONS) - {"known", "plain", "no_index"}


@final
class Scene:
    """The scene of a running game. One thread at a time may ask."""

    def __init__(self) -> None:
        self._coverage: SceneCoverage | None = None
        self._watch: LoadWatch | None = None
        self._watched: Session | None = None

    @property
    def watches(self) -> bool:
        """Whether loads are watched."""
        return self._watch is not None

    def begin(self, snapshot: Snapshot) -> None:
        """Take this as the state before the run; what is in VRAM then was not seen arriving."""
        self._coverage = SceneCoverage(snapshot.vram)

    def describe(self, update: Update) -> dict[str, Any]:
        """Return the coverage of a frame as JSON: that of `coverage_json`, with `units`, `why` and `watch`.

        These are the shown 32-byte units of VRAM by reason, a text by reason, and what `LoadWatch.describe` returns
        (`null` if no load is watched).
        """
        if self._coverage is None:
            self.begin(update.snapshot)
        assert self._coverage is not None
        found = self._coverage.of(update.frame, update.origins)
        return {
            **coverage_json(found.coverage),
            "units": {reason: list(units) for reason, units in found.units.items()},
            "why": {reason: WHY[reason] for reason in found.units},
            "watch": None if self._watch is None else self._watch.describe(unknown_units(found)),
        }

    def watch(self, session: Session, update: Update) -> None:
        """Watch what the game reads from now on; the host must have been asked with `watch_reads`."""
        if self._watch is not None:
            self._watch.close()
        self._watch, self._watched = LoadWatch(session, update), session


def unknown_units(found: SceneReasons) -> tuple[int, ...]:
    """Return the units whose place in the ROM is unknown, ascending."""
    return tuple(sorted(unit for reason, units in found.units.items() if reason in _UNKNOWN for unit in units))


def watch_reads(host: Host, workspace: Workspace | None) -> None:
    """Have a host tell what the game reads in its ROM. On the host's thread.

    Raises:
        UsageError: The host cannot, with what to do instead; or the ROM's file is not known.
        HostError: It does not do it.
    """
    if workspace is None:
        raise UsageError("the file of the running ROM is not known; give it with --rom")
    if not start_tracing(host, workspace):
        raise UsageError(
            f"{host.info.emulator} cannot tell what the game reads in its ROM (host {host.info.name}): play the scene "
            "with `halscope play ROM`, or attach Mesen 2 or RetroArch with the tap core, and watch there; what is "
            "learnt is kept for this ROM"
        )
