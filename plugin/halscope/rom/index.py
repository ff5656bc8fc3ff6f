"""Index: find every tile in a ROM, in compressed blocks and in plain bytes, at any byte alignment."""

from __future__ import annotations

import hashlib
from collections.abc import Buffer, Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from halscope_hooks import (
    NO_TRANSFORM,
    RAW_CODEC,
    TILE_BYTES,
    VRAM_TILES,
    Block,
    Codec,
    Origin,
    StartEvidence,
    Transform,
    UsageError,
    VramOrigins,
)
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._codec import CancelToken
from halscope.rom import cache
from halscope.rom._outputs import BestOutputs, decode_outputs
from halscope.rom._stored_index import cache_key, fits
from halscope.rom.block_transforms import expected_rows
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.edges import Ranges
from halscope.rom.image import Rom
from halscope.rom.origin import Origins, SegmentBlocks, atlas_of, is_plausible, packed_bytes
from halscope.rom.proven_streams import ProvenStreams
from halscope.rom.ranking import (
    START_KINDS,
    KnownStarts,
    Starts,
    best_of_families,
    find_families,
    promoted,
    without_executed,
)
from halscope.rom.references import KnownTable, Reference, References
from halscope.rom.vram_tracker import answer, tile_bytes

MOST_PLACES: Final = 256
"""Maximum number of places examined per tile. A tile with more is a common pattern and identifies nothing."""

Progress = Callable[[int, int], None]

_STEPS: Final = 3

_BLOCK_DTYPE: Final = np.dtype(
    [("offset", "<u4"), ("packed_size", "<u4"), ("size", "<u4"), ("codec", "U16"), ("score", "<f4"), ("start", "U8")]
)


