"""A recording as a host: the same code path as a running emulator, frame by frame."""

from halscope.hosts.recording.host import ReplayHost

__all__ = ["ReplayHost"]
