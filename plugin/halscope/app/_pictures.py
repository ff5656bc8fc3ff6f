"""Pictures of a decoded frame: the screen with labelled sprites, and sheets of all sprites with their origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from halscope_hooks import RAW_CODEC, TILE_BYTES, Frame, Origin, Sprite, Update, VramOrigins
from numpy.typing import NDArray

from halscope._files import write_atomic
from halscope.app._doubts import doubts
from halscope.app._figure_sheet import figure_sheet
from halscope.app._index_page import LEGEND, SheetNote
from halscope.app._sheet_folder import note_of
from halscope.app._workspace import Workspace
from halscope.export.pictures import SERIES, Box, Entry, annotated_screen, captioned, png_bytes, sprite_sheet
from halscope.inject import sheet_from_sprite
from halscope.ppu.cgram import obj_palette, to_rgb
from halscope.ppu.compose import compose_screen
from halscope.ppu.grouping import Metasprite, group_sprites, is_on_screen, screen_y
from halscope.ppu.obj import sprite_cgram, sprite_colours
from halscope.ppu.registers import half_height, screen_lines

FRAME_PICTURES: Final = ("screen", "figures", "sprites")
"""The pictures of a frame, as `write_frame_pictures` names them."""

Names = Mapping[tuple[str, int], str]
"""Names of blocks, by codec and file offset."""


@dataclass(frozen=True, slots=True)
class Source:
    """Text that says where a sprite's tiles come from.

    Args:
        name: Name of the block.
        place: Codec, offset and evidence of the sprite's first tile with a known origin.
        known: Number of informative tiles with a known origin.
        telling: Number of informative tiles.
        plain: Number of other tiles (blank or of one colour).
    """

    name: str
    place: str
    known: int
    telling: int
    plain: int

    @property
    def count(self) -> str:
        """The counts as text."""
        return f"{self.known} of {self.telling} tiles known" + (f", {self.plain} plain" if self.plain else "")


def on_screen(sprite: Sprite, frame: Frame) -> bool:
    """Whether any pixel of a frame's sprite can be on its picture, which has 224 lines, or 239 with overscan."""
    return is_on_screen(sprite, screen_lines(frame.snapshot.ppu))


def origin_text(origin: Origin) -> str:
    """Format an origin as `hal $01A403+$0200 pointer`: codec, file offset, offset in the block, evidence."""
    inside = "" if origin.codec == RAW_CODEC else f"+${origin.byte_offset:04X}"
    return f"{origin.codec} ${origin.block_offset:06X}{inside} {origin.start}"


def source_of(cells: NDArray[np.int32], origins: VramOrigins | None, names: Names) -> Source:
    """Return where the tiles at these VRAM byte addresses come from."""
    if origins is None:
        return Source("sprite", "no ROM given", 0, cells.size, 0)
    tiles = cells.ravel() // TILE_BYTES
    telling = int(origins.informative[tiles].sum())
    plain = cells.size - telling
    best = [origins.origins[tile][0] for tile in tiles.tolist() if origins.informative[tile] and origins.origins[tile]]
    if not best:
        return Source("unknown", "not found in the ROM", 0, telling, plain)
    # Most of a sprite's tiles come from one block: the sprite is named after it.
    blocks = [(origin.codec, origin.block_offset if origin.codec != RAW_CODEC else 0) for origin in best]
    common = max(set(blocks), key=blocks.count)
    first = best[blocks.index(common)]
    return Source(_name(first, names), origin_text(first), len(best), telling, plain)


def _name(origin: Origin, names: Names) -> str:
    exact = names.get((origin.codec, origin.block_offset))
    if exact is not None:
        return exact
    if origin.codec == RAW_CODEC:  # named after the sheet that contains it
        inside = [
            (offset, name)
            for (codec, offset), name in names.items()
            if codec == RAW_CODEC and offset <= origin.block_offset
        ]
        if inside:
            return max(inside)[1]
    return f"{origin.codec} ${origin.block_offset:06X}"


def rgba(sprite: Sprite, frame: Frame) -> NDArray[np.uint8]:
    """Return uint8[h, w, 4]: a sprite in the colours that it had on the screen; 0 is transparent."""
    colours = sprite_colours(frame.snapshot, sprite)[sprite.pixels]
    return np.dstack([colours, np.where(sprite.pixels, 255, 0).astype(np.uint8)])


def screen_of(update: Update) -> NDArray[np.uint8]:
    """Return the emulator's picture, or else a composed one, as uint8[h, 256, 3].

    Raises:
        UsageError: The snapshot has no picture, and lacks the registers that composing one needs.
    """
    picture = update.snapshot.picture
    return compose_screen(update.frame).rgb if picture is None else picture


def entries_of(
    update: Update, groups: Sequence[Metasprite], names: Names, workspace: Workspace | None = None
) -> list[Entry]:
    """Return a card for each sprite on screen, in OAM order, in the colour of its group's box.

    With a workspace, the tiles that its edit sheet would not have free are marked.
    """
    frame = update.frame
    group_of = {index: number for number, group in enumerate(groups) for index in group.indices}
    entries = []
    for sprite in frame.sprites:
        if sprite.index not in group_of or not sprite.pixels.any():
            continue
        colour = SERIES[group_of[sprite.index] % len(SERIES)]
        entries.append(replace(sprite_entry(frame, sprite, update.origins, names, workspace), colour=colour))
    return entries


