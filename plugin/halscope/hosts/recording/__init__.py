"""The recording host: replays frames through the same code path as a running emulator."""

from halscope.hosts.recording.host import ReplayHost

__all__ = ["ReplayHost"]
