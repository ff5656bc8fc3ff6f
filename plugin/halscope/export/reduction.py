"""Reduce pictures to one palette of the console's colours, chosen and compared in OKLab. Deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import ImageError
from numpy.typing import NDArray

from halscope.export.oklab import to_oklab
from halscope.ppu.cgram import from_rgb, to_rgb

_GRID: Final = 1 << 15
_ROUNDS: Final = 40
_OPAQUE: Final = 128
"""Least alpha of a pixel that is not transparent."""


class _Bins(NamedTuple):
    """The colours of the pictures, those of one console colour together.

    Args:
        lab: float64[n, 3], their mean.
        weight: float64[n], number of pixels.
    """

    lab: NDArray[np.float64]
    weight: NDArray[np.float64]


def choose_colours(pictures: Sequence[NDArray[np.uint8]], count: int) -> NDArray[np.uint16]:
    """Choose the colours that show all pictures best.

    Clusters are split where that removes most of the squared error, refined by k-means, moved to the console's
    colours, and refined again there.

    Args:
        pictures: uint8[height, width, 4] each, RGBA. Every picture counts by its opaque pixels.
        count: Most colours to choose, 1 to 255; without the transparent one.

    Returns:
        uint16[n], BGR555, dark ones first; as many as the pictures have, if these are fewer.

    Raises:
        ImageError: No picture has an opaque pixel.
    """
    pixels = np.concatenate([picture[picture[..., 3] >= _OPAQUE][:, :3] for picture in pictures])
    if not len(pixels):
        raise ImageError("the pictures have no opaque pixel, so there are no colours to choose")
    words = from_rgb(pixels)
    weight = np.bincount(words, minlength=_GRID).astype(np.float64)
    used = np.flatnonzero(weight)
    if len(used) <= count:
        return _sorted(used.astype(np.uint16))
    lab = to_oklab(pixels)
    mean = np.stack([np.bincount(words, lab[:, axis], _GRID)[used] / weight[used] for axis in range(3)], axis=1)
    bins = _Bins(mean, weight[used])
    centres = _refined(bins, _split(bins, count))
    return _sorted(_on_grid(bins, centres))


def _sorted(words: NDArray[np.uint16]) -> NDArray[np.uint16]:
    lightness = to_oklab(to_rgb(words))[:, 0]
    return words[np.lexsort((words, lightness))]


def _split(bins: _Bins, count: int) -> NDArray[np.float64]:
    """Return float64[count, 3]: the centres of clusters that were split along their longest axis, the worst first."""
    clusters = [np.arange(len(bins.weight))]
    gains = [_best_cut(bins, clusters[0])]
    while len(clusters) < count:
        worst = max(range(len(clusters)), key=lambda number: gains[number][0])
        gain, low, high = gains[worst]
        if gain <= 0:
            break
        clusters[worst : worst + 1] = [low, high]
        gains[worst : worst + 1] = [_best_cut(bins, low), _best_cut(bins, high)]
    return np.array([np.average(bins.lab[one], axis=0, weights=bins.weight[one]) for one in clusters])


def _best_cut(bins: _Bins, cluster: NDArray[np.intp]) -> tuple[float, NDArray[np.intp], NDArray[np.intp]]:
    """Return by how much a cut lowers the squared error, and both parts."""
    lab, weight = bins.lab[cluster], bins.weight[cluster]
    if len(cluster) < 2:
        return 0.0, cluster, cluster[:0]
    centred = lab - np.average(lab, axis=0, weights=weight)
    axis = np.linalg.eigh((centred * weight[:, None]).T @ centred)[1][:, -1]
    order = np.argsort(centred @ axis, kind="stable")
    total = np.cumsum(weight[order])
    sums = np.cumsum(centred[order] * weight[order, None], axis=0)
    # The means of both parts; what they explain of the squared error.
    left, right = total[:-1], total[-1] - total[:-1]
    explained = (sums[:-1] ** 2).sum(axis=1) / left + ((sums[-1] - sums[:-1]) ** 2).sum(axis=1) / right
    cut = int(explained.argmax()) + 1
    return float(explained[cut - 1]), cluster[order[:cut]], cluster[order[cut:]]


def _nearest(lab: NDArray[np.float64], centres: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the nearest centre of each colour, and its squared distance."""
    owner = np.zeros(len(lab), np.intp)
    least = np.full(len(lab), np.inf)
    for number, centre in enumerate(centres):
        distance = ((lab - centre) ** 2).sum(axis=1)
        nearer = distance < least
        owner[nearer], least[nearer] = number, distance[nearer]
    return owner, least


