"""How many examples a property test looks at: fewer in the quick subset (`tests/run --quick`)."""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import settings

QUICK: Final = bool(os.environ.get("HALSCOPE_QUICK"))
USUAL: Final = 60
"""In CI they are the same each time, elsewhere others: many short runs see more of them than a few long ones."""


def examples(number: int, **more: Any) -> settings:
    """Settings for a property that needs another number of examples than the usual one."""
    return settings(max_examples=count(number), **more)


def count(number: int = USUAL) -> int:
    """So many examples, or a fifth of them in the quick subset."""
    return max(10, number // 5) if QUICK else number
