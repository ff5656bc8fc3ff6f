"""`halscope palette`: where colours come from, palettes out to files and in again, and one palette for pictures."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from halscope_hooks import RAW_CODEC, ColourRun, Origin, Snapshot, UsageError

from halscope.app import (
    MomentColours,
    Workspace,
    check_rom,
    colours_of_moment,
    describe_palettes,
    frames_before,
    inject_colour_edits,
    inject_palettes,
    one_state,
    origin_line,
    palette_name,
    palette_of_moment,
    palette_of_rom,
    recorded_frame,
    reduce_pictures,
    rgb_text,
)
from halscope.cli._common import check_obsel, out_folder, print_json, progress_bar, refuse_unused, rom_offset
from halscope.cli._injection import tell_injection
from halscope.cli._output import note, say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from
from halscope.cli.scan import describe
from halscope.formats.palettes import from_rgb, read_palette, write_palette
from halscope.inject import PaletteSheet, source_path, write_palette_sheet

_PALETTE = 16
_FEW = 3


def run(options: argparse.Namespace) -> int:
    """Run one of the actions."""
    match options.action:
        case "show":
            return _show(options)
        case "export":
            return _export(options)
        case "import":
            return _import(options)
        case "set":
            return _set(options)
        case "convert":
            return _convert(options)
        case _:
            return _reduce(options)


def _show(options: argparse.Namespace) -> int:
    workspace, moment = _opened(options)
    if moment is None:
        sheet = _sheet_of_rom(options, workspace)
        if options.json:
            print_json({"rom": describe(workspace), "colours": _colours(sheet)})
        else:
            for number, colour in enumerate(sheet.colours):
                say(f"{number}: {_colour_text(colour.word)}")
        return 0
    colours = moment
    if options.json:
        print_json({"rom": describe(workspace), **describe_palettes(workspace, colours)})
        return 0
    for number in range(len(colours.cgram) // _PALETTE):
        if line := _palette_line(colours, number):
            say(line)
    for buffer in colours.buffers:
        say(
            f"buffer: {buffer.space} {buffer.offset:#x} holds the colours {buffer.first} to "
            f"{buffer.first + buffer.length - 1} as CGRAM does ({buffer.equal} of {buffer.length})"
        )
    if not colours.origins.located:
        note("no colour of this moment is in the ROM: the game may compute them, or pack them in another way")
        return 1
    return 0


def _palette_line(colours: MomentColours, number: int) -> str:
    """Return what is known of one of the sixteen palettes, or an empty text for a black one."""
    first = number * _PALETTE
    name = f"{palette_name(number)} (colours {first} to {first + _PALETTE - 1})"
    if not colours.cgram[first : first + _PALETTE].any():
        return ""
    runs = [run for run in colours.origins.runs if run.first < first + _PALETTE and run.first + run.count > first]
    exact = [run for run in runs if not run.fade and _held(run, first) >= _FEW] or [run for run in runs if not run.fade]
    parts = []
    for run in exact[:3]:
        begin, end = max(first, run.first), min(first + _PALETTE, run.first + run.count)
        which = "" if (begin, end) == (first, first + _PALETTE) else f"{begin} to {end - 1}: "
        parts.append(which + origin_line(run.origin_of(begin)))
    parts += [f"{len(exact) - 3} more"] * (len(exact) > 3)
    parts += [f"faded copy of {origin_line(run.origin)}: {run.fade}" for run in runs if run.fade]
    return f"{name}: {'; '.join(parts) or 'not found in the ROM'}"


def _held(run: ColourRun, first: int) -> int:
    """Return how many colours of a palette a run holds."""
    return min(first + _PALETTE, run.first + run.count) - max(first, run.first)


def _export(options: argparse.Namespace) -> int:
    workspace, moment = _opened(options)
    if moment is None:
        if options.palette is not None:
            raise UsageError("palette export: --palette is for --recording and --state; an OFFSET has --count colours")
        sheet = _sheet_of_rom(options, workspace)
    else:
        if options.palette is not None and options.palette >= _PALETTE:
            raise UsageError(f"palette export: --palette is 0 to 15 (8 to 15 for sprites), not {options.palette}")
        all_of_them = options.palette is None
        first = 0 if all_of_them else _PALETTE * options.palette
        sheet = palette_of_moment(workspace, moment, first, len(moment.cgram) if all_of_them else _PALETTE)
    written = write_palette_sheet(sheet, options.output, options.format)
    locked = sum(colour.origin is None for colour in sheet.colours)
    if options.json:
        print_json(
            {
                "output": str(options.output),
                "source": str(source_path(options.output)),
                "format": written,
                "colours": _colours(sheet),
            }
        )
    else:
        say(
            f"{options.output}: {len(sheet.colours)} colours ({written})" + f", {locked} without a place" * bool(locked)
        )
    return 0


def _import(options: argparse.Namespace) -> int:
    if options.project is not None:
        from halscope.cli._into_project import inject_into_project  # which other actions do not need

        return inject_into_project(options, palette_format=options.format)
    if options.output is None:
        raise UsageError("palette import: give -o OUT or --project DIR")
    workspace = _workspace(options)
    done = inject_palettes(
        workspace,
        options.files,
        options.output,
        kind=options.format,
        nearest=options.nearest,
        everywhere=options.everywhere,
        force=options.force,
        headered=options.headered,
    )
    return tell_injection(done, json=options.json)


def _set(options: argparse.Namespace) -> int:
    changes = dict(_assignment(text) for text in options.colours)
    options.count = max(changes) + 1 if options.count is None else options.count
    if (index := max(changes)) >= options.count:
        raise UsageError(f"palette set: index {index} is not one of the {options.count} colours; give a larger --count")
    if options.project is not None:
        from halscope.cli._into_project import set_in_project  # likewise

        return set_in_project(options, lambda workspace: _sheet_of_rom(options, workspace), changes)
    if options.output is None:
        raise UsageError("palette set: give -o OUT or --project DIR")
    workspace = _workspace(options)
    sheet = _sheet_of_rom(options, workspace)
    new = sheet.words & np.uint16(0x7FFF)
    for index, word in changes.items():
        new[index] = word
    done = inject_colour_edits(
        workspace,
        [sheet.edit("palette set", new)],
        options.output,
        everywhere=options.everywhere,
        force=options.force,
        headered=options.headered,
    )
    return tell_injection(done, json=options.json)


def _assignment(text: str) -> tuple[int, int]:
    """Parse INDEX=COLOUR; the colour as #rrggbb or as a word. Raises UsageError."""
    index, equals, colour = text.partition("=")
    try:
        number = int(index, 0)
        if colour.startswith("#") and len(colour) == 7:
            word = int(from_rgb(np.array([[*bytes.fromhex(colour[1:])]], np.uint8), text)[0])
        else:
            word = int(colour.removeprefix("$"), 16 if colour.startswith("$") else 0)
    except ValueError:
        number = word = -1
    if not equals or number < 0 or not 0 <= word <= 0x7FFF:
        raise UsageError(f"{text!r}: write INDEX=COLOUR, the colour as '#f8d030' or as a word from 0 to 0x7fff")
    return number, word


