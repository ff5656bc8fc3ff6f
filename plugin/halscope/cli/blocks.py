"""`halscope decompress` and `halscope compress`: single streams."""

from __future__ import annotations

import argparse
from pathlib import Path

from halscope._files import read_limited, refuse_same, write_atomic
from halscope.app import Workspace, codec_named
from halscope.cli._common import Commands, place, print_json, rom_offset

RAW_LIMIT = 0x10000  # a HAL block decodes to at most this many bytes


def add_commands(commands: Commands) -> None:
    """Add both commands."""
    unpack = commands.add_parser("decompress", help="decode the compressed block at an offset of a ROM")
    unpack.add_argument("rom", type=Path, metavar="ROM")
    unpack.add_argument("offset", type=place, metavar="OFFSET", help="file offset, or $BB:AAAA")
    unpack.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where the decoded bytes go")
    unpack.add_argument("--codec", default="hal", help="the block's format (default: hal)")
    unpack.add_argument("--json", action="store_true", help="print the sizes as JSON")
    unpack.set_defaults(run=decompress)

    pack = commands.add_parser("compress", help="encode a file to the smallest stream")
    pack.add_argument("file", type=Path, metavar="FILE")
    pack.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where the stream goes")
    pack.add_argument("--codec", default="hal", help="the format (default: hal)")
    pack.add_argument("--json", action="store_true", help="print the sizes as JSON")
    pack.set_defaults(run=compress)


def decompress(options: argparse.Namespace) -> int:
    """Decode one block into a file."""
    workspace = Workspace.open(options.rom)
    refuse_same(options.output, options.rom, "ROM")
    codec = workspace.codec(options.codec)
    block = codec.decode(workspace.rom.data, rom_offset(workspace.rom, options.offset))
    write_atomic(options.output, block.data)
    if options.json:
        print_json(
            {"codec": codec.name, "offset": block.offset, "packed_size": block.consumed, "size": int(block.data.size)}
        )
    else:
        print(f"{options.output}: {block.data.size} bytes from {block.consumed} packed at {block.offset:#x}")
    return 0


def compress(options: argparse.Namespace) -> int:
    """Encode one file."""
    codec = codec_named(options.codec)
    data = read_limited(options.file, RAW_LIMIT, "file to compress (at most 65536 bytes)")
    refuse_same(options.output, options.file, "file that is read")
    packed = codec.encode(data)
    write_atomic(options.output, packed)
    if options.json:
        print_json({"codec": codec.name, "size": len(data), "packed_size": len(packed)})
    else:
        share = f" ({100 * len(packed) / len(data):.1f} %)" if data else ""
        print(f"{options.output}: {len(packed)} bytes from {len(data)}{share}")
    return 0
