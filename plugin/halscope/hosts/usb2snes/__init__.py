"""The usb2snes host: attaches to a real console through its FX Pak Pro (sd2snes) cartridge."""

from __future__ import annotations

from halscope_hooks import FoundEmulator, Host, HostRequest

from halscope.hosts.usb2snes._devices import DEFAULT_URLS
from halscope.hosts.usb2snes.host import Usb2snesHost, find_devices

__all__ = ["DEFAULT_URLS", "Usb2snesHost", "find_devices", "find_request", "open_request", "setup"]

_SETUP = (
    "connect the USB port of the FX Pak Pro (sd2snes) to this computer, switch the console on, start QUsb2Snes, SNI or "
    f"usb2snes, and start a game without a coprocessor; Halscope looks for the server at {' and '.join(DEFAULT_URLS)} "
    "(--address names another)"
)


def setup() -> str:
    """Return what the user does so that an emulator can be attached to."""
    return _SETUP


def open_request(request: HostRequest) -> Host:
    """Attach to what a request names. Raises UsageError or HostError."""
    return Usb2snesHost(request.address, rom=request.file, exclusive=True)


def find_request(request: HostRequest) -> list[FoundEmulator]:
    """Return what can be reached of what a request names. Raises UsageError or HostError."""
    return find_devices(request.address)
