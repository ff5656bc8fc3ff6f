"""Every host, and every kind of file, with the demo game at one moment: how each is opened, and what it cannot know.

The reference is snes9x in process. A row opens a host or files and yields a `View`: a snapshot of the moment, and one
of a moment soon after it, when the game's tiles have been written into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from halscope.demo import truth
from halscope.formats.dumps import load_states
from halscope.formats.recording import RecordingWriter
from halscope.hosts.embedded import EmbeddedHost, LiveEmbeddedHost
from halscope.hosts.libretro import available_cores
from halscope.hosts.nwa import NwaHost, _discovery
from halscope.hosts.nwa import host as nwa_host
from halscope.hosts.recording import ReplayHost
from halscope.hosts.retroarch import RetroArchHost
from halscope.hosts.usb2snes import Usb2snesHost
from halscope.ppu import decode_frame
from halscope_hooks import TILE_BYTES, Host, HostInfo, PpuRegisters, Snapshot, Write
from numpy.typing import NDArray
from support import mesen_demo, mesen_file, retroarch_process, zsnes_file
from support.demo_game import DemoGame
from support.mesen import StandIn, close_listener, needs_lua
from support.retroarch_process import RetroArchProcess
from support.same_moment import SETTLED, Moment, go_to, in_process, moment_of, poll_until, write_all, written
from support.server_process import ServerProcess
from support.state_files import rastate, rzip
from support.usb2snes_hand import Hand, settled

CORES: Final = [core.name for core in available_cores()]
MERCURY: Final = [name for name in CORES if "mercury" in name]
SCENE: Final[dict[str, Any]] = next(scene for scene in truth()["scenes"] if scene["name"] == "meadow")
_AFTER: Final = 4
"""Frames after a write at which it is looked at."""
_WINDOW: Final = 40
"""Frames of the reference; a host that is slower than that has its moment computed again."""
REGISTERS: Final = frozenset(field.name for field in fields(PpuRegisters))


class Reference:
    """The game on snes9x in process, at every moment of a window, as it is and after the injection."""

    def __init__(self) -> None:
        self._plain = _frames(None)
        first = self._plain[min(self._plain)]
        self.writes = injection(first)
        self._edited = _frames(self.writes)

    @property
    def edited_moments(self) -> list[Moment]:
        """The moments at which the edited game was run."""
        return [*self._edited]

    def plain(self, moment: Moment) -> Snapshot:
        """The moment of the game."""
        if moment not in self._plain:
            with DemoGame(CORES[0]) as game:
                self._plain[moment] = in_process(game, moment)
        return self._plain[moment]

    def edited(self, moment: Moment) -> Snapshot:
        """The same moment after the injection; without a picture where that was not drawn."""
        return self._edited.get(moment) or replace(written(self.plain(moment), self.writes), picture=None)


@cache
def reference() -> Reference:
    """The reference; it is computed once in a process."""
    return Reference()


def injection(snapshot: Snapshot) -> tuple[Write, ...]:
    """Writes that draw tiles of the sprites on the screen and of the background anew, which the game leaves alone."""
    streamed = {
        at
        for slot in SCENE["slots"]
        for row in range(slot["rows"])
        for at in range(slot["vram_byte"] + row * slot["vram_row_stride"], 0x10000, TILE_BYTES)[
            : slot["row_bytes"] // TILE_BYTES
        ]
    }
    shown = [sprite for sprite in decode_frame(snapshot).sprites if sprite.y < 200 and sprite.pixels.any()]
    sprites = sorted({int(at) for sprite in shown for at in sprite.cells.flat} - streamed)[:8]
    kinds = {block["name"]: block["kind"] for block in truth()["blocks"]}
    piece = max((p for p in SCENE["vram"] if kinds.get(p["block"]) == "tiles"), key=lambda p: int(p["size"]))
    background = range(piece["vram_byte"], piece["vram_byte"] + piece["size"], TILE_BYTES)
    places = [*sprites, *background[:64]]
    olds = [snapshot.vram[at : at + TILE_BYTES].tobytes() for at in places]
    return tuple(
        Write("vram", at, bytes(255 - byte for byte in old), old) for at, old in zip(places, olds, strict=True)
    )


def _frames(writes: Sequence[Write] | None) -> dict[Moment, Snapshot]:
    """Each moment of the window, with the writes made in its first one."""
    found: dict[Moment, Snapshot] = {}
    with DemoGame(CORES[0]) as game:
        snapshot = go_to(game.host, SCENE["id"], SETTLED)
        if writes is not None:
            game.host.write(writes)
        for _ in range(_WINDOW):
            moment = moment_of(snapshot)
            assert moment is not None
            if writes is None or moment.frame > SETTLED:
                found[moment] = snapshot
            snapshot = game.host.step()
    return found


@dataclass(frozen=True)
class View:
    """What a host or files show.

    Args:
        before: A snapshot of the scene, at `SETTLED` or soon after it.
        after: Makes these writes and returns a snapshot that shows them; `None` for what cannot be written to live.
        info: What the host says of itself; `None` for files.
        wram: WRAM of the newest snapshot, which names its moment, where the snapshot has none or an older one.
    """

    before: Callable[[], Snapshot]
    after: Callable[[Sequence[Write]], Snapshot] | None
    info: HostInfo | None = None
    wram: Callable[[], NDArray[np.uint8] | None] | None = None

    def moment(self, snapshot: Snapshot) -> Moment:
        """The moment of the newest snapshot."""
        found = moment_of(snapshot if self.wram is None else replace(snapshot, wram=self.wram()))
        assert found is not None
        return found


@dataclass(frozen=True)
class Row:
    """A host, or a kind of file.

    Args:
        name: Its name.
        open: Opens it, with a folder of its own and the ROM.
        unknown: Registers that it cannot know: they must be `None`. Every other one must be right.
        parts: Which of "wram", "picture", "cpu", "dma" (the channels) and "field" its snapshots have; the others must
            be `None`.
        why_not: Why it cannot be opened here, or an empty string.
    """

    name: str
    open: Callable[[Path, Path], AbstractContextManager[View]]
    unknown: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset({"wram", "picture", "cpu", "dma", "field"})
    why_not: str = ""


# -- cores in this process, and in one of their own


@dataclass(frozen=True)
class Saved:
    """A core before and after the injection: its snapshots, and its states of the same moments."""

    info: HostInfo
    snapshots: tuple[Snapshot, Snapshot]
    states: tuple[bytes, bytes]


@cache
def saved(core: str) -> Saved:
    """The game on a core in process; it is run once in a process."""
    writes = reference().writes  # before the core is opened: only one of a kind can run
    with DemoGame(core) as game:
        before = go_to(game.host, SCENE["id"], SETTLED)
        state = game.host.save_state()
        after = _injected(game.host, writes)
        return Saved(game.host.info, (before, after), (state, game.host.save_state()))


def _injected(host: Host, writes: Sequence[Write]) -> Snapshot:
    """Write, and return a frame that the game has drawn since."""
    write_all(host, *writes)
    # On a busy machine, frames from before the write may still wait to be polled.
    last = writes[-1]
    first = poll_until(host, lambda one: one.vram[last.offset :][: len(last.data)].tobytes() == last.data)
    return poll_until(host, lambda one: one.frame >= first.frame + _AFTER)


def _live(host: Host) -> View:
    return View(lambda: go_to(host, SCENE["id"], SETTLED), lambda writes: _injected(host, writes), host.info)


def _seen(before: Snapshot, after: Snapshot) -> View:
    return View(lambda: before, lambda _: after)


def _libretro(core: str) -> Row:
    @contextmanager
    def opened(_: Path, __: Path) -> Iterator[View]:
        made = saved(core)
        yield replace(_seen(*made.snapshots), info=made.info)

    return Row(f"libretro/{core}", opened)


@contextmanager
def _embedded(_: Path, rom: Path) -> Iterator[View]:
    with EmbeddedHost(rom, CORES[0]) as host:
        yield _live(host)


@contextmanager
def _live_embedded(_: Path, rom: Path) -> Iterator[View]:
    with LiveEmbeddedHost(rom, CORES[0]) as host:
        yield _live(host)


# -- emulators that run on their own


def _retroarch(core: str) -> Row:
    @contextmanager
    def opened(folder: Path, rom: Path) -> Iterator[View]:
        (folder / "rings").mkdir(mode=0o700)
        (folder / "home").mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HALSCOPE_RUNTIME_DIR", str(folder / "rings"))
            with RetroArchProcess(folder / "home", core, rom) as process, RetroArchHost(process.ring.path) as host:
                yield _live(host)

    return Row(f"retroarch/{core}", opened, why_not=retroarch_process.why_not())


@contextmanager
def _mesen(folder: Path, rom: Path) -> Iterator[View]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALSCOPE_MESEN_DIR", str(folder / "meeting"))
        close_listener()  # a test of `doctor` or `attach` in this process may have left one open
        try:
            with StandIn(rom, core=CORES[0]) as emulator, mesen_demo.attached(emulator) as host:

                def frames(wanted: Callable[[Snapshot], bool]) -> Snapshot:
                    return mesen_demo.until(emulator, host, wanted)[1]

                def settled(core: Snapshot) -> bool:
                    moment = moment_of(core)
                    return moment is not None and moment.scene == SCENE["id"] and moment.frame >= SETTLED

                def before() -> Snapshot:
                    frames(lambda core: moment_of(core) is not None)
                    host.write([Write("wram", truth()["symbols"]["next_scene"], bytes([SCENE["id"]]))])
                    return frames(settled)

                def after(writes: Sequence[Write]) -> Snapshot:
                    receipt = host.write(writes)
                    shown = emulator.snapshot.frame + _AFTER
                    snapshot = frames(lambda core: core.frame >= shown)
                    assert receipt.done
                    assert receipt.error is None
                    return snapshot

                yield View(before, after, host.info, lambda: emulator.snapshot.wram)
        finally:
            close_listener()


def _nwa(flavour: str, core: str, unknown: frozenset[str], parts: frozenset[str]) -> Row:
    @contextmanager
    def opened(_: Path, rom: Path) -> Iterator[View]:
        with pytest.MonkeyPatch.context() as patch, ServerProcess("nwa_server", rom, core, flavour) as server:
            for module in (_discovery, nwa_host):
                patch.setattr(module, "INTRODUCTION_WAIT", 30.0)  # this machine may do other things
            with NwaHost(server.address, obsel=SCENE["obsel"] if flavour == "plus" else None) as host:

                def before() -> Snapshot:
                    snapshot = go_to(host, SCENE["id"], SETTLED)
                    host.pause()  # its frames are asked for: it would run on meanwhile
                    while (newer := host.poll(0.3)) is not None:
                        snapshot = newer
                    return snapshot

                def after(writes: Sequence[Write]) -> Snapshot:
                    write_all(host, *writes)
                    return poll_until(host, lambda _: True)

                yield View(before, after if "vram" in host.info.writable else None, host.info)

    return Row(f"nwa/{flavour}/{core}", opened, unknown, parts)


@contextmanager
def _usb2snes(_: Path, rom: Path) -> Iterator[View]:
    with (
        ServerProcess("usb2snes_server", rom, CORES[0], "qusb2snes") as console,
        Usb2snesHost(console.address) as host,
        Hand(console) as hand,
    ):

        def before() -> Snapshot:
            hand.go_to(SCENE["id"], SETTLED)
            return settled(host)

        yield View(before, None, host.info, hand.wram)


# -- files made from them


def _file(name: str, write: Callable[[Path, Snapshot, bytes], Snapshot], core: str, **more: Any) -> Row:
    """Files that `write` makes of a core's snapshot and state, and reads again."""

    @contextmanager
    def opened(folder: Path, _: Path) -> Iterator[View]:
        made = saved(core)
        seen = []
        for number, (snapshot, state) in enumerate(zip(made.snapshots, made.states, strict=True)):
            (folder / str(number)).mkdir()
            seen.append(write(folder / str(number), snapshot, state))
        yield _seen(*seen)

    return Row(f"files/{name}", opened, **more)


