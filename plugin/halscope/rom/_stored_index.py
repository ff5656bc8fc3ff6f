"""An index in the cache: what names it, and whether what is stored there can be one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from halscope_hooks import Codec

from halscope.rom import cache
from halscope.rom.image import Rom
from halscope.rom.ranking import START_DTYPE, START_KINDS, KnownStarts
from halscope.rom.references import REFERENCE_DTYPE, TABLE_DTYPE, KnownTable, References

FORMAT: Final = 12
"""Version of the cache contents and of the algorithms behind them. An index of another version is rebuilt."""


def cache_key(
    rom: Rom, codecs: Sequence[Codec], known_starts: KnownStarts | None, known_tables: Sequence[KnownTable]
) -> str:
    """Return everything that an index depends on, as text."""
    return "|".join(
        [f"format {FORMAT}", rom.sha256, rom.mapping.value]
        + [f"{codec} {rule}" for codec, rule in sorted(rom.edges.items()) if rule is not None]
        + [f"{codec.name} {getattr(codec, 'version', '')}" for codec in codecs]
        + [
            f"{name} {hashlib.sha256(offsets.tobytes()).hexdigest()}"
            for name, offsets in sorted((known_starts or {}).items())
        ]
        + [
            f"{table.codec} {table.stride} {hashlib.sha256(table.entries.tobytes()).hexdigest()}"
            for table in known_tables
        ]
    )


def fits(stored: cache.Arrays, rom: Rom, codec_count: int) -> bool:
    """Whether the arrays of a cache file are consistent."""
    names = {"families": START_DTYPE, "outputs": np.dtype("u1"), "bounds": np.dtype("<u4")}
    names |= {"buckets": np.dtype("<u4"), "positions": np.dtype("<u4")}
    names |= {"references": REFERENCE_DTYPE, "tables": TABLE_DTYPE}
    if any(
        name not in stored or stored[name].dtype != dtype or stored[name].ndim != 1 for name, dtype in names.items()
    ):
        return False
    families, bounds = stored["families"], stored["bounds"]
    codecs, starts = int(families["codec"].max(initial=0)), int(families["start"].max(initial=0))
    if codecs >= max(codec_count, 1) or starts >= len(START_KINDS):
        return False
    if not References(stored["references"], stored["tables"]).fit(len(rom.data)):
        return False
    return len(bounds) == len(families) + 1 and bool((families["offset"] < len(rom.data)).all())
