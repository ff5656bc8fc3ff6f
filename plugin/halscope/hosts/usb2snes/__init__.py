"""The usb2snes host: attaches to a real console through its FX Pak Pro (sd2snes) cartridge."""

from __future__ import annotations

from halscope.hosts.usb2snes._devices import DEFAULT_URLS
from halscope.hosts.usb2snes.host import Usb2snesHost, find_devices

__all__ = ["DEFAULT_URLS", "SETUP", "Usb2snesHost", "find_devices"]

SETUP = (
    "connect the USB port of the FX Pak Pro (sd2snes) to this computer, switch the console on, start QUsb2Snes, SNI or "
    f"usb2snes, and start a game without a coprocessor; Halscope looks for the server at {' and '.join(DEFAULT_URLS)} "
    "(--address names another)"
)
