"""What is known of the transforms of a ROM's blocks: those that a game's profile names."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnlyDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from halscope_hooks import NO_TRANSFORM, Transform
from numpy.typing import NDArray

NOT_KNOWN: Final = 0xFF
"""Row of a start about whose tiles nothing is known; as kNotKnown in cpp/locate/ranking.hpp."""


@dataclass(frozen=True, slots=True)
class BlockTransforms:
    """How a game converts the tiles of its blocks, by name.

    Args:
        of_codec: The transform of all blocks of a codec, by the codec's name.
        of_block: The transform of single blocks, by codec and file offset. It wins over that of the codec.
    """

    of_codec: ReadOnlyDict[str, str] = field(default_factory=dict)
    of_block: ReadOnlyDict[tuple[str, int], str] = field(default_factory=dict)

    def get(self, codec: str, block_offset: int) -> str | None:
        """Return the name of the transform of a block, "none" for tiles that are not converted, `None` if unknown."""
        return self.of_block.get((codec, block_offset), self.of_codec.get(codec))

    def names_of(self, starts: NDArray[Any], codecs: Sequence[str]) -> dict[int, str]:
        """Return the transform of each start of which it is known, by the start's row.

        Args:
            starts: START_DTYPE.
            codecs: Names of the codecs, indexed by the field `codec`.
        """
        found: dict[int, str] = {}
        for number, codec in enumerate(codecs):
            if (name := self.of_codec.get(codec)) is not None:
                found.update(dict.fromkeys(np.flatnonzero(starts["codec"] == number).tolist(), name))
        if self.of_block:
            order = np.argsort(starts["offset"], kind="stable")
            offsets = starts["offset"][order]
            for (codec, offset), name in self.of_block.items():
                first, end = np.searchsorted(offsets, [offset, offset + 1]).tolist()
                found.update(
                    dict.fromkeys(
                        (row for row in order[first:end].tolist() if codecs[starts["codec"][row]] == codec), name
                    )
                )
        return found


def expected_rows(names: ReadOnlyDict[int, str], count: int, transforms: Sequence[Transform]) -> NDArray[np.uint8]:
    """Return the transforms of starts as rows of the index's table: uint8[count], 0 for tiles whose bytes stand in VRAM
    as they are, `NOT_KNOWN` if nothing is known or the transform is not in the table.

    Args:
        names: What `BlockTransforms.names_of` returned.
        count: Number of starts.
        transforms: The rows of the table, from row 1 on, and any that change no bytes.
    """
    changing = [transform.name for transform in transforms if transform.changes_bytes]
    rows = {NO_TRANSFORM: 0, **dict.fromkeys((transform.name for transform in transforms), 0)}
    rows |= {name: row for row, name in enumerate(changing, 1)}
    expected = np.full(count, NOT_KNOWN, np.uint8)
    for start, name in names.items():
        expected[start] = rows.get(name, NOT_KNOWN)
    return expected
