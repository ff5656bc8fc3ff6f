"""The embedded hosts: a libretro core in a child process of its own, driven or by its own clock."""

from halscope.hosts.embedded._process import check_machine
from halscope.hosts.embedded.host import EmbeddedHost
from halscope.hosts.embedded.live import LiveEmbeddedHost

__all__ = ["EmbeddedHost", "LiveEmbeddedHost", "check_machine"]
