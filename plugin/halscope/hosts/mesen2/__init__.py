"""The Mesen host: Mesen 2 and MesenCE, by a Lua script that connects to Halscope."""

from __future__ import annotations

from halscope_hooks import FoundEmulator

from halscope.hosts.mesen2._listener import Listener
from halscope.hosts.mesen2._script import script_path, setup
from halscope.hosts.mesen2._tracing import BufferWriter, DecoderCall, Transfer
from halscope.hosts.mesen2.host import MesenHost

__all__ = ["BufferWriter", "DecoderCall", "Listener", "MesenHost", "Transfer", "find_emulators", "script_path", "setup"]

_TIME_TO_CONNECT = 1.5  # seconds; a script looks for Halscope every 60 frames


def find_emulators() -> list[FoundEmulator]:
    """Return the emulators whose script connects within one and a half seconds. Raises HostError."""
    listener = Listener.shared()
    try:
        greetings = listener.waiting(_TIME_TO_CONNECT)
    finally:
        listener.stay()
    return [FoundEmulator("", greeting.emulator, greeting.rom.name) for greeting in greetings]
