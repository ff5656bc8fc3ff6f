"""What proves the starts of blocks: the pointers that lead there, and what was seen while the game ran."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from halscope_hooks import StartEvidence

from halscope.app._listed_blocks import ListedBlock
from halscope.app._workspace import Workspace
from halscope.rom.tracing import FIRST_TOUCH, PAGE

_OPTIONAL: Final = ("parts", "callers", "buffers", "writers")
_MOST_NATS: Final = 700.0  # beyond it, `exp` overflows


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves the start of a block.

    Args:
        kind: "first-touch" or "decoder-call" for a traced start (several are joined with "+"), for pointers the layout
            of their bytes ("long", "word", "word+bank", "parallel", "code", "tagged").
        places: File offsets of the evidence: where the game began to read, or the low byte of each pointer.
        odds: How many times more likely it is with a block that begins there than by chance; `None` if it leaves
            nothing to chance (a decoder's call, a table that the game's profile names).
        parts: File offsets of the low, high and bank byte of each pointer; the bank's is `None` where it is not stored
            with the pointer. Empty for a traced start.
        callers: 24-bit addresses of the calls of the game's decoder with this block, where a debugger saw them.
        buffers: 24-bit addresses in WRAM: the first byte of each stretch that held unpacked bytes of the block when DMA
            took them to VRAM.
        writers: 24-bit addresses of code that was seen writing there.
    """

    kind: str
    places: tuple[int, ...]
    odds: float | None
    parts: tuple[tuple[int, int, int | None], ...] = ()
    callers: tuple[int, ...] = ()
    buffers: tuple[int, ...] = ()
    writers: tuple[int, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return the JSON form: pointers have `parts`, and what a debugger saw is there only where one did."""
        return {key: value for key, value in asdict(self).items() if key not in _OPTIONAL or value}


def start_evidence(workspace: Workspace, codec: str, block_offset: int, start: StartEvidence) -> Evidence | None:
    """Return what proves a start, or `None` for one that is not proven."""
    if start == "traced":
        ways = workspace.traced_by(codec, block_offset)
        chance = ways == (FIRST_TOUCH,)
        passage = workspace.passage(codec, block_offset)
        odds = float(PAGE) if chance else None
        return Evidence(
            *("+".join(ways), (block_offset,), odds),
            callers=passage.callers,
            buffers=passage.buffers,
            writers=passage.writers,
        )
    if start != "pointer":
        return None
    references = workspace.index().references(codec, block_offset)
    if not references:
        return None
    strongest = max(references, key=lambda one: one.table.evidence)
    nats = strongest.table.evidence
    odds = None if math.isinf(nats) else math.exp(min(nats, _MOST_NATS))
    places, parts = tuple(one.offset for one in references), tuple(one.parts for one in references)
    return Evidence(strongest.shape, places, odds, parts)


@dataclass(frozen=True, slots=True)
class Proven:
    """How many of a ROM's listed blocks have a proven start.

    Args:
        blocks: Listed blocks.
        starts: Number of them by the evidence for their start.
        kinds: Number of proven ones by the kind of their evidence.
    """

    blocks: int
    starts: dict[StartEvidence, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def proven(self) -> int:
        """Number of blocks whose start is traced or pointed to: they can be edited without `--force`."""
        return self.starts.get("traced", 0) + self.starts.get("pointer", 0)


def count_proven(blocks: Iterable[tuple[ListedBlock, Evidence | None]]) -> Proven:
    """Count blocks by what proves their start."""
    listed = list(blocks)
    starts: dict[StartEvidence, int] = {"traced": 0, "pointer": 0, "adjacent": 0, "content": 0}
    kinds: dict[str, int] = {}
    for block, evidence in listed:
        starts[block.start] += 1
        if evidence is not None:
            kinds[evidence.kind] = kinds.get(evidence.kind, 0) + 1
    return Proven(len(listed), starts, dict(sorted(kinds.items())))
