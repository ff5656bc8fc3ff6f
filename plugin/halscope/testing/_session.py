"""Objects that the fixtures return: the frames of a recording, and a session on it with the plugins under test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self, final, overload

from halscope_hooks import Codec, Event, Exporter, Frame, Host, HostInfo, JobFailed, PluginError, hookimpl

from halscope.app import Grants, Plugins
from halscope.formats.recording import RecordingReader
from halscope.ppu.incremental import FrameDecoder
from halscope.session import Session, Subscription


@final
class Frames(Sequence[Frame]):
    """The frames of a recording with their background layers, each decoded on access.

    Args:
        path: The recording.

    Raises:
        UsageError: The file cannot be opened.
        FormatError: It is not a recording, or is damaged; access to a frame may raise this too.
    """

    def __init__(self, path: Path) -> None:
        self._reader = RecordingReader(path)
        self._decoder = FrameDecoder()

    def __len__(self) -> int:
        return len(self._reader)

    @overload
    def __getitem__(self, position: int) -> Frame: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Frame, ...]: ...
    def __getitem__(self, position: int | slice) -> Frame | tuple[Frame, ...]:
        """Return a frame, or a slice of them. Raises IndexError, FormatError."""
        if isinstance(position, slice):
            return tuple(self[at] for at in range(*position.indices(len(self))))
        return self._decoder.decode(self._reader[position], layers=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()


@final
class PluginSession:
    """A session without threads: when a call returns, all hooks that it triggered have run.

    Args:
        host: The host to step; the caller closes it.
        folders: Folders of plugins, each with its manifest.json.
        installed: Whether installed plugins are loaded too.
        allow: Permissions to grant to plugins that request them.
        config_folder: Folder of remembered grants; give an empty one, so that a test gives the same result everywhere.

    Raises:
        PluginError: A plugin was refused; the message says why.
        UsageError: A folder has no manifest.json.
    """

    def __init__(
        self,
        host: Host,
        *,
        folders: Iterable[Path] = (),
        installed: bool = False,
        allow: Iterable[str] = (),
        config_folder: Path,
    ) -> None:
        grants = Grants(allow, folder=config_folder)
        self._failures: list[JobFailed] = []
        # Registered as a plugin, so that it also receives failures from before the session exists.
        listener = _Listener(self._failures)
        self._plugins = Plugins([listener], folders=folders, entry_points=installed, grants=grants)
        for refusal in self._plugins.refused:
            raise PluginError(refusal.plugin, refusal.reason)
        self._session = Session(host, dispatch=self._plugins.dispatch)
        self._session.start()  # so that the plugins are attached before the test begins

    @property
    def info(self) -> HostInfo:
        """The attached host."""
        return self._session.info

    @property
    def plugins(self) -> tuple[str, ...]:
        """The ids of the plugins under test."""
        return tuple(one.name for one in self._plugins.loaded if one.source not in ("built in", "handed in"))

    def plugin(self, name: str | None = None) -> Any:
        """Return the object that a plugin's manifest names; `name` may be omitted if only one plugin is loaded.

        Raises:
            PluginError: No name was given, and not exactly one plugin is loaded.
            UsageError: No such plugin is loaded.
        """
        if name is None:
            if len(self.plugins) != 1:
                loaded = ", ".join(self.plugins) or "none is loaded; see docs/how-to/test-a-plugin.md"
                raise PluginError("(not named)", f"name the one you mean: {loaded}")
            name = self.plugins[0]
        return self._plugins.plugin(name)

    def exporter(self, suffix: str) -> Exporter:
        """Return the exporter for a file extension (".bps"). Raises UsageError if it does not exist."""
        return self._plugins.exporter(Path(f"edit{suffix}"))

    def codec(self, name: str) -> Codec:
        """Return the codec of this name. Raises UsageError if it does not exist."""
        return self._plugins.codec(name)

    def groups(self, frame: Frame) -> tuple[tuple[int, ...], ...]:
        """Return the sprites of a frame as the plugins group them: the OAM entries, 0 to 127, of each group."""
        return tuple(tuple(group.indices) for group in self._plugins.group_sprites(frame))

    def step(self) -> Frame | None:
        """Play one frame and return it; `None` at the end of the recording."""
        update = self._session.step()
        return None if update is None else update.frame

    def play(self, frames: int | None = None) -> Frame | None:
        """Play `frames` frames, or all remaining ones; return the last one played, if any."""
        last = None
        while frames is None or frames > 0:
            frame = self.step()
            if frame is None:
                break
            last = frame
            frames = None if frames is None else frames - 1
        return last

    def subscribe(self, callback: Callable[[Event], None], *kinds: type[Event]) -> Subscription:
        """Call `callback` with the session's events; dropping the returned handle unsubscribes."""
        return self._session.subscribe(callback, *kinds, name="test")

    def take_failures(self) -> tuple[JobFailed, ...]:
        """Return the failures of hooks and jobs since the last call. Failures that are not taken fail the test."""
        taken = tuple(self._failures)
        self._failures.clear()
        return taken

    def close(self, reason: str = "the recording was closed") -> None:
        """Detach the host and notify the plugins. Idempotent."""
        self._session.close(reason)


class _Listener:
    """Collects failures."""

    def __init__(self, failures: list[JobFailed]) -> None:
        self._failures = failures

    @hookimpl
    def halscope_job_failed(self, job: str, error: BaseException, traceback: str, plugin: str) -> None:
        """Store the failure."""
        self._failures.append(JobFailed(job, error, traceback, plugin))
