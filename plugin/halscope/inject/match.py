"""Match the colours of an edited picture to the console's palette indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
from halscope_hooks import ImageError
from numpy.typing import NDArray

from halscope.inject.model import TILE, Composition, Sheet
from halscope.inject.png import Pixels
from halscope.ppu.cgram import from_rgb

_NEVER: Final = np.inf
FEWEST_GROUND_PIXELS: Final = 16
"""A sheet with fewer transparent pixels may well be painted all over."""
MOST_CHANGED_ENTRIES: Final = 4
"""Changed entries of a palette up to which it is still the sheet's, with mistakes."""
_CHUNK: Final = 1 << 16
"""Colours compared with a palette at a time, which bounds the memory used for a photograph."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first pixel of a picture whose colour is not in the palettes of its tile.

    Args:
        x: Its column.
        y: Its row.
        colour: Its colour, 24 bits, red first.
        index: Its index in the file's palette; `None` if the file is not indexed.
        nearest: The nearest colour that it may have, 24 bits.
        nearest_index: The index of that colour in its palette.
        palette: The number of that palette in the sheet.
        elsewhere: The palette of the sheet that has the pixel's colour and is not its tile's; `None` if none has it.
        pixels: How many pixels do not fit.
        colours: How many colours they have.
    """

    x: int
    y: int
    colour: int
    index: int | None
    nearest: int
    nearest_index: int
    palette: int
    elsewhere: int | None
    pixels: int
    colours: int


class MisfitError(ImageError):
    """A colour is not in the palettes of its tile. `misfit` says which; choosing the nearest colours mends it."""

    def __init__(self, message: str, misfit: Misfit) -> None:
        super().__init__(message)
        self.misfit = misfit


