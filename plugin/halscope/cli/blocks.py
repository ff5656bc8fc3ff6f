"""`halscope decompress` and `halscope compress`: decode and encode single streams."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from halscope_hooks import Block, Codec, CodecError, HalscopeError, RomError, UsageError

from halscope._files import read_limited, refuse_same, write_atomic
from halscope.app import Plugins, bare_stream
from halscope.cli._arguments._kinds import number
from halscope.cli._common import print_json, rom_offset
from halscope.cli._output import note, say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from

ROM_SUFFIXES = frozenset({".sfc", ".smc", ".fig", ".swc"})
RAW_LIMIT = 0x10000  # a HAL block decodes to at most this many bytes


def decompress(options: argparse.Namespace) -> int:
    """Decode one block into a file."""
    refuse_same(options.output, options.rom, "ROM")
    _refuse_rom(options.output)
    plugins = plugins_from(options)
    codec = plugins.codec(options.codec)
    block, crosses = _decode(options, codec, plugins)
    write_atomic(options.output, block.data)
    if options.json:
        print_json(
            {
                "codec": codec.name,
                "offset": block.offset,
                "packed_size": block.consumed,
                "size": int(block.data.size),
                "crosses": crosses,
            }
        )
    else:
        say(f"{options.output}: {block.data.size} bytes from {block.consumed} packed at {block.offset:#x}")
        if crosses is not None:
            say(f"{options.output}: crosses the bank edge at {crosses:#x}")
    return 0


def _decode(options: argparse.Namespace, codec: Codec, plugins: Plugins) -> tuple[Block, int | None]:
    """Return the block, and the file offset of the bank edge that it crosses or `None`."""
    path, offset = options.rom, options.offset
    try:
        rom = workspace_from(options, plugins).rom
    except RomError:
        # Not a ROM, but perhaps an output of `compress`; for any other file, report why it is not a ROM.
        block = bare_stream(path, codec) if ":" not in offset and number(offset) == 0 else None
        if block is None:
            raise
        return block, None
    try:
        block, ranges = rom.read_stream(codec, rom_offset(rom, offset))
    except CodecError as error:
        raise HalscopeError(f"{rom.name}: no {codec.name} block: {error}; `halscope scan` lists the blocks") from error
    crosses = rom.crossed_edge(block.offset, block.consumed)
    if crosses is not None and rom.edges.get(codec.name) is None:
        if len(ranges) > 1:
            how = "no stream goes on in the file, so the beginning of the bank was read, as some decoders do"
        else:
            how = "what follows in the file was read, as most decoders do"
        note(
            f"note: {rom.name}: the block at {block.offset:#x} crosses the bank edge at {crosses:#x}; {how}, but the "
            "rule of this game's decoder is not known"
        )
    return block, crosses


def compress(options: argparse.Namespace) -> int:
    """Encode one file."""
    codec = plugins_from(options).codec(options.codec)
    data = read_limited(options.file, RAW_LIMIT, "file to compress (at most 65536 bytes)")
    refuse_same(options.output, options.file, "input file")
    _refuse_rom(options.output)
    try:
        packed = codec.encode(data)
    except CodecError as error:
        raise HalscopeError(f"{options.file}: cannot be compressed as {codec.name}: {error}") from error
    write_atomic(options.output, packed)
    if options.json:
        print_json({"codec": codec.name, "size": len(data), "packed_size": len(packed)})
    else:
        share = f" ({100 * len(packed) / len(data):.1f} %)" if data else ""
        say(f"{options.output}: {len(packed)} bytes from {len(data)}{share}")
    return 0


def _refuse_rom(output: Path) -> None:
    """Refuse to replace a file that is a ROM by its name: what these commands write is none. Raises UsageError."""
    with contextlib.suppress(OSError):  # a name that cannot be: it is refused when it is written
        if output.suffix.lower() in ROM_SUFFIXES and output.exists():
            raise UsageError(
                f"{output}: is a ROM by its name, and this writes none, so it is not replaced; give another name"
            )
