"""Image: a ROM file as a value, with its copier header removed, its mapping detected and its identity hashed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Buffer
from collections.abc import Mapping as Blocks
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import TRANSFORMS, Block, Codec, CodecError, RomError, RomIdentity, Transform
from numpy.typing import NDArray

from halscope._boot_code import boots
from halscope._files import read_limited
from halscope._rom_file import COPIER_BYTES, LIKELY, copier_header_bytes
from halscope.rom import mapping as addresses
from halscope.rom._interleaved import may_be_interleaved
from halscope.rom.block_transforms import BlockTransforms
from halscope.rom.checksum import Rule, corrected, is_right
from halscope.rom.edges import Crossing, EdgeRules, Ranges, as_read, first_edge, ranges_of, search_window
from halscope.rom.header import Header, candidates, read_header
from halscope.rom.mapping import Mapping

LIMIT: Final = 16 << 20
"""Largest accepted image in bytes: the whole 24-bit address space."""

_SMALLEST: Final = 0x8000

_CONTAINERS: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b\x08", "a gzip file"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"BPS1", "a BPS patch"),
    (b"PATCH", "an IPS patch"),
    (b"NES\x1a", "a NES image"),
)


class Stream(NamedTuple):
    """A stream as a decoder reads it.

    Args:
        block: What it decodes to.
        ranges: The stretches of the file that hold it, in the order in which they are read.
    """

    block: Block
    ranges: Ranges


@dataclass(frozen=True, slots=True, eq=False)
class Rom:
    """A ROM image. Two images with the same `sha256` are the same game.

    Args:
        data: uint8[n], read-only, without copier header.
        name: Name used in messages.
        path: The file it was read from, or `None`.
        copier_header: The 512 bytes that a copier stored before the image, or empty.
        header: The internal header. If the mapping was given or concluded from the code, whatever is in its place.
        checksum_rule: The rule by which the header's checksum may be corrected, or `None`: there is no header, or its
            checksum follows no rule that is known for this cartridge.
        warnings: Oddities of the image, one line each.
        sha256: Hash of `data` in lower-case hex, as are `sha1` and `crc32` (8 digits).
        edges: How the game's decoders read across bank edges, as far as it is known (`Workspace` fills it in).
        transforms: The transforms that the game may use: those that every ROM has, and those of its profile (likewise).
        block_transforms: Which of them its blocks have, as far as it is known (likewise).
        moved: Blocks that edits of a running game have moved, by their codec and offset in the ROM that it was loaded
            from: where `data` has them. They are read there.
    """

    data: NDArray[np.uint8] = field(repr=False)
    name: str
    path: Path | None
    copier_header: bytes = field(repr=False)
    header: Header
    checksum_rule: Rule | None
    warnings: tuple[str, ...]
    sha256: str
    sha1: str
    crc32: str
    edges: EdgeRules = field(default_factory=dict, repr=False)
    transforms: tuple[Transform, ...] = field(default=TRANSFORMS, repr=False)
    block_transforms: BlockTransforms = field(default_factory=BlockTransforms, repr=False)
    moved: Blocks[tuple[str, int], int] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, path: Path | str, mapping: Mapping | None = None) -> Rom:
        """Read a ROM file.

        Args:
            path: The file. A copier header is recognised by a file size of 512 bytes more than a multiple of 1 KiB, or
                by an internal header that is 512 bytes further on.
            mapping: Use this mapping instead of finding the header (for an image with a damaged header).

        Raises:
            UsageError: The file is missing, a directory, unreadable or larger than 16 MiB.
            RomError: It is not a usable SNES ROM. The message says why.
        """
        path = Path(path)
        data = read_limited(path, LIMIT + COPIER_BYTES, "SNES ROM")
        return cls.from_bytes(data, str(path), mapping=mapping, path=path)

    @classmethod
    def from_bytes(
        cls, data: Buffer, name: str = "ROM", *, mapping: Mapping | None = None, path: Path | None = None
    ) -> Rom:
        """Create a ROM from a copy of a file's bytes. Arguments and RomError as for `load`."""
        whole = bytes(data)
        _refuse_what_is_no_image(whole, name)
        stripped = copier_header_bytes(whole)
        image, copier_header = whole[stripped:], whole[:stripped]
        if len(image) > LIMIT:
            raise RomError(f"{name}: {len(image)} bytes, more than the {LIMIT} that a SNES can address; not a SNES ROM")
        rom = np.frombuffer(image, np.uint8)
        header = _find_header(rom, name) if mapping is None else _forced_header(rom, mapping, name)
        rule = _checksum_rule(rom, header)
        return cls(
            data=rom,
            name=name,
            path=path,
            copier_header=copier_header,
            header=header,
            checksum_rule=rule,
            warnings=tuple(_warnings(rom, header, rule, forced=mapping is not None)),
            sha256=hashlib.sha256(image).hexdigest(),
            sha1=hashlib.sha1(image, usedforsecurity=False).hexdigest(),
            crc32=f"{zlib.crc32(image):08x}",
        )

    @property
    def mapping(self) -> Mapping:
        """How the cartridge maps the image into the console's address space."""
        return self.header.mapping

    @property
    def has_header(self) -> bool:
        """Whether the image has an internal header; if not, `title` and `map_mode` mean nothing."""
        return self.header.score >= LIKELY

    @property
    def header_offset(self) -> int:
        """File offset of the internal header in `data`."""
        return self.header.offset

    @property
    def title(self) -> str:
        """The internal header's title."""
        return self.header.title

    @property
    def map_mode(self) -> int:
        """The internal header's map mode byte ($FFD5)."""
        return self.header.map_mode

    @property
    def score(self) -> float:
        """How much the internal header looks like one, 0 to 1."""
        return self.header.score

    @property
    def identity(self) -> RomIdentity:
        """The ROM's identity, as used in snapshots."""
        return RomIdentity(path=None if self.path is None else str(self.path), sha1=self.sha1, sha256=self.sha256)

    def read(self, snes_address: int) -> int | None:
        """Return the byte at a 24-bit address, or `None` if it is not ROM or has more than 24 bits."""
        offset = self.to_offset(snes_address) if 0 <= snes_address <= 0xFFFFFF else None
        return None if offset is None else int(self.data[offset])

    def window(self, codec: str) -> int:
        """Return the multiple in bytes that streams of a codec do not cross in a search; 0 means no limit. If the rule
        of the game's decoder is not known, streams across an edge are found too, and need a pointer as proof."""
        return search_window(self.mapping, self.edges.get(codec))

    def stream_ranges(self, codec: str, offset: int, size: int) -> Ranges:
        """Return the stretches of the file that hold a stream of `size` packed bytes, by the rule of its decoder."""
        return ranges_of(self.mapping, self.edges.get(codec), offset, size)

    def crossed_edge(self, offset: int, size: int) -> int | None:
        """Return the file offset of the first bank edge inside `size` bytes from `offset` on, or `None`."""
        return first_edge(self.mapping, offset, size)

    def decode(self, codec: Codec, offset: int) -> Block:
        """Decode the stream at a file offset as the game's decoder reads it; see `read_stream`."""
        return self.read_stream(codec, offset).block

    def read_stream(self, codec: Codec, offset: int) -> Stream:
        """Decode the stream at a file offset as the game's decoder reads it.

        If the rule of the game's decoder is not known, it is read on in the file. If no stream begins there then, it is
        read as by a decoder that wraps at the end of the bank.

        Raises:
            CodecError: No stream begins there, or it runs past the end of what the decoder can read.
        """
        rule = self.edges.get(codec.name)
        offset = self.moved.get((codec.name, offset), offset)
        try:
            block = codec.decode(self.data, offset)
        except CodecError:
            # Beyond the image, or a bank that is not whole, there is nothing to wrap around.
            whole = 0 <= offset < self.data.size // (self.mapping.window or 1) * self.mapping.window
            if rule not in (None, "wrap") or not whole:
                raise
            rule = "wrap"
        else:
            if rule != "wrap" or self.crossed_edge(offset, block.consumed) is None:
                return Stream(block, ((offset, offset + block.consumed),))
        block = replace(codec.decode(as_read(self.data, self.mapping, rule, offset)), offset=offset)
        return Stream(block, ranges_of(self.mapping, rule, offset, block.consumed))

    def crossing(self, codec: str, stream: Stream) -> Crossing | None:
        """Return how a stream of this codec was read across a bank edge, or `None` if it crosses none."""
        edge = self.crossed_edge(stream.block.offset, stream.block.consumed)
        return None if edge is None else Crossing(edge, len(stream.ranges) > 1, self.edges.get(codec))

    def to_snes(self, rom_offset: int) -> int:
        """`mapping.to_snes` for this image."""
        return addresses.to_snes(self.mapping, rom_offset, self.data.size)

    def to_offset(self, snes_address: int) -> int | None:
        """`mapping.to_offset` for this image."""
        return addresses.to_offset(self.mapping, snes_address, self.data.size)


