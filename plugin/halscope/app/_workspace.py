"""A ROM and everything known about it: its image, its game, the plugins' codecs, and its index."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from halscope_hooks import Codec, GameProfile, HalscopeError

from halscope._codec import CancelToken
from halscope.app._game_files import game_beside, open_rom
from halscope.app._known_game import KnownGame, known_game
from halscope.app._listed_blocks import LISTED_SCORE, ListedBlock
from halscope.app._rom_notes import RomNotes
from halscope.codecs.simcity import SIMCITY
from halscope.games import load_game
from halscope.plugins import Plugins
from halscope.rom.edited_tiles import EditedTiles
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping, parse_mapping
from halscope.rom.ranking import KnownStarts
from halscope.rom.tracing import DECODER_CALL, FIRST_TOUCH, Passage, TracedStart
from halscope.rom.vram_tracker import VramTracker

if TYPE_CHECKING:  # neither is needed to read a ROM, and the rooms take a tenth of a second to load
    from halscope.app._known_figures import KnownFigures
    from halscope.app._palette_places import PaletteWatch
    from halscope.inject import ColourEdit
    from halscope.project import Knowledge, KnowledgeFile
    from halscope.rom.colours import ColourIndex
    from halscope.session import Locate

log: Final = logging.getLogger("halscope.app")

Progress = Callable[[int, int], None]

_SEARCHED_WHERE_NAMED: Final[tuple[Codec, ...]] = (SIMCITY,)
"""Codecs used in the search of a ROM only if its game's profile names them: a single game uses them, and each further
codec makes the search up to a third slower."""


@dataclass(frozen=True, slots=True)
class RunningRom:
    """The ROM as a running game contains it.

    Args:
        rom: The image with the edits, under the identity of the original; `None` without edits.
        edited: The tiles that the edits have made.
        colours: The colours that the edits have made.
    """

    rom: Rom | None = None
    edited: EditedTiles = field(default_factory=EditedTiles)
    colours: tuple[ColourEdit, ...] = ()


class Workspace:
    """One ROM, opened for work. Use `Workspace.open`."""

    def __init__(
        self, rom: Rom, plugins: Plugins, profile: GameProfile | None = None, *, fresh_index: bool = False
    ) -> None:
        self._image = rom
        self.plugins = plugins
        self._profile = profile
        self._fresh_index = fresh_index
        self._index: RomIndex | None = None
        self._colours: ColourIndex | None = None
        self._traced: frozenset[TracedStart] = frozenset()  # replaced as a whole: two threads may use it
        self._reads: frozenset[int] = frozenset()  # likewise
        self._colour_reads: frozenset[int] = frozenset()  # likewise
        self._passages: dict[tuple[str, int], Passage] = {}  # likewise
        self._rom_notes: RomNotes | None = None
        self._figures: KnownFigures | None = None
        self.running = RunningRom()
        """What the edits in the running game have made of the ROM; replaced as a whole."""

    @classmethod
    def open(
        cls,
        path: Path | str,
        plugins: Plugins | None = None,
        *,
        mapping: Mapping | str | None = None,
        profile: Path | GameProfile | None = None,
        fresh_index: bool = False,
    ) -> Workspace:
        """Read the ROM.

        Args:
            path: The ROM file.
            plugins: The plugins; by default only the built-in ones.
            mapping: The ROM's mapping, or its name ("lorom"), for a ROM without a usable header; `None` finds it.
            profile: What is known of the game, or a game file with it; `None` for a `game.toml` beside the ROM if there
                is one for it, or else the profiles of the plugins.
            fresh_index: Build the index anew instead of taking it from the cache.

        Raises:
            UsageError: A file cannot be read, or there is no mapping of this name.
            RomError: It is not a SNES ROM.
            FormatError: The game file is not valid.
        """
        path = Path(path)
        mapping = parse_mapping(mapping) if isinstance(mapping, str) else mapping
        given = load_game(profile) if isinstance(profile, Path) else profile
        rom = open_rom(path, mapping, given)
        given = game_beside(path, rom) if given is None else given
        return cls(rom, Plugins() if plugins is None else plugins, given, fresh_index=fresh_index)

    @cached_property
    def game(self) -> KnownGame | None:
        """The game whose profile matches the ROM, or `None`."""
        return known_game(self._image, self.plugins.games(), self.plugins.codecs(), self._profile)

    @cached_property
    def rom(self) -> Rom:
        """The ROM, with what its game's profile knows about bank edges and transforms."""
        game = self.game
        if game is None:
            return self._image
        return replace(
            self._image, edges=game.edges, transforms=game.transforms, block_transforms=game.block_transforms
        )

    @cached_property
    def knowledge(self) -> KnowledgeFile:
        """What was learnt about this ROM, stored in the user's data folder."""
        from halscope.project import KnowledgeFile

        return KnowledgeFile(self._image.sha256)

    def known_before(self) -> Knowledge | None:
        """Return what was learnt about this ROM, or `None` if the file cannot be read, which is logged: without it less
        is known, but everything works."""
        try:
            return self.knowledge.load()
        except HalscopeError as error:
            log.warning("what was learnt about this ROM is not used: %s", error)
            return None

    @property
    def rom_notes(self) -> RomNotes:
        """What files of labels and logs of a debugger said about this ROM, now or before."""
        if self._rom_notes is None:
            known = self.known_before()
            self._rom_notes = RomNotes() if known is None else RomNotes.of(known)
        return self._rom_notes

    @property
    def figures(self) -> KnownFigures:
        """What the user has said about figures: names, merges and splits."""
        if self._figures is None:
            from halscope.app._known_figures import KnownFigures

            self._figures = KnownFigures.of(self.known_before())
        return self._figures

    def learn_figures(self, learn: Callable[[Knowledge], Knowledge]) -> None:
        """Store names, merges or splits of figures for good, and use them from now on.

        Args:
            learn: Called with what is known; returns it with additions.

        Raises:
            FormatError: The file of what is known is damaged, or was written by a newer Halscope.
            HalscopeError: It cannot be written.
        """
        from halscope.app._known_figures import KnownFigures

        self._figures = KnownFigures.of(self.knowledge.update(learn))

    def learn_notes(self, learn: Callable[[Knowledge], Knowledge]) -> None:
        """Store labels, or what was executed, for good, and use them from now on.

        Args:
            learn: Called with what is known; returns it with additions.

        Raises:
            FormatError: The file of what is known is damaged, or was written by a newer Halscope.
            HalscopeError: It cannot be written.
        """
        self._rom_notes = RomNotes.of(self.knowledge.update(learn))
        self._index = None

    def codec(self, name: str) -> Codec:
        """Return the codec of this name, built-in or from a plugin. Raises UsageError if it does not exist."""
        return self.plugins.codec(name)

    def codecs(self) -> tuple[Codec, ...]:
        """Return the codecs to search this ROM with: those of plugins, the built-in ones that its game's profile names,
        and the usual built-in ones unless the ROM's hash proves which game it is."""
        game = self.game
        used = () if game is None else game.match.profile.codecs
        sure = game is not None and game.match.by == "sha256" and bool(used)

        def is_searched(codec: Codec) -> bool:
            if codec.name in used or not self.plugins.is_built_in(codec):
                return True
            return not sure and codec not in _SEARCHED_WHERE_NAMED

        return tuple(filter(is_searched, self.plugins.codecs()))

    def index(self, progress: Progress | None = None, cancel: CancelToken | None = None, threads: int = 0) -> RomIndex:
        """Return the index of the whole ROM with the starts that were traced before, from the cache or else built on at
        most `threads` threads (0 chooses the number). Raises CancelledError once `cancel` is cancelled."""
        if self._index is None:
            self._traced |= self._traced_before()
            index = self._loaded_index(None, progress, cancel, threads)
            if missing := index.lacks(_by_codec(self._traced)):
                index = self._loaded_index(missing, progress, cancel, threads)
            if (notes := self.rom_notes).executed:
                index = index.without_executed(notes.executed_bytes(self.rom.data.size))
            self._index = index
            self._index = index.with_traced(_by_codec(self._traced))  # with what another thread has learnt meanwhile
        return self._index

    def colours(self, progress: Progress | None = None) -> ColourIndex:
        """Return the colours of the ROM, to look up those of CGRAM; built on the first call, from the index."""
        from halscope.rom.colours import ColourIndex

        index = self.index(progress)
        if self._colours is None or self._colours.index is not index:
            self._colours = ColourIndex(index)
        return self._colours

    @cached_property
    def palettes(self) -> PaletteWatch:
        """Where the colours come from that the game shows, looked up when CGRAM changes. Thread-safe."""
        from halscope.app._palette_places import PaletteWatch

        return PaletteWatch(self)

    @property
    def built_index(self) -> RomIndex | None:
        """The index, if `index` has returned it already."""
        return self._index

    def learn_starts(
        self, starts: Sequence[TracedStart], passages: Sequence[Passage] = (), *, store: bool = True
    ) -> None:
        """Mark traced starts in the index, and store them for good, with how their blocks came to VRAM.

        Starts that the index does not have at all are used from the next time on. Not for two threads at once.

        Args:
            starts: The starts.
            passages: How blocks came to VRAM that the decoder was called with.
            store: Whether to store them.

        Raises:
            FormatError: The file of what is known is damaged, or was written by a newer Halscope.
            HalscopeError: It cannot be written.
        """
        from halscope.project import ProvenStart

        self._traced |= frozenset(starts)
        self._passages = self._passages | {one[:2]: one for one in passages}
        if self._index is not None:
            self._index = self._index.with_traced(_by_codec(starts))
        if store:
            proven = [ProvenStart(one.codec, one.block_offset, "traced", by=(one.by,)) for one in starts]
            proven += [
                ProvenStart(*one[:2], "traced", (), (DECODER_CALL,), one.callers, one.buffers, one.writers)
                for one in passages
            ]
            self.knowledge.update(lambda known: known.proved(proven))

    def traced_by(self, codec: str, block_offset: int) -> tuple[str, ...]:
        """Return how a start was traced, ascending: FIRST_TOUCH, DECODER_CALL; empty if it was not."""
        return tuple(sorted(one.by for one in self._traced if one[:2] == (codec, block_offset)))

    @property
    def seen_reads(self) -> tuple[int, ...]:
        """File offsets that the game was seen reading, ascending, as far as they are kept."""
        if self._index is None:
            self._traced |= self._traced_before()
        return tuple(sorted(self._reads.union(one.block_offset for one in self._traced)))

    def learn_reads(self, offsets: Iterable[int], *, store: bool = True) -> None:
        """Note file offsets in padding that the game was seen reading, so that nothing is put there.

        Args:
            offsets: The offsets.
            store: Whether to keep them for good.

        Raises:
            FormatError: The file of what is known is damaged, or was written by a newer Halscope.
            HalscopeError: It cannot be written.
        """
        fresh = frozenset(offsets) - self._reads
        self._reads |= fresh
        if fresh and store:
            self.knowledge.update(lambda known: known.has_read_padding(fresh))

    @property
    def colour_reads(self) -> tuple[int, ...]:
        """File offsets at which the game began to read plain colours that then were in CGRAM, ascending."""
        if self._index is None:
            self._traced |= self._traced_before()
        return tuple(sorted(self._colour_reads))

    def learn_colour_reads(self, offsets: Iterable[int], *, store: bool = True) -> None:
        """Note where the game began to read plain colours: of several places of these colours, that one is theirs.

        Arguments and errors as for `learn_reads`.
        """
        fresh = frozenset(offsets) - self._colour_reads
        self._colour_reads |= fresh
        if fresh and store:
            self.knowledge.update(lambda known: known.has_read_colours(fresh))

    def passage(self, codec: str, block_offset: int) -> Passage:
        """Return how a block came to VRAM, as far as a debugger has seen it."""
        return self._passages.get((codec, block_offset), Passage(codec, block_offset))

    def _traced_before(self) -> frozenset[TracedStart]:
        """Return the traced starts in the user's data folder; none if its file cannot be read."""
        known = self.known_before()
        self._reads |= frozenset(() if known is None else known.read_padding)
        self._colour_reads |= frozenset(() if known is None else known.read_colours)
        if self._rom_notes is None:  # one reading, and one warning if it fails
            self._rom_notes = RomNotes() if known is None else RomNotes.of(known)
        self._passages = {
            (one.codec, one.block_offset): Passage(one.codec, one.block_offset, one.callers, one.buffers, one.writers)
            for one in (() if known is None else known.starts)
            if one.callers or one.buffers
        } | self._passages
        return frozenset(
            TracedStart(one.codec, one.block_offset, by)
            for one in (() if known is None else known.starts)
            if one.start == "traced"
            for by in one.by or (FIRST_TOUCH,)
        )

    def _loaded_index(
        self, starts: KnownStarts | None, progress: Progress | None, cancel: CancelToken | None, threads: int
    ) -> RomIndex:
        return RomIndex.load_or_build(
            self.rom,
            self.codecs(),
            progress=progress,
            cancel=cancel,
            known_starts=starts,
            known_tables=() if self.game is None else self.game.tables,
            threads=threads,
            fresh=self._fresh_index,
        )

    def tracker(self, progress: Progress | None = None) -> Locate:
        """Return a session's `locate` function: finds the origins of a VRAM, looking up only what changed since its
        last call. Tiles that edits of the running game have made (`running`) belong where they were made."""
        return VramTracker(self.index(progress), lambda: self.running.edited).update

    def blocks(self, min_score: float = LISTED_SCORE, codec: str | None = None) -> list[ListedBlock]:
        """Return the blocks with at least this score (of one codec), ascending by offset; of each family of streams
        only the best start."""
        return [
            ListedBlock(
                offset=int(row["offset"]),
                packed_size=int(row["packed_size"]),
                size=int(row["size"]),
                codec=str(row["codec"]),
                score=round(float(row["score"]), 4),
                start=row["start"].item(),
                crosses=self.rom.crossed_edge(int(row["offset"]), int(row["packed_size"])),
                name=self.rom_notes.name_at(int(row["offset"])),
            )
            for row in self.index().blocks
            if row["score"] >= min_score and codec in (None, row["codec"])
        ]

    def block_notes(self, blocks: Sequence[ListedBlock], codec: str | None = None) -> list[str]:
        """Return lines for the user about a list of blocks: what to do where it is empty.

        Args:
            blocks: What `blocks` returned.
            codec: The codec that it was asked for.
        """
        if blocks:
            return []
        searched = [each.name for each in self.codecs()]
        if codec not in (None, *searched):
            return [
                f"this ROM is not searched for {codec}: list all its streams with "
                f"`scan --all --codec {codec}`, or name the codec in a game file"
            ]
        likely = len(self.blocks())
        if likely:
            return [f"likely blocks of another codec, or with a lower score: {likely}; list them with `scan` alone"]
        return [
            f"no block of a known codec ({', '.join(searched)}) is likely: this game's graphics are probably "
            "uncompressed, or packed in another way; look at uncompressed tiles with `extract OFFSET --codec raw "
            "--tiles N`, find those on the screen with `play` or `inspect --rom`, and list unlikely streams with "
            "`scan --min-score 0`"
        ]

    def every_stream(self, codec: str | None = None) -> list[ListedBlock]:
        """Return every offset at which a stream decodes strictly, ascending and unranked. Most are coincidences.

        Args:
            codec: Only streams of this codec; `None` for all codecs that this ROM is searched with.
        """
        streams = [
            ListedBlock(
                offset=int(row["offset"]),
                packed_size=int(row["packed_size"]),
                size=int(row["size"]),
                codec=each.name,
                score=None,
                start="content",
                crosses=self.rom.crossed_edge(int(row["offset"]), int(row["packed_size"])),
                name=self.rom_notes.name_at(int(row["offset"])),
            )
            for each in (self.codecs() if codec is None else [self.codec(codec)])
            for row in each.scan(self.rom.data, window=self.rom.window(each.name))
        ]
        return sorted(streams, key=lambda stream: stream.offset)


def _by_codec(starts: Iterable[TracedStart]) -> KnownStarts:
    offsets: dict[str, set[int]] = {}
    for one in starts:
        offsets.setdefault(one.codec, set()).add(one.block_offset)
    return {codec: np.array(sorted(found), np.uint32) for codec, found in offsets.items()}
