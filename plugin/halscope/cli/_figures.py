"""The options that say which sprites are one figure."""

from __future__ import annotations

import argparse

from halscope.app import Regrouping


def regrouping_from(options: argparse.Namespace) -> Regrouping:
    """Return the figures to merge and to split from the options."""
    return Regrouping(tuple((first, second) for first, second in options.merge), tuple(options.split))
