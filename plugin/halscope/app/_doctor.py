"""Checks of an installation: the native module, the plugins, the cores (each is started), the cache."""

from __future__ import annotations

import importlib.resources
import platform
import tempfile
from pathlib import Path
from typing import Literal

from halscope_hooks import HOOK_API, HalscopeError, HostError, UsageError

from halscope._version import __version__
from halscope.app._doctor_cores import Check, examine_cores
from halscope.app._doctor_hosts import examine_hosts
from halscope.app._game_report import game_report
from halscope.app._workspace import Workspace
from halscope.codecs import hal
from halscope.hosts import retroarch
from halscope.plugins import Plugins, parse_manifest
from halscope.rom.cache import default_folder


def examine(
    plugins: Plugins,
    rom: Path | None = None,
    *,
    mapping: str | None = None,
    profile: Path | None = None,
    core: str | None = None,
) -> list[Check]:
    """Run every check; the results come in a useful reading order.

    Args:
        plugins: The loaded and refused plugins to report.
        rom: A ROM to report on, or `None`.
        mapping: Name of its mapping, or `None` to find it from the file.
        profile: Its game file, or `None`.
        core: Path or name of the only core to try; `None` tries all that are installed.

    Raises:
        HalscopeError: The ROM cannot be read, or there is no such core.
    """
    checks = [
        Check("halscope", "ok", f"{__version__}, hook API {HOOK_API}, Python {platform.python_version()}"),
        _native(),
        _manifest(),
        _cache(),
        *_plugins(plugins),
        *examine_hosts(plugins),
        _tap(),
    ]
    if rom is not None:
        workspace = Workspace.open(rom, plugins, mapping=mapping, profile=profile)
        checks += [_rom(rom, workspace), *_game(workspace)]
    return checks + examine_cores(core)


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


def _tap() -> Check:
    """Whether `halscope retroarch install` has something to install, and where."""
    try:
        library = retroarch.tap_library()
    except HostError as error:
        return Check("retroarch core", "warn", str(error), "until then `halscope retroarch install` does not work")
    try:
        where = f", for {retroarch.find_folders().config}"
    except HalscopeError:  # most who run this have no RetroArch
        where = "; no RetroArch was found"
    return Check("retroarch core", "ok", f"{library.name} can be installed{where}")


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
