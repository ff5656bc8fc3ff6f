"""A plot of speed over size, both logarithmic, as an SVG file of a few kilobytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

Points = Sequence[tuple[float, float]]
"""(bytes, megabytes per second), ascending."""

_WIDTH: Final = 760
_HEIGHT: Final = 440
_LEFT: Final = 70
_RIGHT: Final = 170  # room for the names of the lines
_TOP: Final = 50
_BOTTOM: Final = 50
_COLOURS: Final = ("#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94", "#8a6d1d")


def speed_plot(title: str, series: Mapping[str, Points]) -> str:
    """Draw one line per name, labelled at its end."""
    sizes = [size for points in series.values() for size, _ in points]
    rates = [rate for points in series.values() for _, rate in points]
    left, right = math.log2(min(sizes)), math.log2(max(sizes))
    low, high = math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates)))

    def x(size: float) -> float:
        return _LEFT + (math.log2(size) - left) / max(right - left, 1e-9) * (_WIDTH - _LEFT - _RIGHT)

    def y(rate: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(rate) - low) / max(high - low, 1) * (_HEIGHT - _TOP - _BOTTOM)

    end = _WIDTH - _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        ' font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="26" font-size="16">{escape(title)}</text>',
    ]
    for power in range(math.ceil(left), math.floor(right) + 1):
        at = x(2**power)
        label = f"{2**power} B" if power < 10 else f"{2 ** (power - 10)} KiB"
        parts += [
            f'<path d="M{at:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#ddd"/>',
            f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{label}</text>',
        ]
    for power in range(low, high + 1):
        at = y(10**power)
        parts += [
            f'<path d="M{_LEFT} {at:.1f}H{end}" stroke="#ddd"/>',
            f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10**power:g}</text>',
        ]
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts += [
        f'<text transform="translate(20 {middle})rotate(-90)" text-anchor="middle">MB/s</text>',
        f'<text x="{(_LEFT + end) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">bytes of data in one block</text>',
    ]
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = "M" + "L".join(f"{x(size):.1f} {y(rate):.1f}" for size, rate in points)
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(size):.1f}" cy="{y(rate):.1f}" r="3" fill="{colour}"/>' for size, rate in points]
        last = y(points[-1][1])
        parts.append(f'<text x="{end + 10}" y="{last + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
