"""Examining an installation: the native module, the cores (each really started), the cache."""

from __future__ import annotations

import importlib.resources
import json
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from halscope_hooks import HOOK_API

from halscope import __version__, hal
from halscope.demo import rom_path
from halscope.hosts.libretro import CoreFile, available_cores
from halscope.rom.cache import default_folder

CORE_TIMEOUT: Final = 60  # seconds; a core starts in well under one
# A core that crashes takes its process with it, so each is tried in a process of its own.
TRIAL: Final = """
import sys
from pathlib import Path
from halscope_hooks import HalscopeError
from halscope.hosts import libretro
try:
    host = libretro.LibretroHost(Path(sys.argv[1]), sys.argv[2])
    for _ in range(30):
        snapshot = host.step()
    host.close()
except HalscopeError as error:
    sys.exit(str(error))
print(host.info.emulator)
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was examined, and what to do where it is not well."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    advice: str = ""


def examine() -> list[Check]:
    """Every check, in the order that a person wants to read them."""
    checks = [
        Check("halscope", "ok", f"{__version__}, hook API {HOOK_API}, Python {platform.python_version()}"),
        _native(),
        _manifest(),
        _cache(),
    ]
    cores = available_cores()
    with rom_path() as rom:
        checks += [_core(core, rom) for core in cores]
    if not any(check.state == "ok" for check in checks[4:]):
        checks.append(
            Check(
                "cores",
                "fail",
                "no libretro core that works was found",
                "install one: pip install 'halscope[emulator]' (snes9x), or Debian's libretro-bsnes-mercury-accuracy",
            )
        )
    return checks


def _native() -> Check:
    sample = bytes(range(256)) * 4
    if bytes(hal.decode(hal.encode(sample)).data) == sample:
        return Check("native module", "ok", "packs and unpacks")
    return Check(
        "native module", "fail", "does not unpack what it packed", "build it again: pip install --force-reinstall ."
    )


def _manifest() -> Check:
    # From a wheel the manifest lies inside the package.
    manifest = json.loads(importlib.resources.files("halscope").joinpath("manifest.json").read_text("utf-8"))
    if manifest["version"] != __version__:
        return Check(
            "manifest", "fail", f"says version {manifest['version']}, the code {__version__}", "install Halscope again"
        )
    return Check(
        "manifest",
        "ok",
        f"{manifest['id']} {manifest['version']}, hosts: " + ", ".join(h["id"] for h in manifest["hosts"]),
    )


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
            "ROMs are indexed anew each time; set HALSCOPE_CACHE_DIR to a folder that can be written",
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
            name, "warn", f"{core.path}: did not start within {CORE_TIMEOUT} s", "take another one with --core"
        )
    if trial.returncode != 0:
        reason = (trial.stderr.strip().splitlines() or [f"ended with code {trial.returncode}"])[-1]
        return Check(name, "warn", f"{core.path}: {reason}", "take another one with --core")
    return Check(name, "ok", f"{core.path}: {trial.stdout.strip()}")
