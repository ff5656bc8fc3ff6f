"""Usb2snesHost: a game on a real console, watched by its FX Pak Pro (sd2snes) cartridge.

Each snapshot has CGRAM, OAM and registers of one moment, and the next slice of VRAM; the slices before it are older.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from halscope_hooks import (
    VRAM_BYTES,
    FoundEmulator,
    HostAbsentError,
    HostError,
    HostGoneError,
    HostInfo,
    MemorySpace,
    RomIdentity,
    Snapshot,
    Write,
    WriteReceipt,
)

from halscope.hosts._claims import Claim
from halscope.hosts._receipts import OpenReceipts
from halscope.hosts.usb2snes import _memory as memory
from halscope.hosts.usb2snes._connection import Connection, Running
from halscope.hosts.usb2snes._devices import DeviceInfo, Place, info, is_cartridge, list_devices, places
from halscope.hosts.usb2snes._devices import attach as attach_device
from halscope.hosts.usb2snes._game import MOST_ROM, identify
from halscope.hosts.usb2snes._messages import Flow, get, put

FRAMES_A_SECOND: Final = 60.0988
SLICE: Final = 0x2000
"""Bytes of VRAM in a snapshot that are new: a round takes eight snapshots."""
INFO_EVERY: Final = 2.0
"""Seconds between two questions which ROM runs."""
IDENTIFY_WAIT: Final = 30.0
_COPY: Final = (
    "is a copy that the cartridge keeps by watching the console's buses, and writing to it changes nothing on the "
    "console; an edit of the ROM shows when the game loads those graphics again"
)


class Usb2snesHost:
    """A Host (see `halscope_hooks.Host`) for a console with an FX Pak Pro; pushing.

    `Snapshot.frame` counts frames of 1/60 second since the device was attached; the protocol names none.

    Args:
        address: "ws://HOST:PORT", with "#DEVICE" behind it for one of several devices; `None` for the usual ports.
        rom: The ROM that the user says it runs, or `None`.
        exclusive: Whether no other exclusive host of this user may be attached to the device.

    Raises:
        UsageError: The address is not one.
        HostAbsentError: No server answers, it has no cartridge, or another game or none runs.
        HostError: The package websockets is missing, the game uses a coprocessor, or another Halscope has the device.
    """

    def __init__(self, address: str | None = None, *, rom: Path | None = None, exclusive: bool = False) -> None:
        self._rom = rom
        self._vram = np.zeros(VRAM_BYTES, np.uint8)
        self._read_at = [0.0] * (VRAM_BYTES // SLICE)  # when each slice was read; 0: never
        self._next_slice = 0
        self._next_info = 0.0
        self._due = 0.0
        self._frame = -1
        self._began = time.monotonic()
        self._running: Running[Snapshot | None] | None = None
        self._open = OpenReceipts()
        self._writes: deque[tuple[tuple[Write, ...], WriteReceipt]] = deque()
        self._connection, self._name, self._device = _open(places(address))
        self._claim: Claim | None = None
        try:
            if exclusive:
                self._claim = Claim("usb2snes", f"{self._connection.peer} {self._name}", self._name)
            self._take_game(self._connection.finish(identify(self._device, rom), IDENTIFY_WAIT))
        except HostGoneError as error:
            self._release()
            raise HostAbsentError(str(error)) from error  # the caller waits for it to come back
        except BaseException:
            self._connection.close()
            self._release()
            raise

    @property
    def info(self) -> HostInfo:
        """The device, what it runs, and what can be read and written."""
        return self._info

    def poll(self, timeout: float) -> Snapshot | None:
        """Return the next snapshot, or `None` if none is complete within `timeout` seconds.

        Raises:
            HostGoneError: The server has gone, the device was taken from it, or another game than that of `rom` runs.
            HostError: The game that runs now uses a coprocessor.
        """
        with self._open.while_linked():
            return self._poll(timeout)

    def _poll(self, timeout: float) -> Snapshot | None:
        until = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            if self._running is None and self._due <= now:
                self._running = Running(self._connection, self._next_flow(now))
            if self._running is None:
                time.sleep(max(0.0, min(self._due, until) - now))
            elif self._running.advance(until - now):
                snapshot, self._running = self._running.result, None
                if snapshot is not None:
                    return snapshot
            if time.monotonic() >= until:
                return None

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Write into the cartridge's copy of the ROM, which the console runs; the receipt completes in a later `poll`.

        The bytes are compared with `expected` first, and read back.

        Raises:
            HostError: A memory other than the ROM, an offset outside it, or a device that does not allow it.
        """
        for write in writes:
            if write.space != "rom":
                raise HostError(f"{self._info.emulator}: {write.space} {_COPY}")
            if "rom" not in self._info.writable:
                raise HostError(f"{self._info.emulator}: this device allows no writes into the ROM; apply the patch")
            if write.offset < 0 or write.offset + len(write.data) > MOST_ROM:
                raise HostError(f"a write to rom {write.offset:#x} is outside its {MOST_ROM:#x} bytes")
        receipt = self._open.new()
        self._writes.append((tuple(writes), receipt))
        return receipt

    def close(self) -> None:
        """Close the connection; the game goes on, and open receipts complete with an error. Idempotent."""
        self._connection.close()
        self._open.close(self._info.emulator)
        self._release()

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next_flow(self, now: float) -> Flow[Snapshot | None]:
        """Return what is to be done next: a write, a look at the running ROM, or a part of a snapshot."""
        if self._writes:
            return self._write(*self._writes.popleft())
        if now >= self._next_info:
            return self._check_game()
        return self._read()

    def _read(self) -> Flow[Snapshot | None]:
        """Read the registers, CGRAM, OAM and a slice of VRAM; return a snapshot once all of VRAM was read."""
        self._due = time.monotonic() + 1 / FRAMES_A_SECOND
        number = self._next_slice
        block = yield from get(memory.VRAM + number * SLICE, SLICE)
        self._vram[number * SLICE : (number + 1) * SLICE] = np.frombuffer(block, np.uint8)
        self._read_at[number] = time.monotonic()
        self._next_slice = (number + 1) % len(self._read_at)
        if not all(self._read_at):
            self._due = 0.0
            return None
        state = yield from get(memory.STATE, memory.STATE_BYTES)
        now = time.monotonic()
        self._frame = max(self._frame + 1, int((now - self._began) * FRAMES_A_SECOND))
        age = int((now - min(self._read_at)) * FRAMES_A_SECOND)
        return Snapshot(
            vram=self._vram,
            cgram=memory.read_cgram(state),
            oam=memory.read_oam(state),
            ppu=memory.read_ppu(state),
            cpu=memory.read_cpu(state),
            frame=self._frame,
            rom=self._info.rom,
            ages={"vram": age} if age else {},
        )

    def _check_game(self) -> Flow[Snapshot | None]:
        """Notice that another game was started."""
        device = yield from info()
        if device.rom != self._device.rom:
            self._device = device
            if device.in_menu:
                raise HostGoneError(f"{self._info.emulator}: the cartridge shows its menu; start a game")
            try:
                self._take_game((yield from identify(device, self._rom)))
            except HostAbsentError as error:
                raise HostGoneError(str(error)) from error
            self._read_at = [0.0] * len(self._read_at)
        self._next_info = time.monotonic() + INFO_EVERY
        return None

    def _write(self, writes: tuple[Write, ...], receipt: WriteReceipt) -> Flow[Snapshot | None]:
        """Compare, write, and read back. Bytes that are as they are to be already count as expected."""
        for write in writes:
            there = yield from get(write.offset, max(1, len(write.data)))
            if write.expected is not None and there not in (write.expected, write.data):
                receipt.complete(
                    HostError(
                        f"rom {write.offset:#x} does not hold the expected bytes ({there[:8].hex()}..., expected "
                        f"{write.expected[:8].hex()}...); nothing was written"
                    )
                )
                return None
        for write in writes:
            if write.data:
                yield from put(write.offset, write.data)
        for write in writes:
            if write.data and (yield from get(write.offset, len(write.data))) != write.data:
                receipt.complete(
                    HostError(
                        f"rom {write.offset:#x} was not changed by the write; some of the edit may be in the running "
                        "ROM: start the game again"
                    )
                )
                return None
        receipt.complete()
        return None

    def _take_game(self, rom: RomIdentity) -> None:
        device = self._device
        writable: set[MemorySpace] = set()
        if not device.flags & {"NO_ROM_WRITE", "NO_ROM_READ"}:
            writable.add("rom")
        self._info = HostInfo(
            name="usb2snes",
            emulator=f"{self._name} (firmware {device.firmware or 'unknown'})",
            readable=frozenset({"vram", "cgram", "oam", "ppu", "cpu"}),
            writable=frozenset(writable),
            rom=rom,
            capabilities=frozenset({"pushing"}),
        )
        self._next_info = time.monotonic() + INFO_EVERY


