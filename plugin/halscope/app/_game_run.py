"""Running a game on a host, or replaying a recording: buttons, speed, recording."""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from halscope_hooks import (
    FormatError,
    Host,
    HostError,
    HostRequest,
    RomError,
    RomIdentity,
    Snapshot,
    Touched,
    Update,
    capability,
)

from halscope._files import read_limited, refuse_same
from halscope.app._controls import Controls
from halscope.app._file_kinds import refuse_other_kind
from halscope.app._moments import names_another_file
from halscope.app._rom_reads import waiting_touches, watch_reads
from halscope.app._state_rom import recognised
from halscope.formats import bsnes, bsnes_state, containers, mesen_state, snes9x, zsnes_state
from halscope.formats.recording import RecordingWriter, trimmed
from halscope.plugins import Plugins
from halscope.rom.image import Rom
from halscope.rom.mapping import parse_mapping
from halscope.session import JobTimeoutError, Locate, Session

log: Final = logging.getLogger("halscope.app")

BUTTONS: Final = frozenset({"a", "b", "x", "y", "l", "r", "start", "select", "up", "down", "left", "right"})
FRAMES_A_SECOND: Final = 60.0988  # NTSC
RECORDING: Final = "recording"
"""The host that replays recordings."""
GATHERED: Final = 6
"""Frames of a game that runs by its own clock that are taken together where nobody needs each at once."""
_REST: Final = GATHERED - 0.6  # frames: the last one is waited for, so that none comes late for it
_FRAME_WAIT: Final = 0.1  # seconds after which a pushing host that sends nothing is asked again
_HURRY: Final = 0.002  # the same while an edit is being made: its write would come a frame later otherwise
LATE: Final = 0.1  # seconds of delay above which lost time is dropped instead of caught up


