"""The NWA host: attaches to emulators that speak the Emulator Network Access protocol."""

from __future__ import annotations

from halscope_hooks import FoundEmulator, Host, HostRequest

from halscope.hosts.nwa._addresses import FIRST_PORT, PORTS, VARIABLE, candidates
from halscope.hosts.nwa._discovery import find
from halscope.hosts.nwa.host import NwaHost

__all__ = [
    "FIRST_PORT",
    "PORTS",
    "VARIABLE",
    "NwaHost",
    "find_emulators",
    "find_request",
    "open_request",
    "setup",
]

_SETUP = (
    "start an emulator with Emulator Network Access (bsnes-plus, or the snes9x, Mesen or BizHawk builds that have it), "
    "switch it on in its menu if there is an item for it, and load a game; Halscope looks for it on ports "
    f"{FIRST_PORT} to {FIRST_PORT + PORTS - 1} of this machine ({VARIABLE} or --address name others)"
)


def find_emulators(address: str | None = None) -> list[FoundEmulator]:
    """Return the emulators that answer now. Raises UsageError if the address is not one."""
    return find(candidates(address))


def setup() -> str:
    """Return what the user does so that an emulator can be attached to."""
    return _SETUP


def open_request(request: HostRequest) -> Host:
    """Attach to what a request names. Raises UsageError or HostError."""
    return NwaHost(request.address, obsel=request.obsel, rom=request.file, exclusive=True)


def find_request(request: HostRequest) -> list[FoundEmulator]:
    """Return what can be reached of what a request names. Raises UsageError."""
    return find_emulators(request.address)
