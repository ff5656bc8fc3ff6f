"""Finding emulators: which of the candidate addresses accept a connection, and what answers there."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
from collections.abc import Sequence
from typing import Any, Final

from halscope_hooks import FoundEmulator, HostAbsentError, HostError

from halscope.hosts.nwa._addresses import shown
from halscope.hosts.nwa._connection import Connection
from halscope.hosts.nwa._emulator import ask_game, introduce, refuse_other_console
from halscope.hosts.nwa._reading import reader_for

CONNECT_WAIT: Final = 1.0
"""Seconds for all candidates together to accept a connection; Windows takes two to refuse one."""
INTRODUCTION_WAIT: Final = 2.0
_Address = tuple[socket.AddressFamily, socket.SocketKind, int, tuple[Any, ...]]
"""Family, kind and protocol of a socket, and the address to connect it to."""
_IN_PROGRESS: Final = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, getattr(errno, "WSAEWOULDBLOCK", -1))


def connect(places: Sequence[tuple[str, int]], timeout: float = CONNECT_WAIT) -> list[Connection]:
    """Connect to all of these addresses at once; return the connections that were accepted, in the same order."""
    pending: dict[socket.socket, tuple[str, int]] = {}
    accepted: dict[tuple[str, int], socket.socket] = {}
    try:
        names = dict.fromkeys(host for host, _ in places)
        answers = {host: _resolved(host) for host in names}  # each once: it may take seconds
        for place in places:
            _begin(place, answers[place[0]], pending)
        until = time.monotonic() + timeout
        while pending and (rest := until - time.monotonic()) > 0:
            waiting = [*pending]
            _, writable, failed = select.select([], waiting, waiting, rest)
            if not writable and not failed:
                break
            for one in {*writable, *failed}:
                place = pending.pop(one)
                # One address of a name suffices; a connection to itself can happen where a port is in the local range.
                if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or place in accepted or _to_itself(one):
                    one.close()
                else:
                    accepted[place] = one
    except BaseException:
        for one in accepted.values():
            one.close()
        raise
    finally:
        for one in pending:
            one.close()
    return [Connection(place, accepted[place]) for place in places if place in accepted]


def find(places: Sequence[tuple[str, int]]) -> list[FoundEmulator]:
    """Return the emulators that answer at these addresses."""
    found = []
    for connection in connect(places):
        with contextlib.closing(connection):
            try:
                emulator = introduce(connection, INTRODUCTION_WAIT)
            except HostError:
                continue
            game, problem = "", ""
            try:
                refuse_other_console(emulator, connection.name)
                loaded = ask_game(connection, emulator)
                game = loaded.status.game
                reader_for(connection, emulator, loaded, None)
            except HostError as error:
                problem = str(error)
            found.append(FoundEmulator(connection.name, emulator.name, game, problem))
    return found


def absent(places: Sequence[tuple[str, int]]) -> HostAbsentError:
    """Return the error for nothing at any of these addresses."""
    first, last = places[0], places[-1]
    where = shown(first) if first == last else f"{shown(first)} to {last[1]}"
    return HostAbsentError(f"no emulator answers at {where}")


def _resolved(host: str) -> list[_Address]:
    """Return the addresses of a name, without a port; none if there is no such name."""
    try:
        return [(*one[:3], one[4]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):  # UnicodeError: a label of the name is empty or too long
        return []


def _begin(
    place: tuple[str, int], addresses: Sequence[_Address], pending: dict[socket.socket, tuple[str, int]]
) -> None:
    """Begin to connect to every address of a place."""
    for family, kind, protocol, (numeric, _, *scope) in addresses:
        address = (numeric, place[1], *scope)
        try:
            one = socket.socket(family, kind, protocol)
        except OSError:  # this system does not have the family
            continue
        one.setblocking(False)
        if one.connect_ex(address) in (0, *_IN_PROGRESS):
            pending[one] = place
        else:
            one.close()


def _to_itself(connected: socket.socket) -> bool:
    return bool(connected.getsockname() == connected.getpeername())
