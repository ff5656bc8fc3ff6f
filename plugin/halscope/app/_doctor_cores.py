"""What each libretro core is, and what works with it: our own game is run on it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal

from halscope_hooks import HalscopeError, HostError, PpuRegisters, Snapshot

from halscope.app._workspace import Workspace
from halscope.demo import rom_path
from halscope.hosts.embedded import EmbeddedHost, check_machine
from halscope.hosts.libretro import INSTALL_HINT, CoreFile, available_cores, find_core
from halscope.hosts.libretro.cores import core_name
from halscope.session import Locate, Session

_MACHINE_ADVICE: Final = (
    "no other core helps; mend this (`ulimit -f unlimited`, or free space for temporary files), then repeat; until "
    "then --host libretro runs a core without a process of its own"
)
FRAMES: Final = 240  # in which our game has its first scene on the screen, with many to spare
_EVERY: Final = 8  # frames of which one is decoded and located


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check, with advice where something is wrong.

    Args:
        name: What was checked.
        state: The result.
        detail: What was found.
        advice: What to do, or an empty string.
        data: What was found, as values for JSON, which are listed under the first word of the name.
    """

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    advice: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def examine_cores(wanted: str | None = None) -> list[Check]:
    """Try every installed core, or only the one that is named by its path or name; the last check says which to take.

    Where this machine can start no core, whichever it is, none is tried and the only check says why.

    Raises:
        HostError: There is no such core.
    """
    if wanted is None:
        cores = available_cores()
    else:
        path = find_core(wanted)
        cores = [CoreFile(core_name(path), path)]
    if cores:
        try:
            check_machine()
        except HostError as error:
            names = ", ".join(core.name for core in cores)
            return [Check("cores", "fail", f"none can be started here ({names}): {error}", _MACHINE_ADVICE)]
    with rom_path() as demo:
        locate = Workspace.open(demo).tracker() if cores else None
        checks = [_try(core, demo, locate) for core in cores]
    return [*checks, _choice(checks, default=wanted is None)]


def _try(core: CoreFile, rom: Path, locate: Locate | None) -> Check:
    """Run our game on a core until tiles of its first scene are located in the ROM."""
    name = f"core {core.name}"
    located = 0
    snapshot: Snapshot | None = None
    try:
        host = EmbeddedHost(rom, core.path)
        with Session(host, owns_host=True, locate=locate) as session:
            for _ in range(FRAMES // _EVERY):
                for _ in range(_EVERY - 1):
                    host.step()
                update = session.step()
                if update is None:
                    continue
                snapshot = update.snapshot
                if update.origins is not None:
                    located = max(located, update.origins.located)
                if located and not snapshot.ppu.inidisp:
                    break
    except HalscopeError as error:
        return Check(name, "warn", str(error), "choose another core with --core", {"path": str(core.path)})
    if snapshot is None:
        advice = "choose another core with --core"
        return Check(name, "warn", "no frame of it could be decoded", advice, {"path": str(core.path)})
    return _judge(name, host, snapshot, located)


def _judge(name: str, host: EmbeddedHost, snapshot: Snapshot, located: int) -> Check:
    facts, writable = host.core, sorted(host.info.writable)
    unknown = [one.name for one in fields(PpuRegisters) if getattr(snapshot.ppu, one.name) is None]
    missing = [] if located else ["no origins"]
    if "rom" not in writable:
        missing.append("live edits of the ROM do not last")
    if unknown:
        missing.append(f"{len(unknown)} unknown registers: {', '.join(unknown)}")
    if facts.random_start:
        missing.append("memories that the game has not set are random at the start")
    works = [] if not located else ["origins"]
    works.append(f"live edits ({', '.join(space.upper() for space in writable)})")
    if not unknown:
        works.append("all registers")
    is_tracing = "tracing" in host.info.capabilities
    if is_tracing:
        works.append("tracing")
    age = "" if facts.year is None else f" (release of {facts.year})"
    detail = f"{facts.name} {facts.version}{age}, state: {facts.state_format}; works: {', '.join(works)}"
    if missing:
        detail += f"; does not: {', '.join(missing)}"
    data = {
        "path": str(host.core_path),
        "library": facts.name,
        "version": facts.version,
        "year": facts.year,
        "state_format": facts.state_format,
        "origins": located > 0,
        "live_edits": writable,
        "rom_source": facts.rom_source,
        "tracing": is_tracing,
        "unknown_registers": unknown,
        "random_start": facts.random_start,
    }
    return Check(name, "warn" if missing else "ok", f"{detail}; {host.core_path}", "", data)


def _choice(cores: list[Check], *, default: bool) -> Check:
    """Say which core to take.

    Args:
        cores: The checks of the cores.
        default: Whether the first one is what commands use by default.
    """
    ran = [core for core in cores if core.data.get("library")]
    full = [core for core in ran if core.state == "ok"]
    if not ran:
        found = "a libretro core was found, but none works" if cores else "no libretro core was found"
        return Check("cores", "fail", found, INSTALL_HINT)
    best = (full or ran)[0]
    detail = f"take {best.data['library']}: {best.data['path']}"
    if best is cores[0]:
        detail += " (the default)" if default else ""
        return Check("cores", "ok" if full else "warn", detail, "" if full else INSTALL_HINT)
    return Check("cores", "warn", detail, f"the default is {cores[0].data['path']}; give --core, or set HALSCOPE_CORE")
