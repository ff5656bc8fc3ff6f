"""Coverage in words and as JSON: what is known of a run's graphics, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from halscope.ppu.coverage import REASONS, Coverage, Reason

WHY: Final[Mapping[Reason, str]] = {
    "known": "their place in the ROM is known",
    "plain": "blank, one-coloured or too simple: many places in the ROM look like that, so none is named",
    "no_index": "the ROM is not indexed: give --rom, or wait until the index is ready",
    "bwram": "converted or unpacked by the SA-1 in BW-RAM: not in the ROM in this form, so they cannot be edited yet",
    "expanded": "three planes or fewer: probably stored as 3bpp, 2bpp or 1bpp and expanded on the way; find them with "
    "`locate --transform`, or name the transform in a game profile",
    "wram": "unpacked or converted in WRAM by a format that is not known: name the game's codec or transform in a game "
    "profile",
    "before": "in VRAM since before the run began: start it earlier, from power-on or before the scene is loaded",
    "elsewhere": "not in the ROM, nor in WRAM, in this form: the game draws them, or converts them on the way to VRAM",
}


def coverage_json(coverage: Coverage) -> dict[str, Any]:
    """Return the coverage as JSON: {"frames", "sprite_pixels": {reason: count}, "layer_tiles": {reason: count}}."""
    document: dict[str, Any] = {
        "frames": coverage.frames,
        "sprite_pixels": dict(coverage.sprites),
        "layer_tiles": dict(coverage.layers),
    }
    if coverage.uncounted is not None:
        document["uncounted"] = coverage.uncounted
    return document


def coverage_lines(coverage: Coverage) -> list[str]:
    """Return the coverage as lines of text: a summary, then each reason with its share and what to do."""
    lines = [_summary(coverage)]
    for reason in REASONS[1:]:
        shares = [
            f"{_share(counts[reason], counts)} of the {what}"
            for what, counts in (("sprite pixels", coverage.sprites), ("background tiles", coverage.layers))
            if reason in counts
        ]
        if shares:
            lines.append(f"  {', '.join(shares)}: {WHY[reason]}")
    if coverage.uncounted is not None:
        lines.append(f"  sprites were not counted in every frame: {coverage.uncounted}")
    return lines


def _summary(coverage: Coverage) -> str:
    parts = []
    for what, counts in (("sprite pixels", coverage.sprites), ("background tiles", coverage.layers)):
        whole = sum(counts.values())
        if whole:
            parts.append(f"{_share(counts.get('known', 0), counts)} of {whole} {what}")
    frames = "1 frame" if coverage.frames == 1 else f"{coverage.frames} frames"
    if not parts:
        return f"coverage of {frames}: no graphics were on the screen"
    return f"coverage of {frames}: the place in the ROM is known of {' and of '.join(parts)}"


def _share(count: int, counts: Mapping[Reason, int]) -> str:
    """Return a percentage in which neither all nor nothing comes from rounding."""
    whole = sum(counts.values())
    if count in (0, whole):
        return "0 %" if count == 0 else "100 %"
    return f"{min(max(100 * count / whole, 0.1), 99.9):.1f} %"
