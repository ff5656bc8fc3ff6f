"""OKLab: distances between colours as people see them (Björn Ottosson, 2020)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_TO_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _linear() -> NDArray[np.float64]:
    values = np.arange(256) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


_LINEAR: Final = _linear()


def to_oklab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return float64[..., 3], lightness (0 to 1) and two colour axes, of sRGB in uint8[..., 3]."""
    cones = np.cbrt(_LINEAR[rgb] @ _TO_CONES.T)
    lab: NDArray[np.float64] = cones @ _TO_LAB.T
    return lab
