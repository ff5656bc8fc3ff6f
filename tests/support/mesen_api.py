"""The functions of Mesen's `emu` table, for the stand-in: what they do with wrong parameters, and what they refuse.

Read in Mesen's `LuaApi.cpp`, `LuaCallHelper.cpp` and `MemoryDumper.cpp`: nil counts as 0, a wrong number of parameters
raises.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final, NamedTuple

from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import HostError, Snapshot, Write
from support.mesen_state import state_of

# Any numbers would do, but they must differ from each other, and 0 is the processor's bus, as in Mesen.
MEMORIES: Final = [
    "snesMemory",
    "spcMemory",
    "sa1Memory",
    "snesPrgRom",
    "snesWorkRam",
    "snesSaveRam",
    "snesVideoRam",
    "snesSpriteRam",
    "snesCgRam",
    "snesRegister",
    "spcRam",
    "sa1InternalRam",
]
EVENTS: Final = ["nmi", "irq", "startFrame", "endFrame", "reset", "scriptEnded", "inputPolled", "stateLoaded"]
KINDS: Final = ["read", "write", "exec"]
BUS: Final = 0
CORE_SPACES: Final = {
    "snesVideoRam": "vram",
    "snesCgRam": "cgram",
    "snesWorkRam": "wram",
    "snesPrgRom": "rom",
    "snesSaveRam": "bwram",
    "sa1InternalRam": "iram",
}


class Callback(NamedTuple):
    kind: int
    start: int
    end: int
    processor: int
    memory: int
    function: Any


class EmuFunctions:
    """The functions, by their names in lower case behind `_emu_`; `StandIn` has the machine."""

    path: Path
    sha1: str
    snapshot: Snapshot
    cpu: dict[str, int]
    mouse: dict[bytes, object]
    drawn: list[tuple[str, tuple[Any, ...]]]
    messages: list[str]
    log: list[str]
    _error: type[Exception]
    _table: Any
    lua_reads: bool
    _images: Any
    """What Lua reads without asking, by the memory's number: a copy, until somebody may have written."""
    _state: dict[bytes, object] | None
    _writes: list[Write]
    _walking: bool
    _callbacks: dict[int, Callback]
    _events: dict[int, dict[int, Any]]
    _references: int
    _at_instruction: bool
    host: EmbeddedHost | LibretroHost

    def fire(self, event: str) -> None:
        """Tell the script of an event."""
        raise NotImplementedError

    def _memory(self, kind: int) -> Any:
        raise NotImplementedError

    def _byte(self, kind: int, address: int) -> int:
        raise NotImplementedError

    def _absolute(self, address: int) -> tuple[int, int] | None:
        raise NotImplementedError

    def _number(self, value: object, default: int = 0) -> int:
        if isinstance(value, bytes):
            try:
                return int(float(value))
            except ValueError:
                return default
        return int(value) & 0xFFFFFFFF if isinstance(value, (int, float)) and value is not True else default

    def _parameters(self, given: tuple[Any, ...], least: int, most: int) -> list[Any]:
        if not least <= len(given) <= most:
            few = "few" if len(given) < least else "many"
            raise self._error(f"too {few} parameters. expected {least} to {most}, got {len(given)}")
        return [*given, *[None] * (most - len(given))]

    def _read(self, size: int, given: tuple[Any, ...]) -> int:
        address, kind, signed = self._parameters(given, 2, 3)
        address, kind = self._number(address), self._number(kind) & 0xFF
        if address >= 1 << 31:
            raise self._error("address must be >= 0")
        data = bytes(self._byte(kind, address + n) for n in range(size))
        return int.from_bytes(data, "little", signed=bool(signed))

    def _emu_read(self, *given: Any) -> int:
        return self._read(1, given)

    def _emu_read16(self, *given: Any) -> int:
        return self._read(2, given)

    def _emu_read32(self, *given: Any) -> int:
        self._parameters(given, 2, 3)
        kind = self._number(given[1]) & 0xFF
        memory = self._memory(kind)
        if memory is not None and self.lua_reads:
            self._images[kind] = memory.tobytes()  # for the next ones, see `_FAST_READ`
        return self._read(4, given)

    def _emu_write(self, *given: Any) -> None:
        address, value, kind = self._parameters(given, 3, 3)
        address, kind = self._number(address), self._number(kind) & 0xFF
        if not isinstance(value, int) or not -128 <= value <= 255:
            raise self._error("value out of range")
        memory = self._memory(kind)
        if memory is None or address >= len(memory):
            return
        name = MEMORIES[kind]
        byte = value & (0x7F if name == "snesCgRam" and address & 1 else 0xFF)
        memory[address] = byte
        self._images[kind] = None
        space = CORE_SPACES.get(name)
        if space is not None:
            self._writes.append(Write(space, address, bytes([byte])))  # type: ignore[arg-type]

    def _emu_get_memory_size(self, *given: Any) -> int:
        (kind,) = self._parameters(given, 1, 1)
        memory = self._memory(self._number(kind))
        return 0 if memory is None else len(memory)

    def _emu_add_memory_callback(self, *given: Any) -> int:
        assert not self._walking, "Mesen's list of callbacks changes while it is walked"
        function, kind, start, end, processor, memory = self._parameters(given, 3, 6)
        if not callable(function):
            raise self._error("callback function could not be found")
        start = self._number(start)
        last = start if end is None else self._number(end)
        if start > last:
            raise self._error("start address must be <= end address")
        kinds = [self._number(one) for one in (kind, processor, memory)]
        if kinds[0] > 2:
            raise self._error("invalid callback type")
        self._references += 1
        self._callbacks[self._references] = Callback(kinds[0], start, last, kinds[1], kinds[2], function)
        return self._references

    def _emu_remove_memory_callback(self, *given: Any) -> None:
        assert not self._walking, "Mesen's list of callbacks changes while it is walked"
        reference, kind, start, end, processor, memory = self._parameters(given, 3, 6)
        start = self._number(start)
        same = (self._number(kind), start, start if end is None else self._number(end), self._number(processor))
        found = self._callbacks.get(self._number(reference))
        if found is not None and found[:5] == (*same, self._number(memory)):
            del self._callbacks[self._number(reference)]

    def _emu_convert_address(self, *given: Any) -> Any:
        address, memory, _ = self._parameters(given, 1, 3)
        if self._number(memory) != BUS or not 0 <= address < 1 << 24:
            raise self._error("address is out of range")
        absolute = self._absolute(address)
        return None if absolute is None else self._table({b"memType": absolute[0], b"address": absolute[1]})

    def _emu_add_event_callback(self, *given: Any) -> int:
        function, event = self._parameters(given, 2, 2)
        if not callable(function):
            raise self._error("callback function could not be found")
        self._references += 1
        self._events.setdefault(self._number(event), {})[self._references] = function
        return self._references

    def _emu_remove_event_callback(self, *given: Any) -> None:
        reference, event = self._parameters(given, 2, 2)
        self._events.get(self._number(event), {}).pop(self._number(reference), None)

    def _emu_get_state(self, *given: Any) -> Any:
        self._parameters(given, 0, 0)
        if self._state is None:
            self._state = state_of(self.snapshot)
        self._state |= {f"cpu.{name}".encode(): value for name, value in self.cpu.items()}
        return self._table(self._state)

    def _emu_get_mouse_state(self, *given: Any) -> Any:
        self._parameters(given, 0, 0)
        return self._table(self.mouse)

    def _emu_get_rom_info(self, *given: Any) -> Any:
        self._parameters(given, 0, 0)
        sha1 = self.sha1 or hashlib.sha1(self.path.read_bytes(), usedforsecurity=False).hexdigest().upper()
        return self._table(
            {
                b"name": self.path.name.encode(),
                b"path": str(self.path).encode(),
                b"fileSha1Hash": sha1.encode(),
            }
        )

    def _emu_draw_rectangle(self, *given: Any) -> None:
        self.drawn.append(("rectangle", tuple(self._parameters(given, 4, 8))))

    def _emu_draw_string(self, *given: Any) -> None:
        self.drawn.append(("string", tuple(self._parameters(given, 3, 8))))

    def _emu_display_message(self, *given: Any) -> None:
        _, message = self._parameters(given, 2, 2)
        self.messages.append(message.decode())

    def _emu_log(self, *given: Any) -> None:
        (message,) = self._parameters(given, 1, 1)
        self.log.append(message.decode())

    def _emu_create_savestate(self, *_: Any) -> bytes:
        self._need_instruction()
        return self.host.save_state()

    def _emu_load_savestate(self, *given: Any) -> bool:
        (state,) = self._parameters(given, 1, 1)
        self._need_instruction()
        try:
            self.host.load_state(state)
        except HostError:
            return False
        self.fire("stateLoaded")
        return True

    def _need_instruction(self) -> None:
        if not self._at_instruction:
            raise self._error("This function must be called inside an exec memory operation callback for the main CPU")

    def _emu_reset(self, *given: Any) -> None:
        self._parameters(given, 0, 0)
        self.host.reset()
        self.fire("reset")


def camel(name: str) -> str:
    """Return a name as Mesen spells it."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


FUNCTIONS: Final = [name.removeprefix("_emu_") for name in vars(EmuFunctions) if name.startswith("_emu_")]