@dataclass(frozen=True, slots=True)
class Game:
    """What to run.

    Args:
        rom: The ROM file.
        core: Path or name of a libretro core; `None` for the first one found.
        host: Name of the host that runs it.
        mapping: Name of the ROM's mapping, or `None` to find it from the file.
        state: A savestate of the same core and ROM to start from, or `None` to start at power-on.
        live: Whether it runs by its own clock, where the host can do that.
    """

    rom: Path
    core: str | None = None
    host: str = "embedded"
    mapping: str | None = None
    state: Path | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """Buttons held from frame `first` to frame `last`, both included; the first frame of a run is 0."""

    buttons: frozenset[str]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record_game` wrote.

    Args:
        frames: Number of frames.
        size: Size of the file in bytes.
        interrupt: The interrupt that ended it early, or `None`.
    """

    frames: int
    size: int
    interrupt: KeyboardInterrupt | None


def open_host(
    file: Path | str | None = None,
    *,
    host: str = "embedded",
    core: str | None = None,
    address: str | None = None,
    mapping: str | None = None,
    live: bool = False,
    plugins: Plugins | None = None,
) -> Host:
    """Open a host: an emulator or a recording. A `Session` attaches to it.

    Args:
        file: The ROM to run, or the recording to replay.
        host: Name of the host, as for `--host`: "embedded", "libretro", "recording", or that of a plugin's host.
        core: Path or name of a libretro core; `None` for the first one found.
        address: Address of an emulator that is already running, instead of `file`.
        mapping: Name of the ROM's mapping ("lorom"), or `None` to find it from the file.
        live: Whether the game runs by its own clock ("pushing" and "paced") on a host that can also be driven frame by
            frame ("embedded"), which is the default.
        plugins: The plugins that provide hosts; by default only the built-in ones.

    Raises:
        UsageError: The host does not exist, or it needs a file and got an address, or vice versa.
        RomError: The file is not a SNES ROM.
        FormatError: The recording is damaged.
        HostError: The emulator cannot be started or reached.
    """
    request = HostRequest(None if file is None else Path(file), core, address, mapping, live=live)
    return (Plugins() if plugins is None else plugins).host(host).open(request)


def open_game(
    game: Game,
    locate: Locate | None = None,
    plugins: Plugins | None = None,
    *,
    threads: bool = False,
    rom: Rom | None = None,
    host: Callable[[], Host] | None = None,
) -> Session:
    """Start the game on the host that it names, from its state if it has one.

    Args:
        game: What to run.
        locate: Finds the origins of a VRAM.
        plugins: The plugins; by default only the built-in ones.
        threads: Whether the session uses threads.
        rom: The ROM's image; by default it is read from the game's file, if that is a ROM.
        host: Returns the host, if it is being opened already.

    Raises:
        UsageError: A file cannot be read, or the host does not exist.
        RomError: The file is not a SNES ROM.
        FormatError: The savestate's container is damaged.
        HostError: The emulator cannot be started, or does not accept the state.
    """
    plugins = Plugins() if plugins is None else plugins
    try:
        if host is None:
            opened = open_host(
                game.rom, host=game.host, core=game.core, mapping=game.mapping, live=game.live, plugins=plugins
            )
        else:
            opened = host()
    except RomError as error:
        refuse_other_kind(game.rom, error)
        raise
    if rom is None and game.host != RECORDING:
        with contextlib.suppress(RomError):  # the host has taken it
            rom = Rom.load(game.rom, None if game.mapping is None else parse_mapping(game.mapping))
    if game.state is not None:
        try:
            _start_from(opened, game.state, game.rom, rom)
        except BaseException:
            opened.close()
            raise
    return Session(
        opened,
        threads=threads,
        owns_host=True,
        locate=locate,
        dispatch=plugins.dispatch,
        hooked=plugins.hooked,
        rom=rom,
    )


def _start_from(host: Host, path: Path, rom: Path, image: Rom | None) -> None:
    """Load a savestate file into a host that runs a ROM's file, whose image is given if it is known."""
    console = capability(host, "stateful")
    if console is None:
        raise HostError(f"{host.info.emulator}: this host ({host.info.name}) cannot load a savestate")
    data = read_limited(path, containers.MOST_BYTES, "savestate")
    try:
        state = containers.unwrap(data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    for magic, emulator in ((mesen_state.MAGIC, "Mesen"), (zsnes_state.MAGIC, "ZSNES")):
        if state.startswith(magic):
            raise HostError(
                f"{path}: is a state of {emulator}, which no libretro core loads; read it with `halscope inspect` or "
                "`extract --state`"
            )
    for magic, family in ((snes9x.MAGIC, "snes9x"), (bsnes.MAGIC, "bsnes")):
        if state.startswith(magic) and family not in host.info.emulator.lower():
            raise HostError(
                f"{path}: is a state of {family}, but the game runs on {host.info.emulator}; choose a {family} core "
                "with --core"
            )
    try:
        console.load_state(state)
    except HostError as error:
        raise HostError(f"{path}: {error}") from error
    if state.startswith(snes9x.MAGIC):
        _doubt_snes9x_state(path, state, rom, image)
    elif state.startswith(bsnes.MAGIC) and image is not None:
        _doubt_bsnes_state(path, state, rom, image)


def _doubt_bsnes_state(path: Path, state: bytes, file: Path, rom: Rom) -> None:
    """Warn of a bsnes state of another image, by the hash in it. It may be of the same game before an edit."""
    with contextlib.suppress(FormatError):  # the core has taken it, so it may be of a version that only it knows
        theirs = bsnes_state.parse_state(state).rom_sha256
        if theirs not in (None, rom.sha256):
            log.warning(
                "%s: was saved while another ROM ran (sha256 %s), not %s; another game cannot go on from it, an edited "
                "or patched copy of the same game can",
                *(path, theirs, file),
            )


def _doubt_snes9x_state(path: Path, state: bytes, file: Path, rom: Rom | None) -> None:
    """Warn of a snes9x state that is, or may be, of another game. The core takes it whatever ran when it was saved."""
    with contextlib.suppress(FormatError):  # the core has taken it, so it may be of a version that only it knows
        name = snes9x.parse_state(state, copy_memories=False).rom_name
        if names_another_file(RomIdentity(path=name), file):
            log.warning("%s: was saved while %s ran, not %s; another game cannot go on from it", path, name, file)
        elif rom is not None and recognised(state, rom) is False:
            named = f"names {name}" if name else "names no ROM"
            log.warning(
                "%s: %s, and nothing in it was recognised as %s's (graphics in VRAM, calls on the stack, the code that "
                "runs); if it was saved in another game, it cannot go on here",
                *(path, named, file),
            )


def open_recording(path: Path, locate: Locate | None = None, plugins: Plugins | None = None) -> Session:
    """Open a recording as if it were a running game. Raises UsageError or FormatError."""
    return open_game(Game(path, host=RECORDING), locate, plugins)


def hold_buttons(session: Session, schedule: Iterable[Press], frame: int, held: Collection[str] = ()) -> None:
    """Hold the buttons scheduled for this frame of the run, counted from 0, and those in `held`."""
    pad = capability(session.host, "playable")
    if pad is not None:
        scheduled = {name for press in schedule if press.first <= frame <= press.last for name in press.buttons}
        pad.press(scheduled.union(held))


def play_frames(session: Session, schedule: Iterable[Press], frames: int) -> Iterator[Update]:
    """Run and decode `frames` frames at full speed; each is decoded before the next one runs."""
    schedule = tuple(schedule)
    for number in range(frames):
        hold_buttons(session, schedule, number)
        while (update := session.step()) is None:  # a pushing host may be paused
            if session.ended:
                return
        yield update


def run_in_real_time(
    session: Session,
    schedule: Iterable[Press],
    speed: float = 1.0,
    every: int = 1,
    idle: Callable[[], None] = lambda: None,
    wanted: Callable[[], bool] = lambda: False,
    controls: Controls | None = None,
    rest: Callable[[float], object] | None = None,
    hurried: Callable[[], bool] = lambda: False,
) -> Iterator[Snapshot]:
    """Run a session with threads until the host has no more snapshots. Frames are decoded as time allows.

    Args:
        session: The session. A driven host is stepped at the console's speed; a pushing host runs by itself.
        schedule: Buttons to hold.
        speed: Multiple of the console's speed, 0 for as fast as possible; without effect on a host that is neither
            driven nor paced.
        every: Of so many frames one is decoded.
        idle: Called several times a second while a pushing host sends nothing.
        wanted: Asked before each frame whether it is decoded in any case, and while none comes, whether the last one is
            to be decoded after all.
        controls: What other threads ask of the host.
        rest: Called with the seconds that this thread may rest while a paced, pushing host runs some frames: to take
            them together costs a third less than to wake up for each. It may return earlier.
        hurried: Asked before each wait for a pushing host whether another thread may have a write soon, which is then
            done between two frames instead of after the next one.

    Raises:
        HostError: The emulator failed.
    """
    schedule = tuple(schedule)
    paced = capability(session.host, "paced")
    if paced is not None and speed != 1:
        paced.set_speed(speed)
    due = time.monotonic()
    left: Snapshot | None = None  # the last frame, if it was not decoded
    for number in itertools.count():
        _control(session, schedule, number, controls)
        while (
            snapshot := _next_frame(
                session, decoded=(decoded := number % every == 0 or wanted()), hurried=(in_hurry := hurried())
            )
        ) is None:
            if session.ended:
                return
            if left is not None and not in_hurry and wanted():  # the game is paused, and somebody looks at it
                with contextlib.suppress(JobTimeoutError):  # an older one is still being decoded; the next time
                    session.feed(left)
                    left = None
            idle()
            _control(session, schedule, number, controls)
        left = None if decoded else snapshot
        yield snapshot
        pace = speed if controls is None else controls.speed
        if rest is not None and pace and paced is not None and number % GATHERED == 0:
            rest(_REST / (FRAMES_A_SECOND * pace))
        if speed == 0 or capability(session.host, "driven") is None:
            continue
        due += 1 / (FRAMES_A_SECOND * speed)
        ahead = due - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        elif ahead < -LATE:
            due = time.monotonic()


def _control(session: Session, schedule: tuple[Press, ...], number: int, controls: Controls | None) -> None:
    """Hold the buttons of a frame, and do what was asked of the host."""
    if controls is not None:
        controls.run(session.host)
    hold_buttons(session, schedule, number, () if controls is None else controls.held)


def _next_frame(session: Session, *, decoded: bool, hurried: bool) -> Snapshot | None:
    if decoded:
        return session.tick(wait=_HURRY) if hurried else session.tick()
    snapshot = session.advance(timeout=_HURRY if hurried else _FRAME_WAIT)
    session.pump()
    return snapshot


def record_game(
    session: Session,
    path: Path,
    frames: int,
    schedule: Iterable[Press],
    *,
    wram: bool,
    picture: bool,
    progress: Callable[[int, int], None],
) -> Recorded:
    """Record `frames` frames of a running game. What was recorded before an interrupt or an error is kept.

    Raises:
        HostError: The game ended early.
        KeyboardInterrupt: It came before the first frame.
        UsageError: The path is that of a file that is no recording, or cannot be written.
    """
    schedule = tuple(schedule)
    if (rom := session.host.info.rom.path) is not None:
        refuse_same(path, Path(rom), "ROM")
    interrupt: KeyboardInterrupt | None = None
    emulator = session.host.info.emulator
    with session.pull(Touched) as touched, RecordingWriter(path, emulator=emulator) as writer:
        try:
            watch_reads(session.host)
            while (number := len(writer)) < frames:
                hold_buttons(session, schedule, number)
                while (snapshot := session.advance()) is None and not session.ended:
                    pass  # a pushing host may be paused
                if snapshot is None:
                    raise HostError(f"the game ended after {number} frames, which {path} holds; record fewer")
                writer.append(trimmed(snapshot, wram=wram, picture=picture))
                writer.append_touches(waiting_touches(touched))
                progress(len(writer), frames)
        except KeyboardInterrupt as error:
            if not len(writer):
                raise
            interrupt = error
        recorded = len(writer)  # also if the interrupt came just after a frame
    return Recorded(recorded, path.stat().st_size, interrupt)
