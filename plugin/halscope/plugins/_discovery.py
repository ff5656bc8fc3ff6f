"""Finding plugins in folders and among installed distributions, and reading their manifests without importing them."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from halscope_hooks import PROJECT_NAME, PluginError, UsageError

from halscope.plugins._manifest import MANIFEST, Manifest, read_manifest

_PREFIX: Final = "halscope_plugin_"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin with a valid manifest whose code has not been imported yet.

    Args:
        manifest: Its manifest.
        source: Where it was found, for messages.
        load: Imports it and returns its object. Errors of its code propagate.
        named: See Refusal.
    """

    manifest: Manifest
    source: str
    load: Callable[[], object]
    named: bool = False

    def refusal(self, reason: str) -> Refusal:
        """The refusal of this plugin."""
        return Refusal(self.manifest.id, self.source, reason, self.named)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A plugin that was not loaded.

    Args:
        plugin: Its id, or the name of its folder or entry point if the manifest cannot be read.
        source: Where it was found.
        reason: What is wrong with it, and what to do.
        named: Whether its folder was named, rather than found among the installed distributions.
    """

    plugin: str
    source: str
    reason: str
    named: bool = False

    def __str__(self) -> str:
        return str(PluginError(self.plugin, self.reason))


def in_folders(folders: Iterable[Path]) -> Iterator[Candidate | Refusal]:
    """Yield the plugin of each folder.

    Raises:
        UsageError: A folder does not exist or contains no manifest.json: the request itself is wrong.
    """
    for folder in folders:
        path = folder / MANIFEST
        if not path.is_file():
            is_folder = folder.is_dir()
            wrong = f"contains no {MANIFEST}" if is_folder else "is a file" if folder.exists() else "does not exist"
            raise UsageError(f"{folder}: {wrong}; --plugin takes the folder of a plugin's {MANIFEST}")
        try:
            manifest = read_manifest(path)
        except UsageError as error:
            yield Refusal(folder.resolve().name, str(folder), str(error), named=True)
            continue
        yield Candidate(manifest, str(folder), _folder_loader(folder, manifest), named=True)


def installed() -> Iterator[Candidate | Refusal]:
    """Yield the plugins of installed distributions (entry points of the group "halscope"), sorted by name.

    The manifest is in the top-level package of the entry point's module, at `PACKAGE/manifest.json`.
    """
    for entry in sorted(importlib.metadata.entry_points(group=PROJECT_NAME), key=lambda entry: entry.name):
        distribution = "" if entry.dist is None else f" of {entry.dist.name} {entry.dist.version}"
        source = f"entry point {entry.name}{distribution}"
        try:
            manifest = read_manifest(_installed_manifest(entry))
            if manifest.entry_point != entry.value.replace(" ", ""):
                raise UsageError(
                    f'{manifest.where}: "entry_point" is {manifest.entry_point}, but the distribution declares '
                    f"{entry.value}; make them equal"
                )
        except UsageError as error:
            yield Refusal(entry.name, source, str(error))
            continue
        yield Candidate(manifest, source, entry.load)


def _installed_manifest(entry: importlib.metadata.EntryPoint) -> Path:
    package = entry.value.partition(":")[0].partition(".")[0].strip()
    try:
        # For a top-level name this imports nothing.
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{package}: cannot be found: {error}; reinstall it") from None
    if spec is None:
        raise UsageError(f"{package}: is not installed; reinstall it")
    for folder in spec.submodule_search_locations or ():
        path = Path(folder) / MANIFEST
        if path.is_file():
            return path
    raise UsageError(f"{package}: contains no {MANIFEST}; a plugin is a package that contains its manifest")


def _folder_loader(folder: Path, manifest: Manifest) -> Callable[[], object]:
    def load() -> object:
        place = folder.resolve()
        # A package of its own: modules of equal name in two plugins do not clash, and sys.path is left alone.
        mark = sha256(str(place).encode()).hexdigest()[:8]
        parent = f"{_PREFIX}{manifest.id.replace('-', '_')}_{mark}"
        if parent not in sys.modules:
            package = types.ModuleType(parent, f"The plugin {manifest.id}, from {place}.")
            package.__path__ = [str(place)]
            sys.modules[parent] = package
        importlib.invalidate_caches()  # the folder may be newer than the import system's caches
        try:
            return getattr(importlib.import_module(f"{parent}.{manifest.module}"), manifest.attribute)
        except BaseException:
            for name in [name for name in sys.modules if name == parent or name.startswith(f"{parent}.")]:
                del sys.modules[name]  # leave nothing half imported
            raise

    return load
