"""For tests of plugins: the types that the pytest plugin's fixtures return (docs/how-to/test-a-plugin.md)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from halscope.hosts.recording import ReplayHost
    from halscope.testing._image import ImageCheck
    from halscope.testing._session import Frames, PluginSession

__all__ = ["Frames", "ImageCheck", "PluginSession", "ReplayHost"]

_MODULES: Final = {
    "Frames": "halscope.testing._session",
    "ImageCheck": "halscope.testing._image",
    "PluginSession": "halscope.testing._session",
    "ReplayHost": "halscope.hosts.recording",
}


def __getattr__(name: str) -> object:
    """Import `name` on first use: pytest imports this package wherever it is installed."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