def _convert(options: argparse.Namespace) -> int:
    palette = read_palette(options.file, options.format)
    colours = palette.colours(nearest=options.nearest)
    written = write_palette(options.output, colours, options.to, palette.title)
    if options.json:
        print_json(
            {"input": palette.format, "output": str(options.output), "format": written, "colours": colours.tolist()}
        )
    else:
        say(f"{options.output}: {len(colours)} colours, {palette.format} to {written}")
    return 0


def _reduce(options: argparse.Namespace) -> int:
    folder = out_folder(options.out)
    done = reduce_pictures(
        options.images, folder, count=options.colours, dither=options.dither, overwrite=options.overwrite
    )
    if options.json:
        print_json(
            {
                "palette": str(done.palette),
                "colours": done.colours.tolist(),
                "pictures": [{"png": str(png), "error": round(error, 5)} for png, error in done.pictures],
            }
        )
        return 0
    say(f"{done.palette}: {len(done.colours)} colours, the first is transparent")
    for png, error in done.pictures:
        say(f"{png}: mean error {error:.4f} (OKLab)")
    return 0


def _workspace(options: argparse.Namespace) -> Workspace:
    workspace = workspace_from(options, plugins_from(options))
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    return workspace


def _opened(options: argparse.Namespace) -> tuple[Workspace, MomentColours | None]:
    """Return the ROM, and the colours of the moment that is asked for. Raises UsageError."""
    given = [options.offset is not None, options.recording is not None, options.state is not None]
    what = f"palette {options.action}"
    if sum(given) != 1:
        raise UsageError(f"{what}: give an OFFSET of the ROM, --recording FILE or --state FILE: one of them")
    check_obsel(options.obsel)
    if options.offset is not None:
        refuse_unused(options, ("frame", "obsel", "force"), "is for --recording and --state; leave it out")
        return _workspace(options), None
    refuse_unused(options, ("codec", "byte", "count"), "is for an OFFSET of the ROM; leave it out")
    if options.frame is not None and options.recording is None:
        raise UsageError(f"{what}: --frame needs --recording")
    snapshot, path = _snapshot(options)
    workspace = _workspace(options)
    warning = check_rom(path, snapshot.rom, workspace.rom, force=options.force)
    if warning is not None:
        note(f"warning: {warning}")
    before = () if options.recording is None else frames_before(options.recording, options.frame or 0)
    return workspace, colours_of_moment(workspace, snapshot, before)


def _snapshot(options: argparse.Namespace) -> tuple[Snapshot, Any]:
    if options.recording is not None:
        return recorded_frame(options.recording, options.frame or 0, options.obsel), options.recording
    return one_state(options.state, options.obsel).snapshot, options.state[0]


def _sheet_of_rom(options: argparse.Namespace, workspace: Workspace) -> PaletteSheet:
    return palette_of_rom(
        workspace,
        options.codec or RAW_CODEC,
        rom_offset(workspace.rom, options.offset),
        options.byte or 0,
        options.count or _PALETTE,
    )


def _colours(sheet: PaletteSheet) -> list[dict[str, Any]]:
    origins = [None if one.origin is None else _place(one.origin) for one in sheet.colours]
    return [
        {"index": number, "bgr555": one.word, "rgb": rgb_text(one.word), "cgram": one.cgram, "origin": origin}
        for number, (one, origin) in enumerate(zip(sheet.colours, origins, strict=True))
    ]


def _place(origin: Origin) -> dict[str, Any]:
    return {
        "codec": origin.codec,
        "block_offset": origin.block_offset,
        "byte_offset": origin.byte_offset,
        "start": origin.start,
    }


def _colour_text(word: int) -> str:
    return f"${word & 0x7FFF:04x} {rgb_text(word)}" + " (bit 15 set)" * bool(word & 0x8000)