def _open(where: Sequence[Place]) -> tuple[Connection, str, DeviceInfo]:
    """Attach to the first cartridge on which a game runs. Raises HostAbsentError."""
    reason = HostAbsentError("")
    for place in where:
        try:
            names = _names(place)
        except HostAbsentError as error:
            reason = reason if str(reason) else error
            continue
        reason = HostAbsentError(
            f"the usb2snes server at {place.url} has no device; connect the console and switch it on"
        )
        for name in names:
            if place.device not in (None, name):
                continue
            try:
                return _attach(Place(place.url, name))
            except HostError as error:
                reason = HostAbsentError(str(error))
        if place.device is not None and place.device not in names:
            reason = HostAbsentError(f"{place}: the server has no such device, but: {', '.join(names) or 'none'}")
    raise reason


def _names(place: Place) -> tuple[str, ...]:
    connection = Connection(place.url)
    try:
        return connection.finish(list_devices())
    except HostGoneError as error:
        raise HostAbsentError(str(error)) from error
    finally:
        connection.close()


def _attach(place: Place) -> tuple[Connection, str, DeviceInfo]:
    """Attach to a device. Raises HostError, which says why it is not a cartridge on which a game runs."""
    assert place.device is not None
    connection = Connection(place.url)
    try:
        device = connection.finish(attach_device(place.device))
        if not is_cartridge(place.device, device):
            raise HostError(
                f"{place.device} ({device.kind}) has ROM, WRAM and save RAM alone: only an FX Pak Pro (sd2snes) keeps "
                "the console's VRAM; attach to an emulator with `halscope attach nwa` or `retroarch`"
            )
        if device.in_menu:
            raise HostAbsentError(f"{place.device}: the cartridge shows its menu; start a game")
    except BaseException:
        connection.close()
        raise
    return connection, place.device, device


def find_devices(address: str | None = None) -> list[FoundEmulator]:
    """Return the devices that can be reached now. Raises UsageError if the address is not one, HostError without the
    package websockets."""
    found = []
    for place in places(address):
        try:
            names = _names(place)
        except HostAbsentError:
            continue
        for name in names:
            if place.device not in (None, name):
                continue
            one = Place(place.url, name)
            try:
                connection, _, device = _attach(one)
            except HostError as error:
                found.append(FoundEmulator(str(one), name, problem=str(error)))
            else:
                connection.close()
                found.append(FoundEmulator(str(one), name, device.rom))
    return found
