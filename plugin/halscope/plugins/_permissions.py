"""What each plugin was granted: by option, by an answer remembered from before, or by asking now."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from halscope_hooks import PERMISSIONS, HalscopeError, Permission, UsageError
from platformdirs import user_config_path

from halscope._files import write_atomic
from halscope.plugins._manifest import Manifest

FOLDER_VARIABLE: Final = "HALSCOPE_CONFIG_DIR"
_FILE: Final = "permissions.json"

Ask = Callable[[Manifest, Permission], bool]
"""Asks the person whether the plugin may."""


def default_folder() -> Path:
    """The folder that HALSCOPE_CONFIG_DIR names, or the user's configuration folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_config_path("halscope")


class Grants:
    """Decides what a plugin may do; what nobody allows is refused.

    Args:
        allowed: As `--allow` takes it: a permission for every plugin, or `plugin-id:permission`.
        ask: Asks a person; `None`: nobody is there to be asked.
        folder: Where answers are kept, by the plugin's id and version; by default the user's configuration folder.

    Raises:
        UsageError: `allowed` names something that is no permission.
    """

    def __init__(self, allowed: Iterable[str] = (), *, ask: Ask | None = None, folder: Path | None = None) -> None:
        self._allowed = {_parse(text) for text in allowed}
        self._ask = ask
        self._path = (default_folder() if folder is None else folder) / _FILE

    def decide(self, manifest: Manifest) -> frozenset[Permission]:
        """What of that which its manifest asks for is granted. May ask, and remembers the answers."""
        remembered = self._load()
        key = f"{manifest.id} {manifest.version}"
        answers = dict(remembered.get(key, {}))
        granted = set()
        for permission in manifest.permissions:
            if {(None, permission), (manifest.id, permission)} & self._allowed:
                granted.add(permission)
                continue
            if permission not in answers and self._ask is not None:
                answers[permission] = self._ask(manifest, permission)
            if answers.get(permission) is True:
                granted.add(permission)
        if answers != remembered.get(key, {}):
            self._store(remembered | {key: answers})
        return frozenset(granted)

    def _load(self) -> dict[str, dict[str, bool]]:
        # A file that is missing or damaged has granted nothing.
        with contextlib.suppress(OSError, ValueError, RecursionError):
            value: Any = json.loads(self._path.read_text("utf-8"))
            if isinstance(value, dict):
                return {key: answers for key, answers in value.items() if isinstance(answers, dict)}
        return {}

    def _store(self, value: dict[str, dict[str, bool]]) -> None:
        # What cannot be kept is asked for again the next time.
        with contextlib.suppress(OSError, HalscopeError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps(value, indent=2, sort_keys=True).encode())


def _parse(text: str) -> tuple[str | None, str]:
    plugin, colon, permission = text.rpartition(":")
    if permission not in PERMISSIONS or (colon and not re.fullmatch("[a-z0-9-]+", plugin)):
        raise UsageError(
            f"--allow {text}: write a permission ({', '.join(PERMISSIONS)}) or, for one plugin alone, "
            f"ID:PERMISSION as in sparkle:{PERMISSIONS[0]}"
        )
    return (plugin if colon else None), permission