def _refuse_what_is_no_image(data: bytes, name: str) -> None:
    if not data:
        raise RomError(f"{name}: is empty; give a SNES ROM")
    for magic, what in _CONTAINERS:
        if data.startswith(magic):
            raise RomError(f"{name}: is {what}, not a SNES ROM; give the .sfc or .smc file itself")
    size = len(data) - (COPIER_BYTES if len(data) % 1024 == COPIER_BYTES else 0)
    if size < _SMALLEST:
        raise RomError(f"{name}: {size} bytes; a SNES ROM has {_SMALLEST} or more: truncated, or another kind of file")


def _find_header(rom: NDArray[np.uint8], name: str) -> Header:
    best = candidates(rom)[0]
    if best.score >= LIKELY and best.map_mode_fits:
        return best
    if best.score >= LIKELY and best.swapped_halves and may_be_interleaved(rom, best.mapping):
        kind = "HiROM" if best.map_mode & 0xF in (0x1, 0x5) else "LoROM"
        raise RomError(
            f"{name}: looks interleaved: its header at {best.offset:#x} has map mode ${best.map_mode:02X} ({kind}), "
            "which belongs in the other half bank; deinterleave the file (with ucon64 --deint), or "
            f"name the mapping (--mapping {best.mapping.value}) if only that byte is wrong"
        )
    if best.score >= LIKELY:
        return best
    if (bootable := _bootable(rom)) is not None:
        return bootable
    raise RomError(
        f"{name}: no SNES header: the best place is {best.offset:#x} with a score of {best.score:.2f}, but "
        f"{LIKELY:.2f} is needed, and no reset vector leads to plausible code; not a SNES ROM, or damaged "
        "(if it runs in an emulator, name its mapping with --mapping)"
    )


