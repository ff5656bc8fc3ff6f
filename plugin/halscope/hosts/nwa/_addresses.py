"""Where emulators listen: "HOST:PORT" as users write it, and the range of ports."""

from __future__ import annotations

import os
import re
from typing import Final

from halscope_hooks import UsageError

FIRST_PORT: Final = 0xBEEF
PORTS: Final = 10
"""Emulators take the next port while one is in use, up to this many."""
LOOPBACK: Final = "127.0.0.1"
VARIABLE: Final = "NWA_PORT_RANGE"


def candidates(address: str | None) -> list[tuple[str, int]]:
    """Return the addresses to try, in order.

    Args:
        address: "HOST:PORT", "HOST", ":PORT", or `None`. Without a port, the whole range is tried.

    Raises:
        UsageError: It is not an address.
    """
    if address is None:
        return _range(LOOPBACK)
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\[\]:\s/]*))(?::(\d{1,5}))?", address)
    if match is None or not address:
        raise UsageError(f"--address {address}: expected HOST:PORT, such as {LOOPBACK}:{FIRST_PORT}")
    host = match[1] or match[2] or LOOPBACK
    if match[3] is None:
        return _range(host)
    port = int(match[3])
    if not 0 < port < 0x10000:
        raise UsageError(f"--address {address}: a port is a number from 1 to 65535")
    return [(host, port)]


def shown(place: tuple[str, int]) -> str:
    """Return an address as `candidates` accepts it."""
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _range(host: str) -> list[tuple[str, int]]:
    first = _first_port()
    return [(host, port) for port in range(first, min(first + PORTS, 0x10000))]


def _first_port() -> int:
    """Return the first port: that of the environment's variable, of which emulators read the first number, or 48879."""
    match = re.match(r"\s*(\d{1,5})(?!\d)", os.environ.get(VARIABLE, ""))
    port = 0 if match is None else int(match[1])
    return port if 0 < port < 0x10000 else FIRST_PORT
