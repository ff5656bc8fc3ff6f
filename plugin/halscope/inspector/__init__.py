"""The inspector: a page in the browser that shows what the running game shows, live, from any host.

The server is a client of a session's public interface: it pulls updates, and asks the game's thread for what only that
thread may do (`halscope.app.Controls`). It needs the extra `inspector`.
"""

from halscope.inspector._server import Inspector

__all__ = ["Inspector"]