def sprite_entry(
    frame: Frame, sprite: Sprite, origins: VramOrigins | None, names: Names, workspace: Workspace | None = None
) -> Entry:
    """Return the card of a sprite, without a mark beside its title."""
    source = source_of(sprite.cells, origins, names)
    flips = " ".join(word for word, is_set in (("hflip", sprite.hflip), ("vflip", sprite.vflip)) if is_set)
    note = SheetNote("")
    if workspace is not None and origins is not None:
        note = note_of(sheet_from_sprite(frame, sprite, origins, workspace.rom, workspace.plugins.codecs()), "")
    return Entry(
        pixels=rgba(sprite, frame),
        locked=note.locked,
        unproven=note.unproven,
        title=f"#{sprite.index} {source.name}",
        lines=(
            f"{sprite.width}x{sprite.height}  palette {sprite.palette}  priority {sprite.priority}  {flips}",
            source.place,
            source.count,
        ),
        palette=sprite_colours(frame.snapshot, sprite),
    )


def figures_of(
    update: Update, groups: Sequence[Metasprite], names: Names, workspace: Workspace | None = None
) -> list[Entry]:
    """Return a card for each metasprite on screen, drawn as one picture. Marks as for `entries_of`."""
    frame = update.frame
    entries = []
    for number, group in enumerate(groups):
        if not group.pixels.any():
            continue
        source = source_of(_cells(frame, group), update.origins, names)
        palettes = to_rgb(sprite_cgram(frame.snapshot, [frame.sprites[index] for index in group.indices]))
        opaque = np.where(group.pixels, 255, 0).astype(np.uint8)
        count = len(group.indices)
        note = SheetNote("")
        if workspace is not None and update.origins is not None:
            note = note_of(figure_sheet(workspace, frame, group, update.origins), "")
        entries.append(
            Entry(
                locked=note.locked,
                unproven=note.unproven,
                pixels=np.dstack([palettes[group.pixels], opaque]),
                title=source.name,
                lines=(
                    f"{group.width}x{group.height}  " + (f"{count} sprites" if count > 1 else f"#{group.indices[0]}"),
                    source.place,
                    source.count,
                ),
                palette=obj_palette(palettes, group.palettes[0]),
                colour=SERIES[number % len(SERIES)],
            )
        )
    return entries


def _cells(frame: Frame, group: Metasprite) -> NDArray[np.int32]:
    """VRAM byte addresses of all tiles of a metasprite."""
    return np.concatenate([frame.sprites[index].cells.ravel() for index in group.indices])


def boxes_of(update: Update, groups: Sequence[Metasprite], names: Names) -> list[Box]:
    """Return a box for each metasprite on screen, labelled with the name of its block."""
    boxes = []
    for number, group in enumerate(groups):
        top, height = _lines(update.frame, group)
        boxes.append(
            Box(
                x=group.x,
                y=top,
                width=group.width,
                height=height,
                label=source_of(_cells(update.frame, group), update.origins, names).name,
                colour=SERIES[number % len(SERIES)],
            )
        )
    return boxes


def _lines(frame: Frame, group: Metasprite) -> tuple[int, int]:
    """Return the first screen line and the number of lines that a metasprite covers."""
    if not half_height(frame.snapshot.ppu):
        return group.y, group.height
    sprites = [frame.sprites[index] for index in group.indices]
    top = min(map(screen_y, sprites))
    return top, max(screen_y(sprite) + sprite.height // 2 for sprite in sprites) - top


def write_frame_pictures(
    update: Update,
    workspace: Workspace | None,
    folder: Path,
    name: str,
    names: Names | None = None,
    *,
    kinds: Sequence[str] = FRAME_PICTURES,
) -> list[Path]:
    """Write NAME-screen.png, NAME-figures.png and NAME-sprites.png, or those of `kinds`, and return their paths.

    The pictures carry what is doubtful about them (see `doubts`).

    Raises:
        UsageError: The screen cannot be drawn (see `screen_of`).
    """
    notes = doubts(update.frame)
    title = name if workspace is None else f"{workspace.rom.title}: {name}"
    names = names or {}
    groups = (group_sprites if workspace is None else workspace.plugins.group_sprites)(update.frame)
    title = f"{title}, frame {update.snapshot.frame}"
    pictures = {}
    if "screen" in kinds:
        screen = annotated_screen(screen_of(update), boxes_of(update, groups, names))
        pictures[f"{name}-screen.png"] = captioned(screen, notes)
    for kind, cards in (("figures", figures_of), ("sprites", entries_of)):
        if kind in kinds:
            entries = cards(update, groups, names, workspace)
            pictures[f"{name}-{kind}.png"] = captioned(sprite_sheet(entries, title=title), [*notes, *legend(entries)])
    for file, picture in pictures.items():
        write_atomic(folder / file, png_bytes(picture))
    return [folder / file for file in pictures]


def legend(entries: Sequence[Entry]) -> list[str]:
    """Return a line for each kind of mark on the tiles of these cards."""
    return [text for kind, text in LEGEND.items() if any(getattr(entry, kind) for entry in entries)]
