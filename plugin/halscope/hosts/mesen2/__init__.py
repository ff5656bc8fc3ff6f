"""The Mesen host: Mesen 2 and MesenCE, by a Lua script that connects to Halscope."""

from halscope.hosts.mesen2._listener import Listener
from halscope.hosts.mesen2._script import script_path
from halscope.hosts.mesen2.host import MesenHost

__all__ = ["Listener", "MesenHost", "script_path"]
