"""Halscope's C++ core; use it through halscope's own modules."""

from collections.abc import Buffer
from typing import Any

import numpy as np
from numpy.typing import NDArray

# hal: (data, consumed, "") or, for a fault, (None, its offset, the reason)
def hal_decode(data: Buffer, offset: int, strict: bool) -> tuple[NDArray[np.uint8] | None, int, str]: ...
def hal_scan(rom: Buffer, window: int, strict: bool) -> NDArray[Any]: ...
