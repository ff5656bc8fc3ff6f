"""Running taps: which there are, and which one a request means."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from halscope_hooks import FoundEmulator, HostAbsentError, HostError, HostGoneError, UsageError

from halscope.hosts._ring import FoundRing, find_rings
from halscope.hosts.retroarch.host import RetroArchHost

SETUP: Final = (
    "install Halscope's core once with `halscope retroarch install --inner CORE`, then load it and a game in RetroArch "
    "or another libretro frontend; --address PID chooses one of several"
)
"""What the user does so that an emulator can be attached."""


def find_taps(address: str | None = None) -> list[FoundEmulator]:
    """Return the games that run behind a tap now, oldest first.

    Args:
        address: The process id of an emulator, or `None` for all.

    Raises:
        UsageError: The address is not a process id.
        HostError: The folder in which they are found cannot be trusted.
    """
    return [_described(ring) for ring in _chosen(address)]


def open_tap(address: str | None = None) -> RetroArchHost:
    """Attach to the newest game that no other Halscope has, or to the one in the process `address`.

    Raises:
        UsageError: The address is not a process id.
        HostAbsentError: There is no such game yet.
        HostError: Another Halscope has it, or its core is not supported.
    """
    rings = _chosen(address)
    if not rings:
        where = "" if address is None else f" in process {address}"
        raise HostAbsentError(f"no game runs behind Halscope's core{where}")
    free = [ring for ring in rings if not ring.reader]
    refusal: HostError | None = None
    for ring in reversed(free or rings):
        try:
            return RetroArchHost(ring.path)
        except HostGoneError as error:
            refusal = HostAbsentError(str(error))
        except HostError as error:
            refusal = error
    assert refusal is not None
    raise refusal


def _chosen(address: str | None) -> list[FoundRing]:
    rings = find_rings()
    if address is None:
        return rings
    if not address.isascii() or not address.isdigit():
        raise UsageError(f"{address!r} is not the process id of an emulator; `--list` shows them")
    return [ring for ring in rings if ring.pid == int(address)]


def _described(ring: FoundRing) -> FoundEmulator:
    problem = f"another Halscope (process {ring.reader}) is attached" if ring.reader else ""
    name = f"{ring.text.get('core', '')} {ring.text.get('version', '')}".strip()
    return FoundEmulator(str(ring.pid), name, PurePath(ring.text.get("content", "")).name, problem)
