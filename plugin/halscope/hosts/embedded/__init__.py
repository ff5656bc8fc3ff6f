"""The embedded host: runs a libretro core in a child process of its own."""

from halscope.hosts.embedded._process import check_machine
from halscope.hosts.embedded.host import EmbeddedHost

__all__ = ["EmbeddedHost", "check_machine"]