def match_pixels(
    sheet: Sheet, original: Composition, picture: Pixels, source: str, *, nearest: bool
) -> NDArray[np.uint8]:
    """Find the palette entry of every pixel of the edited picture.

    A colour matches an entry exactly or after rounding to 5 bits per channel (editors differ in how they expand 5 bits
    to 8). A pixel may only use the palette of its cell. If a palette contains a colour twice, an indexed file that kept
    the sheet's order decides; otherwise a pixel whose colour did not change keeps its index, and a painted one takes
    the lowest index. An opaque pixel in colour 0 counts as transparent only if the file lost its transparency.

    Args:
        sheet: The sheet as exported; the picture must have its size.
        original: The picture of the sheet as exported.
        picture: The edited picture.
        source: Its file, for messages.
        nearest: Replace a colour that is not in the palette by the nearest one.

    Returns:
        uint8[height, width], palette × 2^bpp + colour, 0 where transparent.

    Raises:
        MisfitError: A colour is not in the palette.
        ImageError: A pixel is painted where there is no tile, or the picture was flattened onto a ground.
    """
    order = _palette_order(sheet, original)
    if picture.indices is None or picture.palette is None:
        colours, which = np.unique(_packed(picture.rgb), return_inverse=True)
        inverse = which.reshape(picture.opaque.shape).astype(np.intp)
    else:  # its palette has all colours: no need to sort those of the pixels
        colours, inverse = _packed(picture.palette), picture.indices.astype(np.intp)
    entry, distance = _entries(sheet, colours, nearest=nearest)

    chosen = np.zeros(picture.opaque.shape, np.uint8)
    best = np.full(picture.opaque.shape, _NEVER, np.float32)
    for slots in order:
        pair = inverse * len(sheet.palettes) + slots  # of colour and palette
        away = np.where(slots >= 0, distance.take(pair, mode="clip"), _NEVER)
        better = away < best
        chosen = np.where(better, entry.take(pair, mode="clip"), chosen)
        best = np.where(better, away, best)
    flat_colours = sheet.palettes.reshape(-1)
    same_colour = (original.pixels != 0) & (chosen != 0) & (flat_colours[chosen] == flat_colours[original.pixels])
    chosen[same_colour] = original.pixels[same_colour]
    transparent = ~picture.opaque
    indices = _trusted_indices(sheet, picture)
    if indices is not None:
        direct = (order == indices // sheet.colours).any(axis=0) & (indices % sheet.colours != 0)
        # A file that lacks one of two equal colours cannot say which it means: the pixel that was there can.
        merged = same_colour & ~_in_file(sheet, picture)[original.pixels]
        direct &= ~merged
        chosen[direct] = indices[direct]
        transparent |= (indices % sheet.colours == 0) & (indices < len(sheet.palettes) * sheet.colours)
    elif not transparent.any():
        backdrop = _is_colour(colours, int(sheet.palettes[0, 0]))[inverse]
        transparent = backdrop & ((original.pixels == 0) | (best >= 1))
    if picture.opaque.all() and not picture.clear_entry:
        _refuse_ground(original, picture, transparent, source)
    wrong = ~transparent & np.isinf(best)
    if wrong.any():
        _refuse(sheet, original, picture, wrong, order, source)
    chosen[transparent] = 0
    return chosen


def _palette_order(sheet: Sheet, original: Composition) -> NDArray[np.int16]:
    """Return int16[ranks, height, width]: palettes a pixel may use, visible one first, then front to back; -1: none."""
    shape = original.pixels.shape
    if sheet.map is not None:
        return _every_palette(sheet)
    if len(sheet.palettes) == 1:
        order = np.full((1, *shape), -1, np.int16)
        x, y = np.array([(cell.x, cell.y) for cell in sheet.cells]).T
        side = np.arange(TILE)
        order[0, y[:, None, None] + side[:, None], x[:, None, None] + side] = 0
        return order
    owned = original.owner >= 0
    order = np.full((len(sheet.palettes), *shape), -1, np.int16)
    cell_palettes = np.array([cell.palette for cell in sheet.cells], np.int16)
    order[0][owned] = cell_palettes[original.owner[owned]]
    for cell in sheet.cells:
        area = order[:, cell.y : cell.y + TILE, cell.x : cell.x + TILE]
        missing = ~(area == cell.palette).any(axis=0)
        rank = (area >= 0).sum(axis=0)
        rows, columns = np.nonzero(missing)
        area[rank[rows, columns], rows, columns] = cell.palette
    return order


def _every_palette(sheet: Sheet) -> NDArray[np.int16]:
    """Return the palettes that a pixel of a layer may use, as `_palette_order`: its tile's own, then all others.

    The map says which palette a tile has, so an edit may change it.
    """
    own = np.zeros((sheet.height, sheet.width), np.int16)
    for cell in sheet.cells:
        own[cell.y : cell.y + TILE, cell.x : cell.x + TILE] = cell.palette
    count = len(sheet.palettes)
    return np.stack([(own + further) % count for further in range(count)])


def _entries(
    sheet: Sheet, colours: NDArray[np.int32], *, nearest: bool
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return, for each colour and palette, the matching entry and its distance (below 1: a match)."""
    entry = np.zeros((len(colours), len(sheet.palettes)), np.uint8)
    distance = np.full((len(colours), len(sheet.palettes)), _NEVER, np.float32)
    rgb = sheet.rgb.reshape(len(sheet.palettes), sheet.colours, 3)
    bgr = sheet.palettes.astype(np.int32)
    tiers = [(colours, _packed(rgb)), (_rounded(colours), bgr), (_cut(colours), bgr)]
    for slot in range(len(sheet.palettes)):
        if nearest:
            for start in range(0, len(colours), _CHUNK):
                away = _redmean(colours[start : start + _CHUNK], rgb[slot, 1:])
                entry[start : start + _CHUNK, slot] = away.argmin(axis=1) + 1
                distance[start : start + _CHUNK, slot] = away.min(axis=1) + 1
        for rank in range(len(tiers) - 1, -1, -1):
            keys, entry_keys = tiers[rank][0], tiers[rank][1][slot, 1:]
            ascending = np.argsort(entry_keys, kind="stable")  # stable: the lowest index of equal colours comes first
            place = np.minimum(np.searchsorted(entry_keys[ascending], keys), len(ascending) - 1)
            found = ascending[place]
            hit = entry_keys[found] == keys
            entry[hit, slot] = found[hit] + 1
            distance[hit, slot] = rank / len(tiers)
    entry += (np.arange(len(sheet.palettes)) * sheet.colours).astype(np.uint8)
    return entry, distance


def _packed(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = rgb.astype(np.int32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def _unpacked(colours: NDArray[np.int32]) -> NDArray[np.uint8]:
    return np.stack([colours >> 16, colours >> 8 & 0xFF, colours & 0xFF], axis=-1).astype(np.uint8)


def _rounded(colours: NDArray[np.int32]) -> NDArray[np.int32]:
    """Convert to BGR555 by rounding to the nearest of 32 levels."""
    return from_rgb(_unpacked(colours)).astype(np.int32)


def _cut(colours: NDArray[np.int32]) -> NDArray[np.int32]:
    """Convert to BGR555 by truncation: some tools expand colours as `c << 3`."""
    return colours >> 19 | (colours >> 11 & 31) << 5 | (colours >> 3 & 31) << 10


def _is_colour(colours: NDArray[np.int32], bgr555: int) -> NDArray[np.bool_]:
    return np.equal(_rounded(colours), bgr555) | np.equal(_cut(colours), bgr555)


def _redmean(colours: NDArray[np.int32], entries: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Approximate perceptual distance: RGB weighted by mean red (Thiadmer Riemersma's "redmean")."""
    left = _unpacked(colours).astype(np.float32)[:, None, :]
    right = entries.astype(np.float32)[None, :, :]
    red = (left[..., 0] + right[..., 0]) / 2
    square = (left - right) ** 2
    weighted = (2 + red / 256) * square[..., 0] + 4 * square[..., 1] + (2 + (255 - red) / 256) * square[..., 2]
    return np.asarray(np.sqrt(weighted), np.float32)


def _trusted_indices(sheet: Sheet, picture: Pixels) -> NDArray[np.int32] | None:
    """Return the file's indices, int32[height, width], if they still mean the sheet's colours; otherwise `None`.

    Only the entries that pixels use count, compared at 5 bits per channel, so a palette may be cut, padded or saved
    with other levels. Colour 0 of a palette is never seen, and its RGB does not matter: an opaque one is distrusted
    only if it is another colour of the sheet that is missing at its own place, as in a palette that was sorted.
    """
    if picture.indices is None or picture.palette is None:
        return None
    there = _in_file(sheet, picture)
    indices = picture.indices.astype(np.int32)  # 256, the entries of an 8bpp sheet, is no uint8
    used = _distinct(indices)
    used = used[used < len(there)]
    first = used % sheet.colours == 0
    if not there[used[~first]].all():
        return None
    clear = np.zeros(len(there), np.bool_)
    clear[indices[~picture.opaque & (indices < len(there))]] = True
    if clear[used[~first]].any():
        return None  # a colour became transparent, so the palette was reordered
    own = _rounded(_packed(sheet.rgb))
    for index in used[first & ~clear[used]].tolist():
        moved = _at_5_bits(picture.palette[index], own) & ~there
        moved[index] = False
        if moved.any():
            return None
    return picture.indices.astype(np.int32)


def _in_file(sheet: Sheet, picture: Pixels) -> NDArray[np.bool_]:
    """Return, for each entry of the sheet's palettes, whether the file's palette has its colour at the same index."""
    there = np.zeros(len(sheet.rgb), np.bool_)
    if picture.palette is not None:
        count = min(len(there), len(picture.palette))
        there[:count] = _at_5_bits(picture.palette[:count], _rounded(_packed(sheet.rgb[:count])))
    return there


def _at_5_bits(rgb: NDArray[np.uint8], entries: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each colour, or the only one, is the BGR555 colour after rounding, or after cutting its lower bits."""
    packed = _packed(rgb.reshape(-1, 3))
    return np.equal(entries, _rounded(packed)) | np.equal(entries, _cut(packed))


def _refuse_ground(original: Composition, picture: Pixels, transparent: NDArray[np.bool_], source: str) -> None:
    """Refuse a picture without transparency most of whose transparent pixels have become one colour: a ground that an
    editor flattened it onto. If that colour is in the palette, or is replaced by the nearest one, every transparent
    pixel would be painted."""
    were = (original.pixels == 0) & ~transparent
    count = int(np.count_nonzero(original.pixels == 0))
    if count < FEWEST_GROUND_PIXELS:
        return
    colours, times = np.unique(_packed(picture.rgb)[were], return_counts=True)
    if not len(times) or times.max() * 4 < count * 3:
        return
    raise ImageError(
        f"{source}: has no transparency, and {times.max()} of the {count} pixels that were transparent are now "
        f"#{colours[times.argmax()]:06x}: it was flattened onto a ground of that colour; save it with its "
        "transparency, or if you painted them all, as an indexed PNG whose palette still has a transparent colour 0"
    )


def _refuse(
    sheet: Sheet,
    original: Composition,
    picture: Pixels,
    wrong: NDArray[np.bool_],
    order: NDArray[np.int16],
    source: str,
) -> NoReturn:
    """Raise an error that names the pixels that cannot be converted."""
    covered = order[0] >= 0
    outside = wrong & ~covered
    if outside.any():
        y, x = (int(v) for v in np.argwhere(outside)[0])
        count = int(np.count_nonzero(outside))
        painted, them = ("pixel is", "it") if count == 1 else ("pixels are", "them")
        raise ImageError(
            f"{source}: {count} {painted} painted where the sheet has no tile, the first at ({x}, {y}); make {them} "
            "transparent"
        )
    y, x = (int(v) for v in np.argwhere(wrong)[0])
    packed = _packed(picture.rgb)
    used = len(set(packed[picture.opaque].tolist())) + (not picture.opaque.all())
    limit = len(sheet.palettes) * (sheet.colours - 1) + 1
    begin = f"{source}: "
    if used > limit:
        palettes = "palette holds" if len(sheet.palettes) == 1 else f"{len(sheet.palettes)} palettes hold"
        begin += f"uses {used} colours, its {palettes} {limit} (including transparent); "
    colour = packed[y, x]
    own = [int(slot) for slot in order[:, y, x] if slot >= 0]
    entries = sheet.rgb.reshape(len(sheet.palettes), sheet.colours, 3)[:, 1:]
    away = _redmean(np.array([colour], np.int32), entries[own].reshape(-1, 3))[0]
    slot, index = divmod(int(away.argmin()), sheet.colours - 1)
    slot, index = own[slot], index + 1
    near = _packed(entries[slot, index - 1])
    pixels, colours = int(np.count_nonzero(wrong)), len(set(packed[wrong].tolist()))
    message = (
        f"{begin}{pixels} pixel{'s' * (pixels != 1)} in {colours} colour{'s' * (colours != 1)} not in the "
        f"{'palettes of their tiles' if len(sheet.palettes) > 1 else 'palette'}, the first at ({x}, {y}): "
        f"#{colour:06x}, nearest is #{near:06x} (index {index}); use the sheet's colours, or choose the nearest ones "
        "with --nearest"
    )
    message += _changed_entries(sheet, picture, wrong)
    was_clear = covered & (original.pixels == 0)
    # One pixel that is drawn into the empty part of a tile is no sign: a picture without transparency has them all.
    flattened = np.count_nonzero(was_clear & picture.opaque) * 2 > np.count_nonzero(was_clear)
    if flattened and np.count_nonzero(wrong & was_clear) * 2 > pixels:
        message += "; most of them were transparent: save the picture with its transparency"
    others = [at for at in range(len(sheet.palettes)) if at not in own]
    misfit = Misfit(
        x=x,
        y=y,
        colour=int(colour),
        index=None if picture.indices is None else int(picture.indices[y, x]),
        nearest=int(near),
        nearest_index=index,
        palette=slot,
        elsewhere=next((at for at in others if _at_5_bits(entries[at], _rounded(colour[None])).any()), None),
        pixels=pixels,
        colours=colours,
    )
    raise MisfitError(message, misfit)


def _changed_entries(sheet: Sheet, picture: Pixels, wrong: NDArray[np.bool_]) -> str:
    """Name the entries of an indexed file's palette that differ from the sheet's, if only few do."""
    if picture.indices is None or picture.palette is None:
        return ""
    there = _in_file(sheet, picture)
    there[:: sheet.colours] = True
    used = _distinct(picture.indices[wrong])
    used = used[used < len(there)]
    changed = used[~there[used]]
    if not len(changed) or np.count_nonzero(~there[: len(picture.palette)]) > MOST_CHANGED_ENTRIES:
        return ""

    def rgb(colour: NDArray[np.uint8]) -> str:
        return ",".join(str(level) for level in colour.tolist())

    listed = "; ".join(f"index {at} is {rgb(sheet.rgb[at])}, yours is {rgb(picture.palette[at])}" for at in changed)
    return f"; a sheet does not change the palette (`halscope palette` does): {listed}"


def _distinct(indices: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the palette indices that occur, in order."""
    return np.flatnonzero(np.bincount(indices.ravel()))
