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
            rows.append((used, _size(about["bytes"]), name, ", ".join(about["codecs"])))
        print_table((Column("used"), Column("size", right=True), Column("rom"), Column("codecs")), rows)
    count = f"{len(found)} index{'es' * (len(found) != 1)}{' deleted' * cleared}"
    say(f"{folder}: {count}, {_size(total)}")
    return 0


def _size(count: int) -> str:
    """Return a number of bytes as text, in a unit that leaves digits to read."""
    for unit, least in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count} byte{'s' * (count != 1)}"


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
