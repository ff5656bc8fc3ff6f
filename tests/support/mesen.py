"""A stand-in for Mesen: the script in a real Lua 5.4, with an `emu` table that behaves as Mesen's does, traps included.

Behind it runs a real core, one frame per `run_frame`; VRAM, CGRAM, OAM, WRAM, the ROM and the registers are the core's.
What no libretro core has, memory callbacks, is fired by the test: `write_register` is a write of the game.

What `emu` does was read in Mesen's `LuaApi.cpp`, `LuaCallHelper.cpp`, `ScriptingContext.cpp`, `MemoryDumper.cpp` and
`SnesPpu.cpp`: parameters are read from the last to the first, nil counts as 0, CGRAM keeps 15 bits, and so on.
`python -m support.mesen ROM [SECONDS]` runs one by itself, until it is killed.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pytest
from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import LibretroHost
from halscope.hosts.mesen2 import Listener, script_path
from halscope_hooks import Snapshot, Write
from support.mesen_api import BUS, EVENTS, FUNCTIONS, KINDS, MEMORIES, Callback, EmuFunctions, camel

_LUA_SOCKET: Final = Path("/usr/lib/x86_64-linux-gnu/lua/5.4/socket/core.so")


def can_run_scripts() -> bool:
    """Whether there is a Lua with sockets."""
    return _LUA_SOCKET.exists() and importlib.util.find_spec("lupa") is not None


needs_lua = pytest.mark.skipif(
    not can_run_scripts(),
    reason="needs the package lua-socket of Debian or Ubuntu, and lupa",
)


def close_listener() -> None:
    """Let no more emulators connect to this process, whoever uses its listener. Those that have connected go on."""
    with Listener._guard:
        if Listener._shared is not None:
            Listener._shared.close()
        Listener._shared, Listener._users = None, 0


_CPU: Final = {"a": 0, "x": 0, "y": 0, "dbr": 0x7F, "d": 0, "k": 0, "pc": 0x8000, "sp": 0x1FF0}


# A frame has thousands of calls of `read32`, and a call from Lua to Python takes longer than all the rest: where the
# parameters are ordinary ones, Lua reads by itself.
_FAST_READ: Final = b"""
local images, other = ...
local number = 0
local function read(...)
  local address, kind = ...
  if select("#", ...) == 2 and math.type(address) == "integer" and math.type(kind) == "integer" and address >= 0 then
    local image = images[kind & 0xFF]
    if image and address + 4 <= #image then
      number = number + 1
      return (string.unpack("<I4", image, address + 1))
    end
  end
  return other(...)
end
local function forget()
  local read = number
  for kind in pairs(images) do images[kind] = nil end
  number = 0
  return read
