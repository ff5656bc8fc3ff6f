"""Commands that work on files: what a ROM or a memory dump holds, and edits."""

from __future__ import annotations

from pathlib import Path

from halscope.cli._arguments._kinds import Commands, number, place, positive
from halscope.cli._arguments._shared import add_plugin_options


def add_search(commands: Commands) -> None:
    """Add scan and locate."""
    scan = commands.add_parser("scan", help="list the compressed blocks of a ROM")
    scan.add_argument("rom", type=Path, metavar="ROM")
    scan.add_argument(
        "--min-score",
        type=float,
        metavar="S",
        help="list blocks from this score, 0 to 1, on (default: blocks that more speaks for than against)",
    )
    scan.add_argument("--all", action="store_true", help="list every offset at which a stream can be read, unranked")
    scan.add_argument(
        "--codec", metavar="C", help="only this format's: hal, lz1, lz2, simcity, or a plugin's (default: all)"
    )
    scan.add_argument("--json", action="store_true", help="print JSON")
    add_plugin_options(scan)

    locate = commands.add_parser("locate", help="say where in a ROM raw 32-byte tiles come from")
    locate.add_argument("rom", type=Path, metavar="ROM")
    locate.add_argument("tiles", type=Path, metavar="TILES", help="a file of raw 4bpp tiles, 32 bytes each")
    locate.add_argument("--json", action="store_true", help="print JSON")
    add_plugin_options(locate)


def add_inspect(commands: Commands) -> None:
    """Add inspect."""
    inspect = commands.add_parser("inspect", help="decode the sprites in memory dumps or a savestate")
    inspect.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="VRAM, CGRAM and OAM dumps, or a savestate"
    )
    inspect.add_argument("--rom", type=Path, metavar="ROM", help="say where the tiles come from in this ROM")
    inspect.add_argument(
        "--obsel", type=number, metavar="N", help="the OBSEL register ($2101), which memory dumps do not hold"
    )
    inspect.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the sprites' PNGs go")
    inspect.add_argument("--json", action="store_true", help="print the sprites as JSON")
    add_plugin_options(inspect)


def add_editing(commands: Commands) -> None:
    """Add extract and inject."""
    extract = commands.add_parser(
        "extract",
        help="write compressed blocks, or the sprites of a recorded frame, as PNGs to edit",
        description="Give offsets of blocks (or --all), or a recording with --recording. Each PNG has a sidecar "
        "NAME.json that `halscope inject` needs where an editor drops the PNG's own metadata: keep the two together.",
    )
    extract.add_argument("rom", type=Path, metavar="ROM")
    extract.add_argument("offsets", type=place, nargs="*", metavar="OFFSET", help="blocks: file offsets, or $BB:AAAA")
    extract.add_argument("--all", action="store_true", help="every block that the scan lists")
    extract.add_argument("--recording", type=Path, metavar="FILE", help="the sprites of a recorded frame instead")
    extract.add_argument("--frame", type=number, default=0, metavar="N", help="which frame of it, from 0 (default: 0)")
    extract.add_argument("--single", action="store_true", help="each sprite by itself, not in groups")
    extract.add_argument("--codec", default="hal", help="the blocks' format; raw: uncompressed tiles (default: hal)")
    extract.add_argument("--tiles", type=positive, metavar="N", help="how many tiles follow each OFFSET of --codec raw")
    extract.add_argument("--bpp", type=int, choices=(2, 4, 8), default=4, help="bits a pixel of blocks (default: 4)")
    extract.add_argument("--lead", type=number, default=0, metavar="N", help="bytes before a block's first tile")
    extract.add_argument("--columns", type=positive, default=16, metavar="N", help="tiles in a row (default: 16)")
    extract.add_argument(
        "--palette", type=place, metavar="OFFSET", help="take a block's colours from here in the ROM (default: greys)"
    )
    extract.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the PNGs go")
    extract.add_argument("--overwrite", action="store_true", help="replace PNGs that are there already")
    extract.add_argument("--json", action="store_true", help="print what was written as JSON")
    add_plugin_options(extract)

    back = commands.add_parser("inject", help="make a patch from edited PNGs")
    back.add_argument("rom", type=Path, metavar="ROM")
    back.add_argument("pngs", type=Path, nargs="+", metavar="PNG", help="edited PNGs that `extract` or `play` wrote")
    back.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="the patch (.bps, .ips) or a patched copy (.sfc)",
    )
    back.add_argument("--force", action="store_true", help="edit blocks whose start is not proven, too")
    back.add_argument("--nearest", action="store_true", help="take the nearest colour of the palette for a foreign one")
    back.add_argument("--json", action="store_true", help="print what was changed as JSON")
    add_plugin_options(back)


def add_streams(commands: Commands) -> None:
    """Add decompress and compress."""
    unpack = commands.add_parser("decompress", help="decode the compressed block at an offset of a ROM")
    unpack.add_argument("rom", type=Path, metavar="ROM", help="or, with offset 0, a file that compress wrote")
    unpack.add_argument("offset", type=place, metavar="OFFSET", help="file offset, or $BB:AAAA")
    unpack.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where the decoded bytes go")
    unpack.add_argument("--codec", default="hal", help="the block's format (default: hal)")
    unpack.add_argument("--json", action="store_true", help="print the sizes as JSON")
    add_plugin_options(unpack)

    pack = commands.add_parser("compress", help="encode a file to the smallest stream")
    pack.add_argument("file", type=Path, metavar="FILE")
    pack.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where the stream goes")
    pack.add_argument("--codec", default="hal", help="the format (default: hal)")
    pack.add_argument("--json", action="store_true", help="print the sizes as JSON")
    add_plugin_options(pack)
