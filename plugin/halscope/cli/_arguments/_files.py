"""Arguments of the commands that work on files: ROMs, memory dumps, recordings and edited PNGs."""

from __future__ import annotations

from pathlib import Path

from halscope.cli._arguments._kinds import Commands, number, place, positive, score
from halscope.cli._arguments._shared import (
    add_headered_option,
    add_index_option,
    add_notes_options,
    add_places_options,
    add_plugin_options,
    add_project_option,
    add_regrouping_options,
    add_rom_options,
)


def add_search(commands: Commands) -> None:
    """Add scan and locate."""
    scan = commands.add_parser("scan", help="list the compressed blocks of a ROM")
    scan.add_argument("rom", type=Path, metavar="ROM")
    scan.add_argument(
        "--min-score",
        type=score,
        metavar="S",
        help="list blocks with at least this score, 0 to 1 (default: those more likely right than wrong)",
    )
    scan.add_argument("--all", action="store_true", help="list every offset at which a stream decodes, unranked")
    scan.add_argument(
        "--codec", metavar="C", help="only blocks of this codec: hal, lz1, lz2, simcity, or a plugin's (default: all)"
    )
    scan.add_argument(
        "--traces", action="store_true", help="also say how many starts of blocks are proven, and each by what"
    )
    scan.add_argument(
        "--map",
        action="store_true",
        help="list what each part of the ROM holds instead: blocks, code that was executed, free space, unknown",
    )
    add_notes_options(scan)
    scan.add_argument("--json", action="store_true", help="print JSON")
    add_rom_options(scan)
    add_index_option(scan)
    add_plugin_options(scan)

    locate = commands.add_parser("locate", help="find tiles, as they stand in VRAM, in a ROM")
    locate.add_argument("rom", type=Path, metavar="ROM")
    locate.add_argument("tiles", type=Path, metavar="TILES", help="a file of raw 4bpp tiles, 32 bytes each")
    locate.add_argument(
        "--transform",
        metavar="T",
        help="look only for tiles that the game converts so: 3bpp-low, 3bpp-high, 2bpp, 1bpp, mode7, ... "
        "(default: all, and plain tiles); TILES then holds tiles as that makes them (1bpp: 16 bytes, mode7: 128)",
    )
    locate.add_argument(
        "--uses",
        action="store_true",
        help="also say who uses each tile: the size of its block, the room behind it and the pointers that lead to it",
    )
    locate.add_argument("--sheets", type=Path, metavar="DIR", help="with --uses: and which sheets in DIR show it")
    locate.add_argument(
        "--recording",
        type=Path,
        metavar="FILE",
        help="also say in which frame of a recording each tile came into VRAM first, and a sprite showed it first",
    )
    locate.add_argument("--json", action="store_true", help="print JSON")
    add_rom_options(locate)
    add_index_option(locate)
    add_plugin_options(locate)


def add_inspect(commands: Commands) -> None:
    """Add inspect."""
    inspect = commands.add_parser("inspect", help="decode the sprites in memory dumps, savestates or recordings")
    inspect.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="VRAM, CGRAM and OAM dumps, savestates, recordings"
    )
    inspect.add_argument("--frame", type=number, metavar="N", help="number of a recording's frame, from 0 (default: 0)")
    inspect.add_argument("--rom", type=Path, metavar="ROM", help="locate the tiles in this ROM")
    inspect.add_argument(
        "--obsel", type=number, metavar="N", help="value of OBSEL ($2101), which memory dumps do not contain"
    )
    inspect.add_argument(
        "--out", type=Path, metavar="DIR", help="output folder for the sprites' PNGs; without it, the page"
    )
    inspect.add_argument(
        "--registers", action="store_true", help="print the registers in words instead; no pictures are written"
    )
    inspect.add_argument(
        "--in-vram",
        action="store_true",
        help="with --rom: print which of its blocks and tiles are in VRAM instead; no pictures are written",
    )
    inspect.add_argument("--headless", action="store_true", help="do not open the page")
    inspect.add_argument("--no-browser", action="store_true", help="print the page's address instead of opening it")
    inspect.add_argument("--json", action="store_true", help="print the sprites as JSON")
    add_rom_options(inspect)
    add_index_option(inspect)
    add_plugin_options(inspect)


