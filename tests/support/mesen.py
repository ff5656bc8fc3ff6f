"""A stand-in for Mesen: the script in a real Lua 5.4, with an `emu` table that behaves as Mesen's does, traps included.

Behind it runs a real core, one frame per `run_frame`; VRAM, CGRAM, OAM, WRAM, the ROM and the registers are the core's.
What no libretro core has, memory callbacks, is fired by the test: `write_register` is a write of the game.

What `emu` does was read in Mesen's `LuaApi.cpp`, `LuaCallHelper.cpp`, `ScriptingContext.cpp`, `MemoryDumper.cpp` and
`SnesPpu.cpp`: parameters are read from the last to the first, nil counts as 0, CGRAM keeps 15 bits, and so on.
`python -m support.mesen ROM` runs one by itself, until it is killed.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pytest
from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import LibretroHost
from halscope.hosts.mesen2 import script_path
from halscope_hooks import Snapshot, Write
from support.mesen_state import state_of

_LUA_SOCKET: Final = Path("/usr/lib/x86_64-linux-gnu/lua/5.4/socket/core.so")
needs_lua = pytest.mark.skipif(
    not _LUA_SOCKET.exists() or importlib.util.find_spec("lupa") is None,
    reason="needs the package lua-socket of Debian or Ubuntu, and lupa",
)

# Any numbers would do, but they must differ from each other, and 0 is the processor's bus, as in Mesen.
_MEMORIES: Final = [
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
_EVENTS: Final = ["nmi", "irq", "startFrame", "endFrame", "reset", "scriptEnded", "inputPolled", "stateLoaded"]
_BUS: Final = 0


class _Callback(NamedTuple):
    kind: int
    start: int
    end: int
    processor: int
    memory: int
    function: Any


class ScriptError(AssertionError):
    """The script has stopped, or one of its callbacks has raised an error: Mesen would write it in its log."""


class StandIn:
    """Mesen with the script and a game.

    Args:
        rom: The game.
        own_process: Whether the core runs in a process of its own; only one core of a kind can run in this one.
        allow_io: Whether scripts may use files.
        allow_network: Whether scripts may use sockets.
        edition: "MesenCE" or "Mesen 2".
        core: The core's name.
    """

    def __init__(
        self,
        rom: Path,
        *,
        own_process: bool = False,
        allow_io: bool = True,
        allow_network: bool = True,
        edition: str = "MesenCE",
        core: str = "snes9x",
    ) -> None:
        self.path = rom
        self.edition = edition
        self.host = (EmbeddedHost if own_process else LibretroHost)(rom, core)
        self.rom = np.fromfile(rom, np.uint8)
        self.calls: Counter[str] = Counter()
        """Calls of each `emu` function since the last `calls.clear()`."""
        self.mouse: dict[bytes, object] = {b"x": -1, b"y": -1, b"left": False, b"right": False, b"middle": False}
        self.drawn: list[tuple[str, tuple[Any, ...]]] = []
        self.sha1 = ""
        self.messages: list[str] = []
        self.log: list[str] = []
        self.dma = np.full(0x80, 0xFF, np.uint8)
        """$4300 to $437F as the processor reads them."""
        self._callbacks: dict[int, _Callback] = {}
        self._events: dict[int, dict[int, Any]] = {}
        self._references = 0
        self._ready = False
        self._writes: list[Write] = []
        self.snapshot = self.host.step()
        self._copy()
        self.lua: Any = self._runtime(allow_io=allow_io, allow_network=allow_network)
        self._table: Any = self.lua.table_from
        self._load()

    def run_frame(self, before_end: Callable[[], None] | None = None) -> Snapshot:
        """Run the game to the end of its frame, and the script there. Return the core's own state.

        Args:
            before_end: Called when the frame has run and before the script sees its end: the game's writes.
        """
        if self._writes:
            self.host.write(self._writes)
            self._writes = []
        self.snapshot = self.host.step()
        self._copy()
        if before_end is not None:
            before_end()
        self.fire("endFrame")
        return self.snapshot

    def fire(self, event: str) -> None:
        """Tell the script of an event."""
        for function in list(self._events.get(_EVENTS.index(event), {}).values()):
            self._call(function, 0)

    def write_register(self, address: int, value: int) -> None:
        """Have the game write a register, through any mirror: the script's callbacks are called before the write."""
        self._write_event(address, value)
        register = address & 0xFFFF
        if 0x4300 <= register < 0x4380:
            self.dma[register - 0x4300] = value

    def execute(self, caller: int, stream: int) -> None:
        """Have the game call its decoder."""

    def transfer(self, vram_word: int, size: int, *, bank: int = 0x00, mode: int = 1, vmain: int = 0x80) -> None:
        """Have the game start DMA to VRAM on channel 1: the registers that it writes, and $420B in a bank of choice."""
        for address, value in (
            (0x2115, vmain),
            (0x2116, vram_word & 0xFF),
            (0x2117, vram_word >> 8),
            (0x4310, mode),
            (0x4311, 0x18),
            (0x4315, size & 0xFF),
            (0x4316, size >> 8 & 0xFF),
            (0x420B, 0x02),
        ):
            self.write_register(bank << 16 | address, value)

    def transfer_all(self) -> None:
        """Have the game start DMA to the whole of VRAM."""
        self.transfer(0, 0)

    def close(self) -> None:
        """End the emulator: without a reference left, Lua is closed, and the script's sockets with it. Idempotent."""
        self._callbacks.clear()
        self._events.clear()
        self.lua = self._table = None
        gc.collect()
        self.host.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the machine

    def _copy(self) -> None:
        snapshot = self.snapshot
        assert snapshot.wram is not None
        self.memories = {
            "snesVideoRam": snapshot.vram.copy(),
            "snesCgRam": snapshot.cgram.astype("<u2").view(np.uint8).copy(),
            "snesSpriteRam": snapshot.oam.copy(),
            "snesWorkRam": snapshot.wram.copy(),
            "snesPrgRom": self.rom,
        }
        self._state: dict[bytes, object] | None = None

    def _memory(self, kind: int) -> Any:
        if not 0 <= kind < len(_MEMORIES):
            raise self._error("invalid memory type")
        return self.memories.get(_MEMORIES[kind])

    def _byte(self, kind: int, address: int) -> int:
        if kind == _BUS:
            register = address & 0xFFFF
            assert address >> 16 & 0x7F < 0x40, "only registers are read from the bus here"
            return int(self.dma[register - 0x4300]) if 0x4300 <= register < 0x4380 else 0
        memory = self._memory(kind)
        return int(memory[address]) if memory is not None and address < len(memory) else 0

    # -- Lua

    def _runtime(self, *, allow_io: bool, allow_network: bool) -> Any:
        import lupa

        with lupa.allow_lua_module_loading():
            from lupa import lua54
        runtime = lua54.LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False)
        self._error = lua54.LuaError
        folder = str(script_path().parent)
        runtime.execute(f"package.path = '{folder}/?.lua' package.cpath = ''".encode())
        if allow_network:
            # Mesen has the C part alone, under this name.
            loader = f"package.preload['socket.core'] = package.loadlib('{_LUA_SOCKET}', 'luaopen_socket_core')"
            runtime.execute(loader.encode())
        if not allow_io:
            runtime.execute(b"io, os, package, require = nil, nil, nil, nil")
        return runtime

    def _load(self) -> None:
        functions = {_camel(name): getattr(self, f"_emu_{name}") for name in _FUNCTIONS}
        if self.edition == "MesenCE":
            functions["getCpuState"] = lambda *_: self._table({})
        counted = {name.encode(): self._counted(name, function) for name, function in functions.items()}
        memories = {name.encode(): number for number, name in enumerate(_MEMORIES)}
        for name in ("snes", "spc", "sa1"):
            memories[f"{name}Debug".encode()] = memories[f"{name}Memory".encode()] | 0x100
        tables = {
            "memType": memories,
            "callbackType": {b"read": 0, b"write": 1, b"exec": 2},
            "cpuType": {b"snes": 0, b"spc": 1, b"sa1": 3},
            "eventType": {name.encode(): number for number, name in enumerate(_EVENTS)},
        }
        for name, values in tables.items():
            counted[name.encode()] = self._table(values)
        self.lua.globals()[b"emu"] = self._table(counted)
        self.lua.execute(script_path().read_bytes())
        self._ready = True

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls[name] += 1
            return function(*arguments)

        return call

    def _call(self, function: Any, *arguments: int) -> Any:
        try:
            return function(*arguments)
        except self._error as error:
            self.log.append(str(error))
            raise ScriptError(str(error)) from error

    def _write_event(self, address: int, value: int) -> None:
        for one in list(self._callbacks.values()):
            if one.kind != 1 or one.processor != 0:
                continue
            where = address if one.memory == _BUS else address & 0xFFFF
            if one.memory in (_BUS, _MEMORIES.index("snesRegister")) and one.start <= where <= one.end:
                self.calls["callback"] += 1
                self._call(one.function, address, value)

    # -- the functions of `emu`; wrong numbers of parameters raise, nil is 0

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
        address, kind = self._number(given[0]), self._number(given[1]) & 0xFF
        memory = self._memory(kind)
        if memory is not None and address + 4 <= len(memory):  # the fast way: thousands of calls a frame
            return int.from_bytes(memory[address : address + 4].tobytes(), "little")
        return self._read(4, given)

    def _emu_write(self, *given: Any) -> None:
        address, value, kind = self._parameters(given, 3, 3)
        address, kind = self._number(address), self._number(kind) & 0xFF
        if not isinstance(value, int) or not -128 <= value <= 255:
            raise self._error("value out of range")
        memory = self._memory(kind)
        if memory is None or address >= len(memory):
            return
        name = _MEMORIES[kind]
        byte = value & (0x7F if name == "snesCgRam" and address & 1 else 0xFF)
        memory[address] = byte
        space = _CORE_SPACES.get(name)
        if space is not None:
            self._writes.append(Write(space, address, bytes([byte])))  # type: ignore[arg-type]

    def _emu_get_memory_size(self, *given: Any) -> int:
        (kind,) = self._parameters(given, 1, 1)
        memory = self._memory(self._number(kind))
        return 0 if memory is None else len(memory)

    def _emu_add_memory_callback(self, *given: Any) -> int:
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
        self._callbacks[self._references] = _Callback(kinds[0], start, last, kinds[1], kinds[2], function)
        return self._references

    def _emu_remove_memory_callback(self, *given: Any) -> None:
        reference, kind, start, end, processor, memory = self._parameters(given, 3, 6)
        start = self._number(start)
        same = (self._number(kind), start, start if end is None else self._number(end), self._number(processor))
        found = self._callbacks.get(self._number(reference))
        if found is not None and found[:5] == (*same, self._number(memory)):
            del self._callbacks[self._number(reference)]

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

    def _emu_create_savestate(self, *_: Any) -> None:
        raise self._error("This function must be called inside an exec memory operation callback for the main CPU")

    def _emu_load_savestate(self, *given: Any) -> None:
        self._emu_create_savestate(*given)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


_FUNCTIONS: Final = [name.removeprefix("_emu_") for name in vars(StandIn) if name.startswith("_emu_")]
_CORE_SPACES: Final = {"snesVideoRam": "vram", "snesCgRam": "cgram", "snesWorkRam": "wram", "snesPrgRom": "rom"}


def main(rom: str) -> None:
    """Run until killed, at about four times the console's speed."""
    with StandIn(Path(rom)) as emulator:
        while True:
            emulator.run_frame()
            time.sleep(0.004)


if __name__ == "__main__":
    main(sys.argv[1])
