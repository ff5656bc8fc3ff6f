"""A digest of a third-party part's code: an index that was built by code that has changed since is not used again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

_MOST_FILES: Final = 500
"""Larger packages are known by their plugin's version alone; a codec needs a handful of files."""


def code_digest(codec: object) -> str:
    """Return a digest of the Python files that a codec's code is in: its module, and the rest of its package or of its
    plugin's folder.

    Returns:
        Hex digits, or an empty string if there are no such files (native, frozen or generated code).
    """
    # the file as compiled: two plugins may have modules of the same name
    code = getattr(getattr(type(codec), "scan", None), "__code__", None)
    name = getattr(code, "co_filename", None)
    if not isinstance(name, str) or not name.endswith(".py"):
        return ""
    module = Path(name)
    try:
        together = any((module.parent / one).exists() for one in ("__init__.py", "manifest.json"))
        files = sorted(module.parent.rglob("*.py")) if together else [module]
        if len(files) > _MOST_FILES:
            return ""
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    except OSError:
        return ""
