"""Permissions of plugins: granted by an option, by a remembered answer, or by asking the user."""

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
"""Asks the user whether to grant a permission to a plugin."""


def default_folder() -> Path:
    """The folder that HALSCOPE_CONFIG_DIR names, or the user's configuration folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_config_path("halscope")


class Grants:
    """Decides which permissions a plugin is granted. What is not allowed explicitly is refused.

    Args:
        allowed: Values of `--allow`: a permission for every plugin, or `plugin-id:permission`.
        ask: Asks the user; `None` where no user can be asked.
        folder: Where answers are stored, by plugin id and version; by default the user's configuration folder.

    Raises:
        UsageError: `allowed` contains an unknown permission.
    """

    def __init__(self, allowed: Iterable[str] = (), *, ask: Ask | None = None, folder: Path | None = None) -> None:
        self._allowed = {_parse(text) for text in allowed}
        self._ask = ask
        self._path = (default_folder() if folder is None else folder) / _FILE

    def decide(self, manifest: Manifest) -> frozenset[Permission]:
        """Return the granted subset of the permissions that the manifest requests. May ask; remembers the answers."""
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
        # A missing or damaged file grants nothing.
        with contextlib.suppress(OSError, ValueError, RecursionError):
            value: Any = json.loads(self._path.read_text("utf-8"))
            if isinstance(value, dict):
                return {key: answers for key, answers in value.items() if isinstance(answers, dict)}
        return {}

    def _store(self, value: dict[str, dict[str, bool]]) -> None:
        # Answers that cannot be stored are asked for again next time.
        with contextlib.suppress(OSError, HalscopeError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps(value, indent=2, sort_keys=True).encode())


def _parse(text: str) -> tuple[str | None, str]:
    plugin, colon, permission = text.rpartition(":")
    if permission not in PERMISSIONS or (colon and not re.fullmatch("[a-z0-9-]+", plugin)):
        raise UsageError(
            f"--allow {text}: write a permission ({', '.join(PERMISSIONS)}) or, for one plugin only, "
            f"ID:PERMISSION as in sparkle:{PERMISSIONS[0]}"
        )
    return (plugin if colon else None), permission
