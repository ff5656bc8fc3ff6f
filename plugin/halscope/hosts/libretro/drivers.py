"""Drivers of libretro.py. While a core runs it calls `CoreCallbacks` instead; what is left is its messages."""

from __future__ import annotations

import logging
from typing import override

from halscope.hosts.libretro.api import ArrayAudioDriver, ArrayVideoDriver, IterableInputDriver, LogDriver, LogLevel

_logger = logging.getLogger("halscope.hosts.libretro")


class NoPicture(ArrayVideoDriver):
    """Discards pictures: those of a frame go to the core's `CoreCallbacks`."""

    @override
    def refresh(self, data: object, width: int, height: int, pitch: int) -> None:
        """Discard a picture that a core draws while it loads a game."""

    @property
    @override
    def needs_reinit(self) -> bool:
        return False

    @override
    def reinit(self) -> None:
        """Do nothing: no buffer has to be allocated."""


class NoButtons(IterableInputDriver):
    """Is never asked: the core asks its `CoreCallbacks`."""

    @override
    def poll(self) -> None:
        """Do nothing."""


class NoSound(ArrayAudioDriver):
    """Discards the sound."""

    @override
    def sample(self, left: int, right: int) -> None:
        """Discard one stereo sample."""

    @override
    def sample_batch(self, frames: memoryview) -> int:
        return len(frames) // 2


class CoreLog(LogDriver):
    """Passes the core's messages to Python's logging. They arrive unformatted, with `%s` still in place."""

    @override
    def log(self, level: LogLevel, fmt: bytes) -> None:
        _logger.debug("%s", fmt.decode(errors="replace").rstrip())