def _read(*paths: Path, obsel: int | None = None) -> Snapshot:
    (state,) = load_states(paths, obsel=obsel)
    return state.snapshot


def _state(folder: Path, _: Snapshot, state: bytes) -> Snapshot:
    (folder / "game.state").write_bytes(state)
    return _read(folder / "game.state")


def _rastate(folder: Path, snapshot: Snapshot, state: bytes) -> Snapshot:
    return _state(folder, snapshot, rzip(rastate(state)))


def _mss(folder: Path, snapshot: Snapshot, _: bytes) -> Snapshot:
    assert snapshot.picture is not None
    levels = snapshot.picture.astype(np.uint16) >> 3
    screen = np.zeros((239, 256), np.uint16)
    screen[7:231] = levels[..., 0] | levels[..., 1] << 5 | levels[..., 2] << 10
    (folder / "game.mss").write_bytes(mesen_file.build_file(mesen_file.values_of(snapshot), screen=screen))
    return _read(folder / "game.mss")


def _zst(folder: Path, snapshot: Snapshot, _: bytes) -> Snapshot:
    (folder / "game.zst").write_bytes(zsnes_file.build_state(snapshot))
    return _read(folder / "game.zst")


def _dumps(folder: Path, snapshot: Snapshot, _: bytes) -> Snapshot:
    assert snapshot.wram is not None
    colours = snapshot.cgram.astype("<u2")
    paths = [folder / f"game - Snes{name}Ram.dmp" for name in ("Video", "Cg", "Sprite", "Work")]
    for path, memory in zip(paths, (snapshot.vram, colours, snapshot.oam, snapshot.wram), strict=True):
        path.write_bytes(memory.tobytes())
    return _read(*paths, obsel=SCENE["obsel"])


