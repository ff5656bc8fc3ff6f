"""The inspector: a page in the browser that shows what the running game shows, live, from any host.

The server is a client of a session's public interface: it pulls updates, and asks the game's thread for what only that
thread may do (`halscope.app.Controls`). It needs the extra `inspector`.

Names are imported on first use: a site serves the page before all that an inspector needs is imported.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from halscope.inspector._server import Inspector
    from halscope.inspector._site import PORTS, Site

__all__ = ["PORTS", "Inspector", "Site"]

_MODULES = {
    "Inspector": "halscope.inspector._server",
    "PORTS": "halscope.inspector._site",
    "Site": "halscope.inspector._site",
}


def __getattr__(name: str) -> object:
    """Import `name` on first use."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value