def add_compare(commands: Commands) -> None:
    """Add compare."""
    compare = commands.add_parser(
        "compare",
        help="what differs between two moments: tiles, colours, sprites, registers",
        description="A moment is a savestate, or FILE@FRAME of a recording, with frames from 0 (FILE alone: frame 0).",
    )
    compare.add_argument("before", metavar="A", help="a moment")
    compare.add_argument("after", metavar="B", help="another one")
    compare.add_argument(
        "--obsel", type=number, metavar="N", help="value of OBSEL ($2101), which memory dumps do not contain"
    )
    compare.add_argument(
        "--out", type=Path, metavar="DIR", help="also write both pictures, in which the sprites that differ are framed"
    )
    compare.add_argument("--json", action="store_true", help="print all differences as JSON")


def add_put(commands: Commands) -> None:
    """Add put."""
    put = commands.add_parser(
        "put",
        help="put a picture on a figure of a recorded frame or a savestate: it becomes what its sheet shows",
        description="The figure's sheet is written to DIR first, if it is not there. Without --sprite, it is the sheet "
        "in DIR that has the picture's name. `halscope inject` makes the patch of the sheet.",
    )
    put.add_argument("rom", type=Path, metavar="ROM")
    put.add_argument("picture", type=Path, metavar="PNG", help="as large as the figure's sheet, or as the figure")
    put.add_argument("moment", metavar="MOMENT", help="a savestate, or FILE@FRAME of a recording")
    put.add_argument("--sprite", type=number, metavar="N", help="a sprite of the figure, 0 to 127")
    put.add_argument("--sheets", type=Path, required=True, metavar="DIR", help="folder of the sheets")
    put.add_argument(
        "--obsel", type=number, metavar="N", help="value of OBSEL ($2101), which memory dumps do not contain"
    )
    put.add_argument("--force", action="store_true", help="accept a moment that was taken from another ROM")
    put.add_argument("--json", action="store_true", help="print JSON")
    add_rom_options(put)
    add_index_option(put)
    add_plugin_options(put)


