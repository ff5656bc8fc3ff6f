"""Plugins made for a test: a folder with a manifest and a module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from halscope_hooks import HOOK_API

HEAD = "from halscope_hooks import *\nfrom halscope_hooks import hookimpl\nimport numpy as np\n"


def manifest(plugin: str = "sparkle", **changes: Any) -> dict[str, Any]:
    """A valid manifest with changes; `None` removes a key."""
    value = {"id": plugin, "version": "1.2.3", "hook_api": HOOK_API, "entry_point": "main:plugin"} | changes
    return {key: item for key, item in value.items() if item is not None}


def write_plugin(parent: Path, code: str, plugin: str = "sparkle", **changes: Any) -> Path:
    """Write a plugin whose module `main` holds this code after the usual imports, and return its folder."""
    folder = parent / plugin
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest(plugin, **changes)), "utf-8")
    (folder / "main.py").write_text(HEAD + code, "utf-8")
    return folder
