"""Compose the screen in hardware order, and find the sprite that each visible pixel belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from halscope_hooks import Frame, PpuRegisters, Snapshot
from numpy.typing import NDArray

from halscope.ppu import bg, blend, cgram, mode7, obj, registers, window
from halscope.ppu.obj import ObjectPlane

# Front to back, by BG mode. S0 to S3 are sprites of that priority; 1H is BG1's tiles with their priority bit set.
_ORDER: Final = (
    "S3 1H 2H S2 1L 2L S1 3H 4H S0 3L 4L",
    "S3 1H 2H S2 1L 2L S1 3H S0 3L",
    *(["S3 1H S2 2H S1 1L S0 2L"] * 4),
    "S3 1H S2 S1 1L S0",
    "S3 S2 2H S1 1L 1H S0 2L",
)
_ORDER_BG3_IN_FRONT: Final = "3H S3 1H 2H S2 1L 2L S1 S0 3L"  # mode 1 with BGMODE ($2105) bit 3


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """The picture composed from a snapshot. The height is 224, or 239 with overscan.

    Args:
        rgb: uint8[height, 256, 3]. In modes 5 and 6 only the main screen, the odd columns of the 512.
        owner: int16[height, 256], OAM index of the sprite visible there, or -1.
        ignored: Effects of the snapshot that the picture does not reproduce, as text.
    """

    rgb: NDArray[np.uint8]
    owner: NDArray[np.int16]
    ignored: tuple[str, ...]


def compose_screen(frame: Frame) -> Screen:
    """Return the main screen: layers and sprites in hardware order, windows, colour math, brightness.

    A snapshot is one state for the whole picture: changes by HDMA or interrupts during the frame are not included.

    Raises:
        UsageError: A required register (INIDISP, BGMODE, TM or one of a displayed layer) is not known.
    """
    snapshot = frame.snapshot
    ppu = snapshot.ppu
    inidisp, tm = registers.require(ppu, "inidisp", "tm")
    lines = registers.screen_lines(ppu)
    ignored = _unfollowed(snapshot)
    if inidisp & 0x80:  # forced blank
        return Screen(np.zeros((lines, 256, 3), np.uint8), np.full((lines, 256), -1, np.int16), tuple(ignored))

    plane = ObjectPlane.empty(lines) if ppu.obsel is None else obj.compose_plane(snapshot, ppu.obsel)
    if ppu.obsel is None and tm & 0x10:
        ignored.append("sprites: OBSEL ($2101) is not known")
    ignored += plane.ignored

    main = _resolve(snapshot, plane, _enabled(ppu, tm), _window_users(ppu.tmw, "TMW", ignored), 1)
    colours = main.colours
    if ppu.cgwsel is None or ppu.cgadsub is None:
        ignored.append("colour math: CGWSEL or CGADSUB is not known")
    else:
        sub = None
        if blend.uses_subscreen(ppu):
            (ts, coldata) = registers.require(ppu, "ts", "coldata")
            sub = _resolve(
                snapshot, plane, _enabled(ppu, ts), _window_users(ppu.tsw, "TSW", ignored), 0, backdrop=coldata & 0x7FFF
            )
        colours = blend.blend(ppu, main, sub, plane.colours)
    owner = np.where(main.source == blend.OBJ, plane.owner, np.int16(-1))
    return Screen(cgram.shown_rgb(colours, inidisp & 15), owner, tuple(ignored))


def _draw_layer(snapshot: Snapshot, index: int) -> NDArray[np.uint16]:
    (bgmode,) = registers.require(snapshot.ppu, "bgmode")
    return mode7.draw_layer(snapshot, index) if bgmode & 7 == 7 else bg.draw_layer(snapshot, index)


def _unfollowed(snapshot: Snapshot) -> list[str]:
    """List the effects that the picture does not reproduce, as far as the snapshot alone reveals them."""
    ppu = snapshot.ppu
    effects = []
    if snapshot.raster_effects == "some":
        effects.append("raster effects: registers changed while the picture was drawn")
    if bg.is_hires(registers.known(ppu.bgmode)):
        effects.append("hi-res: only the main screen's columns are shown")
    if registers.known(ppu.setini) & 0x08:
        effects.append("pseudo hi-res (SETINI, $2133): only the main screen's columns are shown")
    if ppu.setini is None:
        effects.append("SETINI ($2133) is not known: assumed to be 224 lines, no interlace")
    elif ppu.setini & 0x01 and bg.is_hires(registers.known(ppu.bgmode)):
        effects.append("interlace (SETINI, $2133): the first of the two fields is shown")
    return effects


def _enabled(ppu: PpuRegisters, designation: int) -> tuple[int | str, ...]:
    """Return the layers and "obj" enabled by TM ($212C) or TS ($212D) that the BG mode has."""
    layers = [index for index in range(1, len(bg.layer_depths(ppu)) + 1) if designation >> (index - 1) & 1]
    return (*layers, *(["obj"] if designation & 0x10 else []))


def _window_users(register: int | None, name: str, ignored: list[str]) -> frozenset[int | str]:
    """Return the layers and "obj" that are masked by the windows: TMW ($212E) or TSW ($212F)."""
    if register is None:
        ignored.append(f"windows: {name} is not known")
        return frozenset()
    users: tuple[int | str, ...] = (1, 2, 3, 4, "obj")
    return frozenset(user for bit, user in enumerate(users) if register >> bit & 1)


def _resolve(
    snapshot: Snapshot,
    plane: ObjectPlane,
    enabled: tuple[int | str, ...],
    windowed: frozenset[int | str],
    half: int,
    *,
    backdrop: int | None = None,
) -> blend.Pixels:
    """Return one screen: the highest-ranked candidate of every pixel. `half` selects the columns in modes 5 and 6: 0 is
    even (sub), 1 is odd (main)."""
    ppu = snapshot.ppu
    colours_of = snapshot.cgram & np.uint16(0x7FFF)
    ranks = _ranks(registers.known(ppu.bgmode))
    shape = plane.owner.shape
    best = np.zeros(shape, np.uint8)
    source = np.zeros(shape, np.uint8)
    colours = np.full(shape, colours_of[0] if backdrop is None else backdrop, np.uint16)
    shown: NDArray[np.uint16]
    for user in enabled:
        if isinstance(user, str):
            origin = blend.OBJ
            rank = np.where(plane.owner >= 0, ranks[origin][plane.priority], np.uint8(0))
            shown = colours_of[plane.colours]
        else:
            origin = user
            pixels = _draw_layer(snapshot, user)
            pixels = pixels[:, half::2] if pixels.shape[1] == 512 else pixels
            rank = ranks[origin][pixels >> 13]
            direct = user == 1 and bg.uses_direct_colour(ppu)
            shown = bg.direct_colours(pixels) if direct else colours_of[pixels & bg.COLOUR]
        if user in windowed:
            rank = np.where(window.inside(ppu, user), np.uint8(0), rank)
        wins = rank > best
        np.copyto(best, rank, where=wins)
        np.copyto(source, np.uint8(origin), where=wins)
        np.copyto(colours, shown, where=wins)
    return blend.Pixels(colours, source)


@lru_cache(maxsize=16)
def _ranks(bgmode: int) -> dict[int, NDArray[np.uint8]]:
    """Return the ranks in a mode: of layers by the top three bits of their packed pixels (opaque, unused, priority), of
    sprites by priority."""
    mode = bgmode & 7
    order = (_ORDER_BG3_IN_FRONT if mode == 1 and bgmode & 8 else _ORDER[mode]).split()
    rank = {name: len(order) - place for place, name in enumerate(order)}
    ranks = {blend.OBJ: np.array([rank[f"S{priority}"] for priority in range(4)], np.uint8)}
    for layer in range(1, 5):
        low, high = rank.get(f"{layer}L", 0), rank.get(f"{layer}H", 0)
        ranks[layer] = np.array([0, 0, 0, 0, low, high, low, high], np.uint8)
    return ranks