def _means(bins: _Bins, owner: NDArray[np.intp], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    weight = np.bincount(owner, bins.weight, len(centres))
    sums = np.stack([np.bincount(owner, bins.weight * bins.lab[:, axis], len(centres)) for axis in range(3)], axis=1)
    there = weight > 0
    means = centres.copy()
    means[there] = sums[there] / weight[there, None]
    return means


def _refined(bins: _Bins, centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Refine centres by k-means."""
    last: NDArray[np.intp] | None = None
    for _ in range(_ROUNDS):
        owner, _distance = _nearest(bins.lab, centres)
        if last is not None and np.array_equal(owner, last):
            break
        last, centres = owner, _means(bins, owner, centres)
    return centres


def _on_grid(bins: _Bins, centres: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Move centres to different colours of the console, and refine them there."""
    words = _snapped(bins, centres)
    best, best_error = words, np.inf
    for _ in range(_ROUNDS):
        shown = to_oklab(to_rgb(words))
        owner, distance = _nearest(bins.lab, shown)
        error = float((distance * bins.weight).sum())
        if error >= best_error:
            break
        best, best_error = words, error
        words = _snapped(bins, _means(bins, owner, shown))
    return best


def _snapped(bins: _Bins, centres: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Return the console's colour nearest to each centre; those that two would share are taken by the worst colours."""
    every = _grid_lab()
    words: dict[int, None] = {}
    for centre in centres:
        words[int(((every - centre) ** 2).sum(axis=1).argmin())] = None
    while len(words) < len(centres):
        _, distance = _nearest(bins.lab, every[[*words]])
        worst = bins.lab[int((distance * bins.weight).argmax())]
        word = int(((every - worst) ** 2).sum(axis=1).argmin())
        if word in words:
            break
        words[word] = None
    return np.array([*words], np.uint16)


@cache
def _grid_lab() -> NDArray[np.float64]:
    """Return float64[32768, 3]: every colour of the console in OKLab."""
    return to_oklab(to_rgb(np.arange(_GRID, dtype=np.uint16)))


def paint(picture: NDArray[np.uint8], colours: NDArray[np.uint16], *, dither: bool = False) -> NDArray[np.uint8]:
    """Return a picture's pixels as indices: 0 where it is transparent, else 1 + the number of a colour.

    Args:
        picture: uint8[height, width, 4], RGBA.
        colours: uint16[n], BGR555, at most 255.
        dither: Pass what a pixel misses on to its neighbours (Floyd and Steinberg), in OKLab, in lines that turn round.
    """
    shown = to_oklab(to_rgb(colours))
    opaque = picture[..., 3] >= _OPAQUE
    lab = to_oklab(picture[..., :3])
    if dither:
        return _dithered(lab, opaque, shown)
    indices = np.zeros(opaque.shape, np.uint8)
    owner, _ = _nearest(lab[opaque], shown)
    indices[opaque] = owner + 1
    return indices


def _dithered(lab: NDArray[np.float64], opaque: NDArray[np.bool_], shown: NDArray[np.float64]) -> NDArray[np.uint8]:
    height, width = opaque.shape
    indices = np.zeros(opaque.shape, np.uint8)
    missed = np.zeros((height + 1, width + 2, 3))
    for y in range(height):
        forward = y % 2 == 0
        step = 1 if forward else -1
        for x in range(width) if forward else range(width - 1, -1, -1):
            if not opaque[y, x]:
                continue
            wanted = lab[y, x] + missed[y, x + 1]
            number = int(((shown - wanted) ** 2).sum(axis=1).argmin())
            indices[y, x] = number + 1
            rest = wanted - shown[number]
            missed[y, x + 1 + step] += rest * (7 / 16)
            missed[y + 1, x + 1 - step] += rest * (3 / 16)
            missed[y + 1, x + 1] += rest * (5 / 16)
            missed[y + 1, x + 1 + step] += rest * (1 / 16)
    return indices


def mean_error(picture: NDArray[np.uint8], indices: NDArray[np.uint8], colours: NDArray[np.uint16]) -> float:
    """Return the mean distance in OKLab of a picture's opaque pixels from their colours; 0 if it has none."""
    opaque = indices > 0
    if not opaque.any():
        return 0.0
    apart = to_oklab(picture[opaque][:, :3]) - to_oklab(to_rgb(colours))[indices[opaque].astype(np.intp) - 1]
    return float(np.sqrt((apart**2).sum(axis=1)).mean())