def _recording(folder: Path, snapshot: Snapshot, _: bytes) -> Snapshot:
    with RecordingWriter(folder / "run.hrec") as writer:
        writer.append(replace(snapshot, vram=np.zeros_like(snapshot.vram)))  # the next one is stored as what changed
        writer.append(snapshot)
    with ReplayHost(folder / "run.hrec") as host:
        host.step()
        shown = host.step()
    assert shown is not None
    return shown


def _why_no_lua() -> str:
    missing, reason = needs_lua.args[0], str(needs_lua.kwargs["reason"])
    return reason if missing else ""


ONLY_OBSEL: Final = REGISTERS - {"obsel"}
_WRAM: Final = frozenset({"wram"})
_STATE: Final = frozenset({"wram", "cpu", "dma", "field"})
# On other hosts the core makes no difference: one is enough.
_SNES9X, _ONE_MERCURY = [name for name in CORES if name == "snes9x"], MERCURY[:1]

ROWS: Final = [
    *(row for core in CORES for row in (_libretro(core), _file(f"{core} state", _state, core, parts=_STATE))),
    Row("embedded", _embedded),
    Row("embedded, live", _live_embedded),
    *map(_retroarch, [*_SNES9X, *_ONE_MERCURY]),
    # Mesen's state leaves these registers out: the script knows them once the game writes them. The field, it hides.
    Row("mesen2", _mesen, frozenset({"wbglog", "wobjlog", "cgwsel"}), _STATE - {"field"}, _why_no_lua()),
    *(_nwa("plus", core, ONLY_OBSEL, _WRAM) for core in _SNES9X),
    *(_nwa("snes9x", core, frozenset(), _STATE) for core in _SNES9X),
    *(_nwa("states", core, frozenset(), _STATE) for core in _ONE_MERCURY),
    Row("usb2snes", _usb2snes, unknown=frozenset({"coldata", "cgadd"}), parts=frozenset({"cpu"})),
    *(_file("RASTATE", _rastate, core, parts=_STATE) for core in _SNES9X),
    *(_file("Mesen state", _mss, core) for core in _SNES9X),
    *(
        _file("ZSNES state", _zst, core, parts=_WRAM, unknown=frozenset({"oamadd", "cgadd", "m7hofs", "m7vofs"}))
        for core in _SNES9X
    ),
    *(_file("dumps", _dumps, core, parts=_WRAM, unknown=ONLY_OBSEL) for core in _SNES9X),
    *(_file("recording", _recording, core) for core in _SNES9X),
]
