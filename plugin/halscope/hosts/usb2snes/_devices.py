"""The devices behind a server: which of them is a cartridge that keeps VRAM, and what it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import numpy as np
from halscope_hooks import UsageError

from halscope._rom_file import HEADER_BYTES, LIKELY, PLACES, is_map_mode, score_header
from halscope.hosts.usb2snes._messages import Ask, Flow, ask_text

DEFAULT_URLS: Final = ("ws://localhost:23074", "ws://localhost:8080")
"""Where servers listen; the second is the port of old ones."""
CLIENT: Final = "Halscope"
HEAD_BYTES: Final = 0x10000
"""The part of a ROM that holds its internal header."""
_MENUS: Final = ("menu.bin", "m3nu.bin")
_CARTRIDGES: Final = ("sd2snes", "fxpak", "fx pak")
_CHIPS: Final = {0x1: "the Super FX", 0x2: "the OBC1", 0x3: "the SA-1", 0x4: "the S-DD1"}
"""High half of the header's chip byte → coprocessors for which the cartridge loads a core that keeps no VRAM."""
_CX4: Final = 0xF3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is: the server's URL, and the device's name or `None` for the first cartridge."""

    url: str
    device: str | None = None

    def __str__(self) -> str:
        return self.url if self.device is None else f"{self.url}#{self.device}"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """The reply to Info.

    Args:
        firmware: Version of the firmware.
        kind: Kind of the device; the original server sends a number here.
        rom: Path of the ROM that runs.
        flags: What the device can and cannot do.
    """

    firmware: str
    kind: str
    rom: str
    flags: frozenset[str]

    @property
    def in_menu(self) -> bool:
        """Whether the cartridge shows its menu, so that no game runs."""
        return self.rom.lower().endswith(_MENUS)


def places(address: str | None) -> list[Place]:
    """Return where to look for devices.

    Args:
        address: "ws://HOST:PORT", "HOST:PORT", each with "#DEVICE" behind it or not; `None` for the usual ports.

    Raises:
        UsageError: It is not an address.
    """
    if address is None:
        return [Place(url) for url in DEFAULT_URLS]
    url, mark, device = address.partition("#")
    url = url if "://" in url else f"ws://{url}"
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or re.search(r"\s", url):
        raise UsageError(f"--address {address}: expected {DEFAULT_URLS[0]}, with #DEVICE behind it for one of several")
    return [Place(url.rstrip("/"), unquote(device) if mark and device else None)]


def list_devices() -> Flow[tuple[str, ...]]:
    """Return the names of the devices."""
    return ask_text("DeviceList")


def attach(device: str) -> Flow[DeviceInfo]:
    """Attach to a device; the server closes the connection if it cannot."""
    yield Ask("Attach", (device,), None)
    yield Ask("Name", (CLIENT,), None)
    return (yield from info())


def info() -> Flow[DeviceInfo]:
    """Return what the attached device is and runs."""
    # Some servers answer Attach with the device's name, in a list of one.
    results = yield from ask_text("Info", least=2)
    firmware, kind, rom, *flags = (*results, "", "")[: max(3, len(results))]
    return DeviceInfo(firmware, kind, rom, frozenset(flags))


def is_cartridge(name: str, device: DeviceInfo) -> bool:
    """Whether a device is a cartridge that watches the console's buses. Others map save RAM where it keeps VRAM."""
    kind = device.kind.lower()
    if any(word in kind or word in name.lower() for word in _CARTRIDGES):
        return True
    # The original server knows cartridges alone: it names them by their port, and sends a number as their kind.
    return bool(re.fullmatch(r"(?:0x)?[0-9a-f.]+", kind)) and "NO_CONTROL_CMD" not in device.flags


def other_core(head: bytes) -> str | None:
    """Return the coprocessor of a ROM for which the cartridge runs a core that does not watch the buses, or `None`.

    Args:
        head: The first `HEAD_BYTES` of the ROM.
    """
    image = np.frombuffer(head, np.uint8)
    scores = {}
    for at, nibbles in PLACES.items():
        if at + HEADER_BYTES <= image.size:
            mode = int(image[at + 0x15])
            scores[at] = score_header(image, at, is_map_mode(mode) and mode & 0xF in nibbles)
    at = max(scores, key=lambda place: scores[place], default=0)
    if scores.get(at, 0.0) < LIKELY:
        return None
    chips = int(image[at + 0x16])
    if chips == _CX4:
        return "the Cx4"
    return _CHIPS.get(chips >> 4) if chips & 0xF >= 3 else None
