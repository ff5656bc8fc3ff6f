"""Checks of an installation: the native module, the plugins, the cores (each is started), the cache."""

from __future__ import annotations

import importlib.resources
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from halscope_hooks import HOOK_API, UsageError

from halscope._version import __version__
from halscope.app._game_report import game_report
from halscope.app._workspace import Workspace
from halscope.codecs import hal
from halscope.demo import rom_path
from halscope.hosts.libretro import CoreFile, available_cores
from halscope.plugins import Plugins, parse_manifest
from halscope.rom.cache import default_folder

CORE_TIMEOUT: Final = 60  # seconds; a core starts in well under one
# A core that crashes ends its process, so each is tried in a process of its own.
TRIAL: Final = """
import sys
import halscope
try:
    session = halscope.Session(halscope.open_host(sys.argv[1], core=sys.argv[2]), owns_host=True)
    session.advance(30)
    session.close()
except halscope.HalscopeError as error:
    sys.exit(str(error))
print(session.info.emulator)
"""


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check, with advice where something is wrong."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    advice: str = ""


def examine(
    plugins: Plugins, rom: Path | None = None, *, mapping: str | None = None, profile: Path | None = None
) -> list[Check]:
    """Run every check; the results come in a useful reading order.

    Args:
        plugins: The loaded and refused plugins to report.
        rom: A ROM to report on, or `None`.
        mapping: Name of its mapping, or `None` to find it from the file.
        profile: Its game file, or `None`.
    """
    checks = [
        Check("halscope", "ok", f"{__version__}, hook API {HOOK_API}, Python {platform.python_version()}"),
        _native(),
        _manifest(),
        _cache(),
        *_plugins(plugins),
    ]
    if rom is not None:
        workspace = Workspace.open(rom, plugins, mapping=mapping, profile=profile)
        checks += [_rom(rom, workspace), *_game(workspace)]
    with rom_path() as demo:
        cores = [_core(core, demo) for core in available_cores()]
    checks += cores
    if not any(core.state == "ok" for core in cores):
        checks.append(
            Check(
                "cores",
                "fail",
                "no working libretro core was found",
                "install one: pip install 'halscope[emulator]' (snes9x), or Debian's libretro-bsnes-mercury-accuracy",
            )
        )
    return checks


def _native() -> Check:
    sample = bytes(range(256)) * 4
    if bytes(hal.decode(hal.encode(sample)).data) == sample:
        return Check("native module", "ok", "compresses and decompresses")
    return Check(
        "native module",
        "fail",
        "decompresses to other bytes than it compressed",
        "rebuild it: pip install --force-reinstall .",
    )


def _manifest() -> Check:
    # In a wheel the manifest is inside the package.
    text = importlib.resources.files("halscope").joinpath("manifest.json").read_bytes()
    try:
        manifest = parse_manifest(text, "halscope's manifest.json")
    except UsageError as error:
        return Check("manifest", "fail", str(error), "reinstall Halscope")
    if manifest.version != __version__:
        return Check(
            "manifest", "fail", f"says version {manifest.version}, the code {__version__}", "reinstall Halscope"
        )
    return Check(
        "manifest",
        "ok",
        f"{manifest.id} {manifest.version}, permissions: {', '.join(manifest.permissions)}",
    )


def _plugins(plugins: Plugins) -> list[Check]:
    """One check for each plugin that is not built in, after one that lists every contributed part."""
    there = {
        "hosts": [host.name for host in plugins.hosts()],
        "codecs": [codec.name for codec in plugins.codecs()],
        "exporters": [suffix for exporter in plugins.exporters() for suffix in exporter.suffixes],
        "games": [str(len(plugins.games()))],
    }
    checks = [Check("plugins", "ok", "; ".join(f"{kind}: {', '.join(names)}" for kind, names in there.items()))]
    for plugin in plugins.loaded:
        if plugin.source == "built in":
            continue
        denied = [permission for permission in plugin.asked if permission not in plugin.granted]
        detail = f"{plugin.version} from {plugin.source}; may: {', '.join(sorted(plugin.granted)) or 'only read'}"
        if denied:
            detail += f"; asks for: {', '.join(denied)}"
        advice = " ".join(f"--allow {plugin.name}:{permission}" for permission in denied)
        checks.append(Check(f"plugin {plugin.name}", "warn" if denied else "ok", detail, advice))
    checks += [
        Check(f"plugin {one.plugin}", "fail" if one.named else "warn", one.reason, "it is not loaded")
        for one in plugins.refused
    ]
    return checks


def _rom(path: Path, workspace: Workspace) -> Check:
    game = workspace.game
    known = "no profile knows this game" if game is None else f"{game.match.profile.name}, matched by {game.match.by}"
    notes = [*workspace.rom.warnings, *(() if game is None else game.notes)]
    detail = f"{path}: {workspace.rom.title!r}, {workspace.rom.mapping.name}; {known}"
    return Check("rom", "warn" if notes else "ok", detail, "; ".join(notes))


def _game(workspace: Workspace) -> list[Check]:
    """One check for each part of the profile of the ROM's game."""
    states: dict[bool | None, Literal["ok", "warn"]] = {True: "ok", None: "ok", False: "warn"}
    advice = "it is not used; correct the game file, or use another version of the ROM"
    return [
        Check(f"profile {one.part}", states[one.holds], one.detail, advice if one.holds is False else "")
        for one in game_report(workspace)
    ]


def _cache() -> Check:
    folder = default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(
            "cache",
            "warn",
            f"{folder}: {error.strerror or error}",
            "ROMs are indexed again each time; set HALSCOPE_CACHE_DIR to a writable folder",
        )
    return Check("cache", "ok", str(folder))


def _core(core: CoreFile, rom: Path) -> Check:
    name = f"core {core.name}"
    try:
        trial = subprocess.run(
            [sys.executable, "-c", TRIAL, str(rom), str(core.path)],
            capture_output=True,
            text=True,
            timeout=CORE_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return Check(
            name, "warn", f"{core.path}: did not start within {CORE_TIMEOUT} s", "choose another core with --core"
        )
    if trial.returncode != 0:
        reason = (trial.stderr.strip().splitlines() or [f"exited with code {trial.returncode}"])[-1]
        return Check(name, "warn", f"{core.path}: {reason}", "choose another core with --core")
    return Check(name, "ok", f"{core.path}: {trial.stdout.strip()}")
