"""NwaHost: an emulator that speaks the Emulator Network Access protocol; Halscope asks it for one frame after another.

The protocol has no event for a frame. Halscope asks for one at a time, at most sixty a second, and leaves the emulator
as long a pause as it took to answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from halscope_hooks import (
    Capability,
    HostAbsentError,
    HostError,
    HostGoneError,
    HostInfo,
    MemorySpace,
    Snapshot,
    Write,
    WriteReceipt,
)

from halscope.formats import containers
from halscope.hosts._claims import Claim
from halscope.hosts._receipts import OpenReceipts
from halscope.hosts.nwa._addresses import candidates
from halscope.hosts.nwa._connection import Connection, checked
from halscope.hosts.nwa._discovery import INTRODUCTION_WAIT, absent, connect
from halscope.hosts.nwa._emulator import (
    SPACES,
    Emulator,
    Loaded,
    Status,
    ask_game,
    introduce,
    read_status,
    refuse_other_console,
)
from halscope.hosts.nwa._identity import identify, read_rom
from halscope.hosts.nwa._reading import Reader, reader_for
from halscope.hosts.nwa._replies import Reply
from halscope.hosts.nwa._rom_watch import EVERY, RomWatch
from halscope.hosts.nwa._writing import Writing, check_writes

FRAME: Final = 1 / 60
PAUSED_WAIT: Final = 0.1
"""Seconds between two questions whether a paused emulator, or one without a game, goes on."""
_BLIND_AFTER: Final = 10
"""Frames in a row that cannot be read, after which the log says why: about a second."""
_logger = logging.getLogger("halscope.hosts.nwa")


class NwaHost:
    """A Host (see `halscope_hooks.Host`) that attaches to a running emulator; pushing.

    It is paced if the emulator can be paused, and stateful if the emulator sends and takes states.

    Args:
        address: "HOST:PORT", "HOST", ":PORT", or `None` for the protocol's ports on this machine.
        obsel: The value of $2101, for an emulator that cannot tell it.
        rom: The ROM that the user says it runs, or `None`.
        exclusive: Whether no other exclusive host of this user may be attached to the emulator.

    Raises:
        UsageError: The address is not one.
        HostAbsentError: No emulator answers there, or it has no game.
        HostError: The emulator cannot show its sprites, or another Halscope has it.
    """

    _connection: Connection
    _emulator: Emulator
    _loaded: Loaded
    _rom_watch: RomWatch | None

    def __init__(
        self,
        address: str | None = None,
        *,
        obsel: int | None = None,
        rom: Path | None = None,
        exclusive: bool = False,
    ) -> None:
        places = candidates(address)
        self._exclusive = exclusive
        self._claim: Claim | None = None
        self._obsel, self._rom = obsel, rom
        self._frame = 0
        self._ready: Snapshot | None = None
        self._asked = False
        self._next = 0.0
        self._paused_seen = False
        self._dirty = False  # whether a paused game was written into
        self._changed = False  # whether the emulator has loaded another game
        self._rom_differs = False  # whether the ROM does not hold the bytes any more that it held
        self._next_look = 0.0
        self._open = OpenReceipts()
        self._unreadable = 0  # frames in a row that could not be read
        problem: HostError = absent(places)
        connections = connect(places)
        try:
            for connection in connections:
                try:
                    self._attach(connection)
                except HostError as error:
                    if isinstance(problem, HostAbsentError):
                        problem = error
                    continue
                connections.remove(connection)
                return
        finally:
            for connection in connections:
                connection.close()
        raise HostAbsentError(str(problem)) if isinstance(problem, HostGoneError) else problem

    @property
    def info(self) -> HostInfo:
        """The emulator, what it runs, and the memories that can be read and written."""
        return self._info

    @property
    def address(self) -> str:
        """Where the emulator listens, as "HOST:PORT"."""
        return self._connection.name

    def poll(self, timeout: float) -> Snapshot | None:
        """Return the next frame, or `None` if none came within `timeout` seconds.

        Raises:
            HostGoneError: The emulator has gone.
            HostError: The game that it has loaded cannot be shown.
        """
        with self._open.while_linked():
            return self._poll(timeout)

    def _poll(self, timeout: float) -> Snapshot | None:
        until = time.monotonic() + timeout
        while self._ready is None:
            now = time.monotonic()
            if not self._asked and now >= self._next:
                self._ask_frame(now)
            wake = until if self._asked else min(until, self._next)
            self._connection.work(wake - now)
            if self._changed:
                self._changed = False
                self._look_at_game()
            if self._rom_differs:
                self._rom_differs = False
                self._look_at_rom()
            if time.monotonic() >= until:
                break
        snapshot, self._ready = self._ready, None
        return snapshot

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Write into the running game; the receipt completes in a later `poll`.

        All writes are compared with what is there first. If the emulator refuses one, the others are undone.

        Raises:
            HostError: A memory is not writable, or an offset is outside it.
        """
        check_writes(writes, self._loaded.memories, self._info.emulator)
        receipt = self._open.new()
        reload = self._reloads and any(write.space == "vram" for write in writes)

        def done(error: HostError | None) -> None:
            if error is None and self._rom_watch is not None:
                self._rom_watch.wrote(writes)
            if reload and error is None:
                self._reload_state(receipt)
            else:
                self._complete(receipt, error)

        Writing(tuple(writes), done).begin(self._connection)
        return receipt

    def pause(self) -> None:
        """Pause the emulation. Idempotent. Raises HostError."""
        self._do("EMULATION_PAUSE")

    def resume(self) -> None:
        """Resume the emulation. Idempotent. Raises HostError."""
        self._do("EMULATION_RESUME")

    def step_frame(self) -> None:
        """Raise HostError: the protocol has no command for a single frame."""
        raise HostError(f"{self._info.emulator}: the protocol cannot run a single frame; use the emulator's own key")

    def set_speed(self, factor: float) -> None:
        """Raise HostError: the protocol has no command for the speed."""
        raise HostError(
            f"{self._info.emulator}: the protocol cannot set the speed ({factor:g}); use the emulator's menu"
        )

    def reset(self) -> None:
        """Press the console's reset button. Raises HostError."""
        self._do("EMULATION_RESET")

    def save_state(self) -> bytes:
        """Return the emulator's state. Raises HostError."""
        command = "SAVE_STATE_TO_NETWORK"
        with self._open.while_linked():
            block = checked(self._connection.ask(command, most=containers.MOST_BYTES), command).block
        if not block:
            raise HostError(f"{self._info.emulator}: it sent an empty state")
        return block

    def load_state(self, state: bytes) -> None:
        """Restore a state that `save_state` returned. Raises HostError."""
        self._do("bLOAD_STATE_FROM_NETWORK", state)

    def close(self) -> None:
        """Close the connection; the emulator goes on, and open receipts complete with an error. Idempotent."""
        self._connection.close()
        self._open.close(self._info.emulator)
        if self._claim is not None:
            self._claim.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attach(self, connection: Connection) -> None:
        """Learn what is at the other end. Raises HostError."""
        self._emulator = introduce(connection, INTRODUCTION_WAIT)
        refuse_other_console(self._emulator, connection.name)
        self._connection = connection
        if self._exclusive:
            self._claim = Claim("nwa", connection.peer, f"{self._emulator.name} at {connection.name}")
        try:
            self._take_game(ask_game(connection, self._emulator))
        except BaseException:
            if self._claim is not None:
                self._claim.close()
            raise

    def _look_at_game(self) -> None:
        """Learn what another game offers."""
        try:
            self._take_game(ask_game(self._connection, self._emulator))
        except HostAbsentError:  # it is out again already
            self._loaded = replace(self._loaded, status=Status("no_game", ""))

    def _look_at_rom(self) -> None:
        """Learn what has changed the running ROM. Raises HostGoneError if it lost the edits: attaching brings them."""
        watch, image = self._rom_watch, read_rom(self._connection, self._loaded)
        if watch is None or not image:
            return
        # Its file tells a rebuilt ROM from one that another Halscope edits.
        named = self._loaded.file
        file = Path(named) if self._rom is None and named is not None else self._rom
        if identify(image, self._loaded, file).sha256 != self._info.rom.sha256:
            self._take_game(self._loaded)
        elif watch.lacks_writes(image):
            self._connection.close()
            raise HostGoneError(f"{self._info.emulator} has loaded its game again, without the edits; attach again")
        else:
            watch.accept(image)

    def _take_game(self, loaded: Loaded) -> None:
        connection, emulator = self._connection, self._emulator
        self._reader: Reader = reader_for(connection, emulator, loaded, self._obsel)
        self._loaded = loaded
        can_write = emulator.can("CORE_WRITE") and emulator.can("CORE_READ")
        writable: set[MemorySpace] = {
            SPACES[memory.name]
            for memory in loaded.memories.values()
            if can_write and memory.writable and memory.readable
        }
        capabilities: set[Capability] = {"pushing"}
        if emulator.can("EMULATION_PAUSE", "EMULATION_RESUME"):
            capabilities.add("paced")
        takes_states = emulator.can("SAVE_STATE_TO_NETWORK", "LOAD_STATE_FROM_NETWORK")
        if takes_states and emulator.can("EMULATION_RESET"):
            capabilities.add("stateful")
        # snes9x and two profiles of bsnes keep decoded tiles, and drop them when a state is loaded.
        self._reloads = takes_states
        image = read_rom(connection, loaded)
        self._rom_watch = RomWatch(image) if image else None
        self._info = HostInfo(
            name="nwa",
            emulator=emulator.name,
            readable=self._reader.readable | ({"rom"} if loaded.readable("CARTROM") else frozenset()),
            writable=frozenset(writable),
            rom=identify(image, loaded, self._rom),
            capabilities=frozenset(capabilities),
        )
        self._paused_seen = False

    def _ask_frame(self, began: float) -> None:
        """Ask what the emulator does, and for a frame if it runs."""
        self._asked = True

        def status(reply: Reply) -> None:
            found = read_status(reply) if reply.error is None else self._loaded.status
            before = self._loaded.status
            self._changed = found.has_game and (found.game != before.game or not before.has_game)
            self._loaded = replace(self._loaded, status=found)
            paused = found.state == "paused"
            if self._changed or not found.has_game or (paused and self._paused_seen and not self._dirty):
                self._rest(began, PAUSED_WAIT)
            else:
                self._paused_seen, self._dirty = paused, False
                self._look_for_changes(began)
                self._reader.read(self._connection, frame)

        def frame(found: Snapshot | HostError) -> None:
            if isinstance(found, Snapshot):
                self._unreadable = 0
                self._ready = replace(found, frame=self._frame, rom=self._info.rom)
                self._frame += 1
                self._rest(began, FRAME)
                return
            self._paused_seen = False  # a paused one is asked again too
            self._unreadable += 1
            if self._unreadable == _BLIND_AFTER:
                _logger.warning("%s runs, and its frames cannot be read: %s", self._info.emulator, found)
            self._rest(began, PAUSED_WAIT)

        self._connection.send("EMULATION_STATUS", status)

    def _look_for_changes(self, now: float) -> None:
        watch = self._rom_watch
        if watch is None or now < self._next_look:
            return
        self._next_look = now + EVERY

        def differs() -> None:
            self._rom_differs = self._rom_watch is watch  # else another game was loaded meanwhile

        watch.look(self._connection, differs)

    def _rest(self, began: float, pause: float) -> None:
        """Ask again after a pause, which is at least as long as the emulator took to answer."""
        now = time.monotonic()
        self._asked = False
        self._next = max(began + pause, now + (now - began))

    def _reload_state(self, receipt: WriteReceipt) -> None:
        """Save the state and load it again, so that the emulator decodes its tiles anew; then complete the receipt."""

        def saved(reply: Reply) -> None:
            if reply.block:
                self._connection.send("bLOAD_STATE_FROM_NETWORK", lambda _: self._complete(receipt), block=reply.block)
            else:
                self._complete(receipt)

        self._connection.send("SAVE_STATE_TO_NETWORK", saved, most=containers.MOST_BYTES)

    def _complete(self, receipt: WriteReceipt, error: HostError | None = None) -> None:
        receipt.complete(error)
        self._dirty = True  # the next frame shows the write, also while the game is paused

    def _do(self, command: str, block: bytes | None = None) -> None:
        if not self._emulator.can(command.removeprefix("b")):
            raise HostError(f"{self._info.emulator}: it does not implement {command}")
        with self._open.while_linked():
            checked(self._connection.ask(command, block=block), command)