class RomIndex:
    """The index of a ROM's graphics. Immutable and thread-safe.

    Args:
        rom: The image.
        codecs: The codecs that the index was built with, in this order.
        families: START_DTYPE, every kept start; families ordered by offset, best start first, except where a start was
            traced later (`with_traced`).
        arrays: The decoded outputs, their bounds, the fingerprint table, and the references with their tables.
        transforms: The transforms that tiles are looked up under, besides plainly; by default those of the ROM. Tiles
            of blocks whose transform is known (`Rom.block_transforms`) are looked up under it first. A transform that
            changes the order of tiles alone is named for the plain tiles of the blocks that are known to have it.
    """

    def __init__(
        self,
        rom: Rom,
        codecs: Sequence[Codec],
        families: Starts,
        arrays: cache.Arrays,
        transforms: Sequence[Transform] | None = None,
    ) -> None:
        self.rom = rom
        self.codecs = tuple(codecs)
        self.transforms = rom.transforms if transforms is None else tuple(transforms)
        self.families = families
        self._outputs, self._bounds = arrays["outputs"], arrays["bounds"]
        self._buckets, self._positions = arrays["buckets"], arrays["positions"]
        self._references = References(arrays["references"], arrays["tables"])
        names = tuple(codec.name for codec in codecs)
        known = rom.block_transforms.names_of(families, names)
        orders = {transform.name for transform in self.transforms if not transform.changes_bytes}
        self._blocks = SegmentBlocks(families, names, {row: name for row, name in known.items() if name in orders})
        self._best = best_of_families(families)
        self._atlas = atlas_of(
            families,
            self._best,
            self._outputs,
            self._bounds,
            rom,
            names,
            (self._buckets, self._positions),
            self.transforms,
            expected_rows(known, len(families), self.transforms),
            MOST_PLACES,
        )
        changing = (transform.name for transform in self.transforms if transform.changes_bytes)
        self._transform_names = (NO_TRANSFORM, *changing)

    @classmethod
    def build(
        cls,
        rom: Rom,
        codecs: Sequence[Codec],
        *,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        known_starts: KnownStarts | None = None,
        known_tables: Sequence[KnownTable] = (),
        transforms: Sequence[Transform] | None = None,
        threads: int = 0,
    ) -> Self:
        """Index a ROM: scan it, rank the starts, decode them, and fingerprint the outputs and the ROM itself.

        Args:
            rom: The image. Streams cross bank edges by the rules of its decoders (`Rom.edges`).
            codecs: The codecs. Native ones take a fast path through C++.
            progress: Called with (steps done, total steps).
            cancel: Once cancelled, from any thread, the work ends within milliseconds. A third-party codec's scan is
                given the token; if it does not poll it, the build waits for the scan.
            known_starts: See `find_families`.
            known_tables: See `find_families`.
            transforms: See `RomIndex`.
            threads: Maximum number of C++ threads; 0 means one per core, up to four. Does not affect the result.

        Raises:
            CancelledError: `cancel` was cancelled.
            UsageError: Two codecs have the same name, or one is called "raw".
        """
        _check_names(codecs)
        report = progress or (lambda _done, _total: None)
        report(0, _STEPS)
        found = find_families(
            rom, codecs, cancel=cancel, known_starts=known_starts, threads=threads, known_tables=known_tables
        )
        report(1, _STEPS)
        families, outputs, bounds = decode_outputs(rom, codecs, found.starts, cancel)
        report(2, _STEPS)
        buckets, positions = _codec.locate_build(outputs, bounds, rom.data, cancel, threads)
        report(_STEPS, _STEPS)
        stop_if_cancelled(cancel)
        arrays: cache.Arrays = {
            "outputs": outputs,
            "bounds": bounds,
            "buckets": buckets,
            "positions": positions,
            "references": found.references.rows,
            "tables": found.references.tables,
        }
        for array in arrays.values():
            array.flags.writeable = False
        return cls(rom, codecs, families, arrays, transforms)

    @classmethod
    def load_or_build(
        cls,
        rom: Rom,
        codecs: Sequence[Codec],
        *,
        cache_dir: Path | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        known_starts: KnownStarts | None = None,
        known_tables: Sequence[KnownTable] = (),
        transforms: Sequence[Transform] | None = None,
        threads: int = 0,
        fresh: bool = False,
    ) -> Self:
        """Load the index from the cache if it holds this ROM and these codecs; otherwise build and store it.

        An unusable cache is not an error.

        Args:
            rom: The image. Its SHA-256 names the cache file.
            codecs: See `build`. A codec's `version` attribute, if present, is part of the cache key. If a codec's
                `failed` attribute is true after the build, the index is not stored.
            cache_dir: Folder of the cache; by default HALSCOPE_CACHE_DIR or the user's cache folder.
            progress: See `build`; not called if the index comes from the cache.
            cancel: See `build`.
            known_starts: See `build`; part of the cache key.
            known_tables: See `build`; part of the cache key.
            transforms: See `build`; not part of the cache.
            threads: See `build`.
            fresh: Build and store the index even if the cache has one.
        """
        _check_names(codecs)
        key = cache_key(rom, codecs, known_starts, known_tables)
        folder = cache.default_folder() if cache_dir is None else cache_dir
        path = folder / f"index-{hashlib.sha256(key.encode()).hexdigest()[:32]}.bin"
        stored = None if fresh else cache.load(path, key)
        if stored is not None and fits(stored, rom, len(codecs)):
            return cls(rom, codecs, stored["families"], stored, transforms)
        index = cls.build(
            rom,
            codecs,
            progress=progress,
            cancel=cancel,
            known_starts=known_starts,
            known_tables=known_tables,
            transforms=transforms,
            threads=threads,
        )
        if not any(getattr(codec, "failed", False) for codec in codecs):
            about = {"rom": Path(rom.name).name, "title": rom.title, "sha256": rom.sha256}
            cache.store(path, key, index._arrays(), about | {"codecs": [codec.name for codec in codecs]})
        return index

    def with_transforms(self, transforms: Sequence[Transform]) -> RomIndex:
        """Return this index, looking tiles up under other transforms."""
        return RomIndex(self.rom, self.codecs, self.families, self._arrays(), transforms)

    def with_traced(self, traced: KnownStarts) -> RomIndex:
        """Return this index, knowing that blocks begin at these offsets because the game was seen reading them there.

        Starts that the index does not have are left out (see `lacks`); for those, build it with `known_starts`.
        """
        families = promoted(self.families, [codec.name for codec in self.codecs], traced)
        return RomIndex(self.rom, self.codecs, families, {**self._arrays(), "families": families}, self.transforms)

    def without_executed(self, executed: NDArray[np.bool_]) -> RomIndex:
        """Return this index without the blocks whose packed bytes hold code, unless their start was traced.

        Args:
            executed: bool[n], by file offset: bytes that a debugger saw the game execute.
        """
        families = without_executed(self.families, executed)
        return RomIndex(self.rom, self.codecs, families, {**self._arrays(), "families": families}, self.transforms)

    def lacks(self, starts: KnownStarts) -> dict[str, NDArray[np.uint32]]:
        """Return those of the starts that this index does not have, ascending, by codec."""
        missing = {}
        for number, codec in enumerate(self.codecs):
            known = {*self.families["offset"][self.families["codec"] == number].tolist()}
            offsets = sorted({*np.asarray(starts.get(codec.name, ())).tolist()} - known)
            if offsets:
                missing[codec.name] = np.array(offsets, np.uint32)
        return missing

    def start_of(self, codec: str, block_offset: int) -> StartEvidence | None:
        """Return the evidence for the start of a block; `None` if the index does not know a start there."""
        names = [each.name for each in self.codecs]
        if codec not in names:
            return None
        known = (self.families["offset"] == block_offset) & (self.families["codec"] == names.index(codec))
        rows = np.flatnonzero(known)
        return START_KINDS[self.families["start"].item(rows[0])] if len(rows) else None

    def shown_families(self, origins: VramOrigins) -> NDArray[np.uint32]:
        """Return the numbers of the families that the best origins of a VRAM belong to, each once, ascending.

        Args:
            origins: Located by this index, or by one that was made from it by `with_traced`.
        """
        shown = np.zeros(int(self.families["family"].max(initial=0)) + 1, np.bool_)
        if isinstance(origins.origins, Origins):
            segments = origins.origins.best_segments()
            shown[self.families["family"][segments[segments < len(self.families)]]] = True
        return np.flatnonzero(shown).astype(np.uint32)

    def proven_streams(self, ranges: Ranges) -> tuple[Origin, ...]:
        """Return the blocks with a proven start ("traced" or "pointer") whose packed bytes share any with these
        stretches of the file, as the origins of their first bytes."""
        return self._proven.sharing(ranges)

    @cached_property
    def _proven(self) -> ProvenStreams:
        return ProvenStreams(self.rom, [codec.name for codec in self.codecs], self.families)

    @property
    def blocks(self) -> NDArray[Any]:
        """The best start of each family, one row each, ascending: offset, packed_size, size (uint32), codec (str),
        score (float32, estimated chance that a block begins exactly here), start (str, evidence for the start)."""
        best = self.best_starts
        blocks = np.empty(len(best), _BLOCK_DTYPE)
        for field in ("offset", "packed_size", "size", "score"):
            blocks[field] = best[field]
        blocks["codec"] = np.array([codec.name for codec in self.codecs] or [""])[best["codec"]] if len(best) else ""
        blocks["start"] = np.array(START_KINDS)[best["start"]]
        return blocks

    @property
    def best_starts(self) -> Starts:
        """The best start of each family as START_DTYPE, ascending by offset."""
        best: Starts = self.families[self._best]
        return best[np.argsort(best["offset"], kind="stable")]

    @property
    def pointers(self) -> References:
        """The pointers that lead to its starts."""
        return self._references

    def best_outputs(self) -> BestOutputs:
        """Return the decoded bytes of the best start of each family."""
        starts, bounds = self.families[self._best], self._bounds.astype(np.int64)
        parts = [self._outputs[bounds[row] : bounds[row + 1]] for row in self._best.tolist()]
        sizes = np.array([len(part) for part in parts], np.int64)
        packed = packed_bytes(starts[is_plausible(starts)], self.rom, [codec.name for codec in self.codecs])
        return BestOutputs(starts, np.concatenate([np.empty(0, np.uint8), *parts]), np.cumsum(sizes), packed)

    def block(self, origin: Origin | tuple[str, int]) -> Block:
        """Decode the block of an origin, or at (codec name, file offset).

        Raises:
            UsageError: The codec is not part of this index ("raw" bytes are not a block).
            CodecError: No stream begins there.
        """
        name, offset = (origin.codec, origin.block_offset) if isinstance(origin, Origin) else origin
        return self.rom.decode(self.codecs[self._number_of(name)], offset)

    def references(self, codec: str, block_offset: int) -> tuple[Reference, ...]:
        """Return the pointers that lead to a start, ascending by their location in the ROM.

        Only entries of tables are returned: they are the evidence for starts known by "pointer". A start that shares
        its offset with a start of another codec has the same pointers, and they are no evidence for it.

        Args:
            codec: Name of the codec.
            block_offset: ROM offset of the start.

        Returns:
            The references; empty if no table leads to the start or the index does not know it.

        Raises:
            UsageError: The codec is not part of this index.
        """
        number = self._number_of(codec)
        families = self.families
        known = (families["offset"] == block_offset) & (families["codec"] == number)
        return self._references.of(block_offset, number) if known.any() else ()

    @property
    def every_reference(self) -> References:
        """All pointers that lead to starts, with their tables."""
        return self._references

    def informative(self, tiles: Buffer | NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return bool[n]: which tiles hold at least three distinct byte values. The others (blank, one flat colour,
        plain stripes) occur in hundreds of places and are not looked up."""
        return _codec.locate_informative(tile_bytes(tiles))

    def lookup(self, tiles: Buffer | NDArray[np.uint8]) -> tuple[tuple[Origin, ...], ...]:
        """Look up each tile on its own and return its origins, best first.

        Args:
            tiles: uint8[n, 32], or a buffer of n × 32 bytes.

        Returns:
            n tuples. The best start of every distinct place comes first: blocks with a proven start, then other blocks,
            plain bytes, plain bytes inside a block's stream, and doubtful blocks. The twins follow, at most 8 starts
            per place. Every origin holds exactly the tile's bytes, or the stored bytes that its transform expands to
            them; transforms are named only where they explain the tile better than plain bytes. Empty if no place is
            known or the tile is not informative.

        Raises:
            UsageError: The length is not a multiple of 32.
        """
        return tuple(answer(self, _codec.LocateFollower(self._atlas, neighbours=False), tile_bytes(tiles)).origins)

    def locate(self, tiles: Buffer | NDArray[np.uint8]) -> VramOrigins:
        """Like `lookup`, but ranked by context: tiles that are neighbours both here and in a block count in its favour.

        Args:
            tiles: uint8[n, 32] or a buffer; any number of tiles in VRAM order, 16 per row of the sprite page.
        """
        return answer(self, self.follower(), tile_bytes(tiles))

    def locate_vram(self, vram: Buffer | NDArray[np.uint8]) -> VramOrigins:
        """Look up every 32-byte tile of VRAM, ranked by context like `locate`.

        Args:
            vram: uint8[65536].

        Raises:
            UsageError: It has a different length.
        """
        data = tile_bytes(vram)
        if len(data) != VRAM_TILES * TILE_BYTES:
            raise UsageError(f"a VRAM has 65536 bytes, not {len(data)}")
        return self.locate(data)

    def matches(self, tiles: NDArray[np.uint8]) -> NDArray[Any]:
        """Return all matches without ranking: (tile, segment, offset), ascending by tile. A segment is a row of
        `families`, or one past the last for the ROM itself."""
        return _codec.locate_lookup(
            self._outputs, self._bounds, self.rom.data, self._buckets, self._positions, tiles, MOST_PLACES
        )

    def follower(self) -> _codec.LocateFollower:
        """Return a follower, which caches its results and after a change looks up only what depends on the change."""
        return _codec.LocateFollower(self._atlas)

    def origins(self, first: NDArray[np.uint32], answers: NDArray[Any]) -> Origins:
        """Convert a follower's answers to origins."""
        return Origins(self._blocks, first, answers, self._transform_names)

    def _number_of(self, name: str) -> int:
        names = [codec.name for codec in self.codecs]
        if name not in names:
            known = ", ".join(names) or "none"
            raise UsageError(f'no codec "{name}" in the index of {self.rom.name}; it has: {known}')
        return names.index(name)

    def _arrays(self) -> cache.Arrays:
        return {
            "families": self.families,
            "outputs": self._outputs,
            "bounds": self._bounds,
            "buckets": self._buckets,
            "positions": self._positions,
            "references": self._references.rows,
            "tables": self._references.tables,
        }


def _check_names(codecs: Sequence[Codec]) -> None:
    names = [codec.name for codec in codecs]
    if len(set(names)) != len(names) or RAW_CODEC in names:
        raise UsageError(f'codecs need different names, none of them "raw", not: {", ".join(names)}')