end
return read, forget
"""


class ScriptError(AssertionError):
    """The script has stopped, or one of its callbacks has raised an error: Mesen would write it in its log."""


class StandIn(EmuFunctions):
    """Mesen with the script and a game.

    Args:
        rom: The game.
        own_process: Whether the core runs in a process of its own; only one core of a kind can run in this one.
        allow_io: Whether scripts may use files.
        allow_network: Whether scripts may use sockets.
        beside: The folder in which the script's `require` looks; by default that of the script.
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
        beside: Path | None = None,
        edition: str = "MesenCE",
        core: str = "snes9x",
    ) -> None:
        self.path = rom
        self.edition = edition
        self._beside = script_path().parent if beside is None else beside
        self.host = (EmbeddedHost if own_process else LibretroHost)(rom, core)
        self.rom = np.fromfile(rom, np.uint8)
        self.calls: Counter[str] = Counter()
        """Calls of each `emu` function since the last `calls.clear()`."""
        self.lua_reads = True
        """Whether Lua reads by itself, see `_FAST_READ`; it does so from copies in the memory that the script uses."""
        self.mouse: dict[bytes, object] = {b"x": -1, b"y": -1, b"left": False, b"right": False, b"middle": False}
        self.drawn: list[tuple[str, tuple[Any, ...]]] = []
        self.sha1 = ""
        self.messages: list[str] = []
        self.log: list[str] = []
        self.dma = np.full(0x80, 0xFF, np.uint8)
        """$4300 to $437F as the processor reads them."""
        self.cpu: dict[str, int] = {}
        self.bus: dict[int, int] = {}
        """Bytes that the processor reads at 24-bit addresses, where they are not those of the core."""
        self._at_instruction = False
        self._walking = False  # Mesen walks its list of callbacks, which must not change meanwhile
        self._callbacks: dict[int, Callback] = {}
        self._events: dict[int, dict[int, Any]] = {}
        self._references = 0
        self._ready = False
        self._forget: Any = None
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
        self._access("exec", 0x008000, 0)  # the first instruction of the frame
        self.snapshot = self.host.step()
        self._copy()
        if before_end is not None:
            before_end()
        self.fire("endFrame")
        return self.snapshot

    def fire(self, event: str) -> None:
        """Tell the script of an event."""
        for function in list(self._events.get(EVENTS.index(event), {}).values()):
            self._call(function, 0)

    def write_register(self, address: int, value: int) -> None:
        """Have the game write a register, through any mirror: the script's callbacks are called before the write."""
        self._access("write", address, value)
        register = address & 0xFFFF
        if 0x4300 <= register < 0x4380:
            self.dma[register - 0x4300] = value

    def execute(self, address: int, *, stack: bytes, direct: dict[int, bytes], **registers: int) -> None:
        """Have the game execute its routine at an address of the ROM.

        Args:
            address: 24-bit address.
            stack: What the call has pushed, from the top of the stack.
            direct: Bytes in the direct page, by their offset.
            registers: Registers of the processor, by Mesen's names.
        """
        self.cpu = {**_CPU, "k": address >> 16, "pc": address & 0xFFFF, **registers}
        self.bus = {0x1FF1 + n: byte for n, byte in enumerate(stack)}
        for at, data in direct.items():
            self.bus |= {at + n: byte for n, byte in enumerate(data)}
        self._access("exec", address, 0)

    def read_rom(self, address: int) -> None:
        """Have the game read a byte of the ROM at a 24-bit address."""
        self._access("read", address, 0)

    def write_wram(self, address: int, pc: int) -> None:
        """Have the game's code at `pc` write a byte of WRAM at a 24-bit address."""
        self.cpu = {**_CPU, "k": pc >> 16, "pc": pc & 0xFFFF}
        self._access("write", address, 0)

    def transfer(
        self,
        vram_word: int,
        size: int,
        *,
        bank: int = 0x00,
        mode: int = 1,
        vmain: int = 0x80,
        source: int | None = None,
    ) -> None:
        """Have the game start DMA to VRAM on channel 1: the registers that it writes, and $420B in a bank of choice."""
        if source is not None:
            for n in range(3):
                self.write_register(bank << 16 | 0x4312 + n, source >> 8 * n & 0xFF)
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

    def lose_vram(self) -> None:
        """Be another console, without the SNES's VRAM, until the next frame."""
        del self.memories["snesVideoRam"]

    def transfer_all(self) -> None:
        """Have the game start DMA to the whole of VRAM."""
        self.transfer(0, 0)

    def close(self) -> None:
        """End the emulator: without a reference left, Lua is closed, and the script's sockets with it. Idempotent."""
        self._callbacks.clear()
        self._events.clear()
        self.lua = self._table = self._images = self._forget = None
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
        if snapshot.bwram is not None and snapshot.iram is not None:
            self.memories |= {"snesSaveRam": snapshot.bwram.copy(), "sa1InternalRam": snapshot.iram.copy()}
        self._state: dict[bytes, object] | None = None

    def _memory(self, kind: int) -> Any:
        if not 0 <= kind < len(MEMORIES):
            raise self._error("invalid memory type")
        return self.memories.get(MEMORIES[kind])

    def _byte(self, kind: int, address: int) -> int:
        if kind == BUS:
            register = address & 0xFFFF
            if address >> 16 & 0x7F < 0x40 and 0x4300 <= register < 0x4380:
                return int(self.dma[register - 0x4300])
            if address in self.bus:
                return self.bus[address]
            absolute = self._absolute(address)
            return self._byte(*absolute) if absolute is not None else 0
        memory = self._memory(kind)
        return int(memory[address]) if memory is not None and address < len(memory) else 0

    # -- Lua

    def _runtime(self, *, allow_io: bool, allow_network: bool) -> Any:
        import lupa

        with lupa.allow_lua_module_loading():
            from lupa import lua54
        runtime = lua54.LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False)
        self._error = lua54.LuaError
        runtime.execute(f"package.path = '{self._beside}/?.lua' package.cpath = ''".encode())
        if allow_network:
            # Mesen has the C part alone, under this name.
            loader = f"package.preload['socket.core'] = package.loadlib('{_LUA_SOCKET}', 'luaopen_socket_core')"
            runtime.execute(loader.encode())
        if not allow_io:
            runtime.execute(b"io, os, package, require = nil, nil, nil, nil")
        return runtime

    def _load(self) -> None:
        functions = {camel(name): getattr(self, f"_emu_{name}") for name in FUNCTIONS}
        if self.edition == "MesenCE":
            functions["getCpuState"] = lambda *_: self._table({name.encode(): n for name, n in self.cpu.items()})
        counted = {name.encode(): self._counted(name, function) for name, function in functions.items()}
        memories = {name.encode(): number for number, name in enumerate(MEMORIES)}
        for name in ("snes", "spc", "sa1"):
            memories[f"{name}Debug".encode()] = memories[f"{name}Memory".encode()] | 0x100
        tables = {
            "memType": memories,
            "callbackType": {name.encode(): number for number, name in enumerate(KINDS)},
            "cpuType": {b"snes": 0, b"spc": 1, b"sa1": 3},
            "eventType": {name.encode(): number for number, name in enumerate(EVENTS)},
        }
        for name, values in tables.items():
            counted[name.encode()] = self._table(values)
        self._images = self._table({})
        counted[b"read32"], self._forget = self.lua.execute(_FAST_READ, self._images, counted[b"read32"])
        self.lua.globals()[b"emu"] = self._table(counted)
        self.lua.execute(script_path().read_bytes())
        self._ready = True

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls[name] += 1
            return function(*arguments)

        return call

    def _call(self, function: Any, *arguments: int) -> Any:
        forget = self._forget
        forget()  # a test may have written to a memory meanwhile
        try:
            return function(*arguments)
        except self._error as error:
            self.log.append(str(error))
            raise ScriptError(str(error)) from error
        finally:
            if fast := forget():
                self.calls["read32"] += fast

    def _absolute(self, address: int) -> tuple[int, int] | None:
        """The memory and offset that an address of the processor means, on a LoROM board."""
        bank, low = address >> 16 & 0xFF, address & 0xFFFF
        if bank & 0xFE == 0x7E:
            return MEMORIES.index("snesWorkRam"), address & 0x1FFFF
        if bank & 0xF0 == 0x40 and (bwram := self.memories.get("snesSaveRam")) is not None:
            return MEMORIES.index("snesSaveRam"), (address & 0xFFFFF) % len(bwram)
        if low & 0x8000:
            return MEMORIES.index("snesPrgRom"), (bank & 0x7F) * 0x8000 + (low & 0x7FFF)
        if bank & 0x7F >= 0x40:
            return None
        if low < 0x2000:
            return MEMORIES.index("snesWorkRam"), low
        return MEMORIES.index("snesRegister"), low

    def _access(self, kind: str, address: int, value: int) -> None:
        """Call the script's callbacks for an access of the processor. They get the processor's address."""
        absolute = self._absolute(address)
        for one in list(self._callbacks.values()):
            where = address if one.memory == BUS else absolute[1] if absolute and absolute[0] == one.memory else -1
            if one.kind == KINDS.index(kind) and one.processor == 0 and one.start <= where <= one.end:
                self.calls["callback"] += 1
                self._walking, self._at_instruction = True, kind == "exec"
                try:
                    self._call(one.function, address, value)
                finally:
                    self._walking = self._at_instruction = False


def main(rom: str, pause: float = 0.004) -> None:
    """Run until killed, with a pause in seconds after each frame; by default four times as fast as the console."""
    with StandIn(Path(rom)) as emulator:
        while True:
            emulator.run_frame()
            time.sleep(pause)


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
