"""`halscope cache`: lists or deletes the cached indexes of ROMs."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from halscope.cli._common import print_json
from halscope.cli._output import say
from halscope.cli._table import Column, print_table
from halscope.rom.cache import CacheFile, clear, default_folder, files


def run(options: argparse.Namespace) -> int:
    """List the cached indexes, or delete them. Other files in the folder are left alone."""
    folder = default_folder()
    cleared = options.action == "clear"
    found = clear(folder) if cleared else files(folder)
    total = sum(file.size for file in found)
    if options.json:
        key = "deleted" if cleared else "files"
        print_json({"folder": str(folder), "bytes": total, key: [_describe(file) for file in found]})
        return 0
    if not cleared:
        rows = []
        for about in map(_describe, found):
            name = about["rom"] or "(damaged, or of another version)"
            used = about["used"][:16].replace("T", " ")
            rows.append((used, f"{about['bytes'] / 1e6:.1f} MB", name, ", ".join(about["codecs"])))
        print_table((Column("used"), Column("size", right=True), Column("rom"), Column("codecs")), rows)
    say(f"{folder}: {len(found)} indexes{' deleted' if cleared else ''}, {total / 1e6:.1f} MB")
    return 0


def _describe(file: CacheFile) -> dict[str, Any]:
    """Return the JSON form of a file. What is in it may be of any kind."""
    about = {name: str(file.about.get(name, "")) for name in ("rom", "title", "sha256")}
    codecs = file.about.get("codecs", [])
    return {
        "file": file.path.name,
        "bytes": file.size,
        "used": datetime.fromtimestamp(file.used, UTC).isoformat(timespec="seconds"),
        **about,
        "codecs": [str(codec) for codec in codecs] if isinstance(codecs, list) else [],
    }
