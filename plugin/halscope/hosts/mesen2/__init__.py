"""The Mesen host: Mesen 2 and MesenCE, by a Lua script that connects to Halscope."""

from __future__ import annotations

from halscope_hooks import FoundEmulator, Host, HostRequest, UsageError

from halscope.hosts.mesen2._listener import Listener
from halscope.hosts.mesen2._script import script_path, setup
from halscope.hosts.mesen2._tracing import BufferWriter, DecoderCall, Transfer
from halscope.hosts.mesen2.host import MesenHost

__all__ = [
    "BufferWriter",
    "DecoderCall",
    "Listener",
    "MesenHost",
    "Transfer",
    "find_emulators",
    "find_request",
    "open_request",
    "script_path",
    "setup",
]

_TIME_TO_CONNECT = 1.5  # seconds; a script looks for Halscope every 60 frames


def find_emulators() -> list[FoundEmulator]:
    """Return the emulators whose script connects within one and a half seconds. Raises HostError."""
    listener = Listener.shared()
    try:
        greetings = listener.waiting(_TIME_TO_CONNECT)
    finally:
        listener.stay()
    return [FoundEmulator("", greeting.emulator, greeting.rom.name) for greeting in greetings]


def open_request(request: HostRequest) -> Host:
    """Attach to the next emulator whose script connects. Raises UsageError for an address, HostError."""
    _refuse_address(request)
    return MesenHost()


def find_request(request: HostRequest) -> list[FoundEmulator]:
    """Return what `find_emulators` returns. Raises UsageError for an address, HostError."""
    _refuse_address(request)
    return find_emulators()


def _refuse_address(request: HostRequest) -> None:
    if request.address is not None:
        raise UsageError(f"--address {request.address}: Mesen's script connects to Halscope; leave --address out")
