"""Recognise colours that a game has darkened, brightened or mixed: every channel by the same rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

FadeKind = Literal["scaled", "subtracted", "added", "to white", "mixed"]

_MOST: Final = 31
_LEAST_COLOURS: Final = 3
_LEAST_LEVELS: Final = 5
"""Distinct levels above black that the faded channels need: nearly black colours are a fade of any palette."""

_ROUNDING: Final = ((0.0, 1.0), (-0.5, 0.5))
"""How far above the level the exact value may be: rounded down, or to the nearest."""
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Fade:
    """How faded colours come from known ones.

    Args:
        kind: "scaled": each channel times `amount`; "subtracted" or "added": `amount` less or more, down to 0 or up to
            31; "to white": the distance to 31 times `amount`; "mixed": `amount` of the known ones, the rest of others.
        amount: 0 to 1, or 1 to 31.
    """

    kind: FadeKind
    amount: float

    @property
    def text(self) -> str:
        """The rule, for users."""
        match self.kind:
            case "scaled":
                return f"darkened to {self.amount:.0%}"
            case "subtracted":
                return f"darkened by {self.amount:.0f}"
            case "added":
                return f"brightened by {self.amount:.0f}"
            case "to white":
                return f"{1 - self.amount:.0%} of the way to white"
            case _:
                return f"mixed, {self.amount:.0%} of it"


def channels(colours: NDArray[np.uint16]) -> NDArray[np.int16]:
    """Return int16[n, 3], red, green and blue from 0 to 31."""
    return np.stack([colours >> shift & np.uint16(31) for shift in (0, 5, 10)], axis=-1).astype(np.int16)


def find_fade(
    shown: NDArray[np.uint16], known: NDArray[np.uint16], other: NDArray[np.uint16] | None = None
) -> Fade | None:
    """Return the rule by which the shown colours come from known ones; `None` if there is none, or nothing changed.

    Args:
        shown: uint16[n].
        known: uint16[n], the colours as stored, in the same order.
        other: uint16[n], colours that they may be mixed with.
    """
    now, before = channels(shown), channels(known)
    if len(shown) < _LEAST_COLOURS or np.array_equal(now, before) or not _tells(now):
        return None
    step = int((before - now).max())
    if step > 0 and np.array_equal(now, np.maximum(before - step, 0)):
        return Fade("subtracted", step)
    if (scale := _scale(now, before)) is not None:
        return Fade("scaled", scale)
    if _tells(_MOST - now):
        step = int((now - before).max())
        if step > 0 and np.array_equal(now, np.minimum(before + step, _MOST)):
            return Fade("added", step)
        if (scale := _scale(_MOST - now, _MOST - before)) is not None:
            return Fade("to white", scale)
    if other is not None and (share := _share(now, before, channels(other))) is not None:
        return Fade("mixed", share)
    return None


def _tells(levels: NDArray[np.int16]) -> bool:
    return int(np.count_nonzero(np.bincount(levels.ravel(), minlength=32)[1:])) >= _LEAST_LEVELS


def _scale(now: NDArray[np.int16], before: NDArray[np.int16]) -> float | None:
    """Return a factor below 1 that leads from `before` to `now`, rounded down or to the nearest; else `None`."""
    if (now > before).any() or (now[before == 0] != 0).any():
        return None
    there = before > 0
    return _factor(now[there].astype(np.float64), before[there].astype(np.float64))


def _share(now: NDArray[np.int16], first: NDArray[np.int16], second: NDArray[np.int16]) -> float | None:
    """Return the share of `first` in a mixture with `second`."""
    apart = first != second
    if (now[~apart] != first[~apart]).any() or np.count_nonzero(apart) < _LEAST_LEVELS:
        return None
    part, whole = (now - second)[apart].astype(np.float64), (first - second)[apart].astype(np.float64)
    for low, high in (*_ROUNDING, (0.0, 2.0)):  # halves that are added have lost up to two parts of a level
        ends = np.sort(np.stack([(part + low) / whole, (part + high) / whole]), axis=0)
        least, most = float(ends[0].max()), float(ends[1].min())
        if least <= most + _TINY and 0 < least + most < 2:
            return _simplest(max(0.0, least), min(1.0, most + _TINY))
    return None


def _factor(now: NDArray[np.float64], before: NDArray[np.float64]) -> float | None:
    for low, high in _ROUNDING:
        least, most = float(((now + low) / before).max()), float(((now + high) / before).min())
        if least < most and least < 1:
            return _simplest(max(0.0, least), min(1.0, most))
    return None


def _simplest(least: float, most: float) -> float:
    """Return the simplest fraction of a range: what a game has most likely multiplied by."""
    for of in (2, 4, 8, 16, 32):
        for part in range(1, of):
            if least <= part / of < most:
                return part / of
    return (least + most) / 2