def _bootable(rom: NDArray[np.uint8]) -> Header | None:
    """Return what is in the place of the header where code at the reset vector is plausible: programs run without."""
    order = (Mapping.EXHIROM, Mapping.EXLOROM, Mapping.LOROM, Mapping.HIROM)  # the first two need more than 4 MiB
    for mapping in order:
        header = read_header(rom, mapping)
        if header is not None and boots(rom, mapping.page_offset):
            return header
    return None


def _forced_header(rom: NDArray[np.uint8], mapping: Mapping, name: str) -> Header:
    header = read_header(rom, mapping)
    if header is None:
        raise RomError(
            f"{name}: {rom.size} bytes; a ROM with the {mapping.value} mapping has its header at "
            f"{mapping.header_offset:#x}; name another mapping"
        )
    return replace(header, mapping=mapping)  # the caller's choice wins over header bytes that say SA-1


def _checksum_rule(rom: NDArray[np.uint8], header: Header) -> Rule | None:
    """Return the rule that the stored checksum follows; where it follows none, the board's, if that is an ordinary one.

    A stale checksum is common (hacks, homebrew) and may be corrected, but only where it is certain how it is counted.
    """
    if header.score < LIKELY:
        return None
    rules = header.checksum_rules(rom.size)
    for rule in rules:
        if is_right(rom, header.offset, rule):
            return rule
    ordinary = header.map_mode_fits and header.chip_note is None and rom.size % _SMALLEST == 0
    return rules[0] if ordinary or header.is_satellaview else None


def _warnings(rom: NDArray[np.uint8], header: Header, rule: Rule | None, *, forced: bool) -> list[str]:
    lines: list[str] = []
    if header.score < LIKELY:
        why = "as given" if forced else "because the code at its reset vector is plausible (else give --mapping)"
        lines.append(f"no header at {header.offset:#x}; the mapping is {header.mapping.value} {why}")
        return lines
    if not header.map_mode_fits:
        lines.append(
            f"map mode ${header.map_mode:02X} does not match the place of the header at {header.offset:#x}; "
            f"read as {header.mapping.value}"
            + ("; deinterleave the file if a copier wrote it in halves" if header.swapped_halves else "")
        )
    if header.chip_note is not None:
        lines.append(f"a cartridge with {header.chip_note}: addresses are those of plain {header.mapping.value}")
    if rom.size % _SMALLEST:
        lines.append(f"{rom.size} bytes, not a multiple of 32 KiB: truncated or padded")
    if rom.size > 4 << 20 and header.ends_at_4_mib:
        lines.append(f"{rom.size} bytes, but {header.mapping.value} ends at 4 MiB: what follows has no address")
    declared = header.declared_bytes
    if declared is not None and rom.size > declared:
        repeats = bool(np.array_equal(rom[declared : 2 * declared], rom[: min(declared, rom.size - declared)]))
        what = "what follows repeats the beginning (an overdump)" if repeats else "overdumped, or expanded by a hack"
        lines.append(f"{rom.size} bytes, but the header says {declared}: {what}")
    elif declared is not None and rom.size <= declared // 2:
        lines.append(f"{rom.size} bytes, but the header says {declared}: perhaps truncated")
    if rule is None:
        lines.append(
            f"the header's checksum ${header.checksum:04X} follows no rule that is known for this cartridge; "
            "edits leave it as it is"
        )
    elif not is_right(rom, header.offset, rule):
        checksum = corrected(rom, header.offset, rule)
        lines.append(
            f"the header's checksum is ${header.checksum:04X}, the image's ${checksum:04X}: changed or damaged"
        )
    return lines
