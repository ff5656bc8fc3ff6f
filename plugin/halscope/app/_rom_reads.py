"""Observing all reads of the ROM, in a host that can."""

from __future__ import annotations

from pathlib import Path

from halscope_hooks import Event, Host, Touched, UsageError, capability

from halscope._files import read_limited
from halscope._rom_file import COPIER_BYTES, copier_header_bytes
from halscope.session import Pull

_LARGEST_ROM = 0x1000000


def watch_reads(host: Host) -> bool:
    """Have a host observe all reads of the ROM that it runs; return whether it does.

    Call it on the host's thread, and again after each change of the ROM. Raises HostError.
    """
    tracing, path = capability(host, "tracing"), host.info.rom.path
    if tracing is None or path is None:
        return False
    try:
        data = read_limited(Path(path), _LARGEST_ROM + COPIER_BYTES, "SNES ROM")
    except UsageError:  # a remote emulator's path
        return False
    tracing.watch_rom([(0, len(data) - copier_header_bytes(data))])
    return True


def waiting_touches(pull: Pull) -> list[Touched]:
    """Return the touches that wait in a pull subscription to them."""
    events: list[Event] = []
    while (event := pull.take(0)) is not None:
        events.append(event)
    return [event for event in events if isinstance(event, Touched)]