def add_editing(commands: Commands) -> None:
    """Add extract and inject."""
    extract = commands.add_parser(
        "extract",
        help="write compressed blocks, or the sprites of a recorded frame or a state, as PNGs to edit",
        description="Give offsets of blocks, or --all, or a recording with --recording, or a savestate with --state. "
        "Each PNG has a sidecar file "
        "NAME.json, which `halscope inject` needs if an editor drops the PNG's metadata: keep the two together.",
    )
    extract.add_argument("rom", type=Path, metavar="ROM")
    extract.add_argument("offsets", type=place, nargs="*", metavar="OFFSET", help="blocks: file offsets, or BB:AAAA")
    extract.add_argument("--all", action="store_true", help="every block that `scan` lists")
    extract.add_argument(
        "--recording",
        type=Path,
        metavar="FILE",
        help="the sprites of a recorded frame; with OFFSETs or --all, those blocks as the frame shows them",
    )
    extract.add_argument(
        "--state",
        type=Path,
        action="append",
        metavar="FILE",
        help="the same of a savestate, or of VRAM, CGRAM and OAM dumps (repeat for each)",
    )
    extract.add_argument(
        "--obsel", type=number, metavar="N", help="value of OBSEL ($2101), which memory dumps do not contain"
    )
    extract.add_argument(
        "--force", action="store_true", help="accept a recording or state that was taken from another ROM"
    )
    extract.add_argument("--frame", type=number, metavar="N", help="number of that frame, from 0 (default: 0)")
    extract.add_argument(
        "--layer",
        type=int,
        choices=(1, 2, 3, 4),
        action="append",
        default=[],
        metavar="N",
        help="the whole map of background layer N of that moment, 1 to 4 (repeat for more)",
    )
    extract.add_argument(
        "--vram", type=number, metavar="BYTE", help="a rectangle of that moment's VRAM: --columns by --rows tiles"
    )
    extract.add_argument("--rows", type=positive, metavar="N", help="rows of tiles of --vram (default: 16)")
    extract.add_argument("--single", action="store_true", help="one PNG per sprite instead of per group")
    add_regrouping_options(extract)
    extract.add_argument(
        "--codec", help="codec of the blocks; raw: uncompressed tiles (default: the one that the index names)"
    )
    extract.add_argument(
        "--tiles", type=positive, metavar="N", help="number of tiles at each OFFSET (default: all of a block)"
    )
    extract.add_argument(
        "--bpp", type=int, choices=(1, 2, 3, 4, 8), help="bits per pixel of blocks, as stored (default: as shown, or 4)"
    )
    extract.add_argument(
        "--transform", metavar="T", help="how the game converts the tiles: 3bpp-low, 3bpp-high, 2bpp, 1bpp, mode7, ..."
    )
    extract.add_argument("--lead", type=number, metavar="N", help="bytes before a block's first tile (default: found)")
    extract.add_argument("--columns", type=positive, metavar="N", help="tiles per row (default: as shown, or 16)")
    extract.add_argument(
        "--palette",
        type=place,
        metavar="OFFSET",
        help="read the blocks' colours at this offset of the ROM (default: as shown, or greys)",
    )
    extract.add_argument("--out", type=Path, required=True, metavar="DIR", help="output folder for the PNGs")
    extract.add_argument("--overwrite", action="store_true", help="replace existing PNGs")
    extract.add_argument("--json", action="store_true", help="print what was written as JSON")
    add_rom_options(extract)
    add_index_option(extract)
    add_plugin_options(extract)

    back = commands.add_parser("inject", help="make a patch from edited PNGs and palettes, or from raw tiles")
    back.add_argument("rom", type=Path, metavar="ROM")
    back.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="PNG",
        help="edited PNGs and palettes that `extract`, `palette export` or `play` wrote; with --at a file of raw tiles "
        "(.4bpp, .gfx, ...)",
    )
    back.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="the patch (.bps, .ips) or a patched copy (.sfc, or .smc with a copier header); not needed with --project",
    )
    back.add_argument(
        "--at",
        type=place,
        metavar="OFFSET",
        help="the block whose decoded bytes the file of raw tiles replaces, or with --codec raw the uncompressed bytes",
    )
    back.add_argument("--codec", metavar="C", help="codec of that block, or raw (default: as the index names it)")
    add_project_option(back, "add the edits to this project; OUT then has all edits of the project")
    add_headered_option(back)
    back.add_argument("--dry-run", action="store_true", help="say what would be written where, and write nothing")
    back.add_argument("--no-move", action="store_true", help="refuse a block that does not fit instead of moving it")
    back.add_argument("--expand", action="store_true", help="make the ROM larger if it has no free space for a block")
    back.add_argument("--rats", action="store_true", help="put a RATS tag in front of each moved block")
    back.add_argument("--free-old", action="store_true", help="fill the old place of a moved block with FF")
    back.add_argument("--force", action="store_true", help="also edit blocks whose start is not proven")
    back.add_argument("--nearest", action="store_true", help="replace colours outside the palette by the nearest one")
    add_places_options(back)
    back.add_argument("--json", action="store_true", help="print what was changed as JSON")
    add_rom_options(back)
    add_index_option(back)
    add_plugin_options(back)


def add_streams(commands: Commands) -> None:
    """Add decompress and compress."""
    unpack = commands.add_parser("decompress", help="decode the compressed block at an offset of a ROM")
    unpack.add_argument("rom", type=Path, metavar="ROM", help="a ROM, or with offset 0 an output of `compress`")
    unpack.add_argument("offset", type=place, metavar="OFFSET", help="file offset, or BB:AAAA")
    unpack.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="output file for the decoded bytes"
    )
    unpack.add_argument("--codec", default="hal", help="codec of the block (default: hal)")
    unpack.add_argument("--json", action="store_true", help="print the sizes as JSON")
    add_rom_options(unpack)
    add_plugin_options(unpack)

    pack = commands.add_parser("compress", help="encode a file to the smallest stream")
    pack.add_argument("file", type=Path, metavar="FILE")
    pack.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="output file for the stream")
    pack.add_argument("--codec", default="hal", help="the codec (default: hal)")
    pack.add_argument("--json", action="store_true", help="print the sizes as JSON")
    add_plugin_options(pack)
