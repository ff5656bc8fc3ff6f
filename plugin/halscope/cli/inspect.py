"""`halscope inspect`: decode the sprites in existing memory dumps, savestates and recordings."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from halscope_hooks import UsageError

from halscope.app import Inspection, Workspace, all_states, inspect_files, tiles_in_vram
from halscope.cli._common import check_obsel, out_folder, print_json, progress_bar
from halscope.cli._output import note, say
from halscope.cli._page import opened_site, wants_page
from halscope.cli._plugins import plugins_from
from halscope.cli._table import Cell, Column, index_ranges, origin_cell, print_palettes, print_table
from halscope.cli._workspace import workspace_from
from halscope.formats.recording import RecordingWriter
from halscope.ppu import describe_registers
from halscope.rom.mapping import snes_text

COLUMNS = (
    Column("sprite"),
    Column("x", right=True),
    Column("y", right=True),
    Column("size"),
    Column("palette", right=True),
    Column("priority", right=True),
    Column("flips"),
)
PLACE_COLUMNS = (
    Column("offset", right=True),
    Column("address", right=True),
    Column("codec"),
    Column("tiles", right=True),
)
ORIGIN_COLUMNS = (Column("tiles"), Column("origin"))


def run(options: argparse.Namespace) -> int:
    """Decode, write the PNGs, and print."""
    check_obsel(options.obsel)
    prints = options.registers or options.in_vram
    if not prints and wants_page(options):
        return _show(options)
    plugins = plugins_from(options)
    workspace = None if options.rom is None else workspace_from(options, plugins)
    if prints:
        return _print_memory(options, workspace)
    if options.out is None:
        raise UsageError("--out DIR is needed for the pictures; on a terminal without it, the page opens")

    def prepare() -> Path:
        folder = out_folder(options.out)
        if workspace is not None:
            with progress_bar("indexing", "B") as progress:
                workspace.index(progress)
        return folder

    found = inspect_files(options.files, options.obsel, workspace, prepare, frame=options.frame)
    for one in found:
        if one.warning is not None:
            note(f"warning: {one.warning}")
    if options.json:
        documents = [one.describe() for one in found]
        print_json(documents[0] if len(documents) == 1 else {"states": documents})
        return 0
    for one in found:
        if len(found) > 1:
            say(one.name, "bold")
        _print(one, with_origins=workspace is not None)
    return 0


def _print_memory(options: argparse.Namespace, workspace: Workspace | None) -> int:
    """Print the registers of each state in words, and which blocks are in its VRAM."""
    if options.in_vram and workspace is None:
        raise UsageError("--in-vram says which blocks of a ROM are in VRAM; give it with --rom ROM")
    documents: list[dict[str, Any]] = []
    states = all_states(options.files, options.obsel, options.frame)
    for state in states:
        document: dict[str, Any] = {"name": state.name}
        if options.registers:
            document["registers"] = describe_registers(state.snapshot.ppu)
        if options.in_vram and workspace is not None:
            with progress_bar("indexing", "B") as progress:
                index = workspace.index(progress)
            places = sorted(tiles_in_vram(index.locate_vram(state.snapshot.vram)).items(), key=lambda one: one[0][::-1])
            document["in_vram"] = [
                {"codec": codec, "offset": offset, "snes": workspace.rom.to_snes(offset), "tiles": tiles}
                for (codec, offset), tiles in places
            ]
        documents.append(document)
    if options.json:
        print_json(documents[0] if len(documents) == 1 else {"states": documents})
        return 0
    for document in documents:
        if len(documents) > 1:
            say(document["name"], "bold")
        for register in document.get("registers", ()):
            value = "unknown" if register["value"] is None else f"${register['value']:02x}"
            words = ", ".join(f"{name} {text}" for name, text in register["fields"])
            say(f"${register['address']:04x} {register['name']:8} {value:>8}  {words or register['title']}")
        if "in_vram" in document:
            rows = [
                (f"{one['offset']:#x}", snes_text(one["snes"]), one["codec"], str(one["tiles"]))
                for one in document["in_vram"]
            ]
            print_table(PLACE_COLUMNS, rows)
            say(f"{sum(one['tiles'] for one in document['in_vram'])} tiles in VRAM have a known place in the ROM")
    return 0


def _show(options: argparse.Namespace) -> int:
    """Show the page: a recording as it is, states as the frames of a temporary one."""
    reads = [*options.files, *([] if options.rom is None else [options.rom])]
    with opened_site(options, reads) as site:
        from halscope.cli._recorded_page import show_recording  # only now: it needs sessions

        plugins = plugins_from(options)
        workspace = None if options.rom is None else workspace_from(options, plugins)
        files, frame = options.files, options.frame or 0
        states = all_states(files, options.obsel, options.frame)
        if len(files) == 1 and states[0].kind == "recording":
            return show_recording(options, files[0], workspace, plugins, site, frame)
        with tempfile.TemporaryDirectory(prefix="halscope-") as folder:
            path = Path(folder) / "states.hrec"
            one_rom = len({state.snapshot.rom for state in states}) == 1
            with RecordingWriter(path, emulator=states[0].kind) as writer:
                for number, state in enumerate(states):  # states have no frame numbers, and a page tells frames by them
                    snapshot = replace(state.snapshot, frame=number)
                    writer.append(snapshot if one_rom else replace(snapshot, rom=None))
            return show_recording(options, path, workspace, plugins, site)


def _print(found: Inspection, *, with_origins: bool) -> None:
    rows: list[list[str | Cell]] = []
    for sprite, indices, source in found.shown:
        flips = "".join(letter for letter, is_set in (("h", sprite.hflip), ("v", sprite.vflip)) if is_set)
        row: list[str | Cell] = [
            index_ranges(indices),
            str(sprite.x),
            str(sprite.y),
            f"{sprite.width}x{sprite.height}",
            str(sprite.palette),
            str(sprite.priority),
            flips or "-",
        ]
        rows.append(row if source is None else [*row, source.count, origin_cell(source)])
    print_table((*COLUMNS, *(ORIGIN_COLUMNS if with_origins else ())), rows)
    if found.hidden:
        say(f"{index_ranges(found.hidden)}: off screen or blank ({len(found.hidden)} sprites)", "dim")
    print_palettes(found.palettes)
    for doubt in found.doubts:
        say(doubt, "yellow")
    say(_contents(found))
    if found.no_screen is not None:
        say(f"no picture of the screen: {found.no_screen}", "yellow")
    say(f"{found.sheet}: the sprites on screen, enlarged")
    say(f"beside it: {', '.join(picture.name for picture in found.pictures)}")


def _contents(found: Inspection) -> str:
    """Return what the files hold: `state of Mesen 2: VRAM, CGRAM, OAM, picture, 47 of 48 registers; frame 480`."""
    contents = found.contents
    parts = [name if name == "picture" else name.upper() for name in contents["memories"]]
    registers = contents["registers"].values()
    parts.append(f"{sum(value is not None for value in registers)} of {len(registers)} registers")
    text = f"{contents['kind']}: {', '.join(parts)}; frame {contents['frame']}"
    return text if contents["rom"] is None else f"{text}; of {contents['rom']}"
