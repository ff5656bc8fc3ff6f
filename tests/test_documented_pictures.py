"""Every picture of the documents is drawn again and compared, or listed here with the reason why it cannot be."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from halscope.hosts.libretro import available_cores
from PIL import Image
from support.documented import ROOT, documented_pictures

OVERVIEW = "docs/images/overview.png"
SWATCHES = "docs/examples/palette-watch/tests/test_palette_watch/swatches.png"

COMPARED = {
    OVERVIEW: "below, with what the README's first command makes",
    SWATCHES: "by the example's own tests, which .ci/example runs",
}
PAGE = "docs/images/page"
NOT_COMPARED = {
    f"{PAGE}.png": "a browser's picture: `tests/browser/pictures.py` makes it",
    "docs/images/hal-speed.svg": "figures of the machine that it names: `tests/benchmarks/table.py --plot` draws it",
    "docs/images/threads.svg": "drawn by hand",
}


def pictures_of_the_page() -> list[str]:
    """Each view of the page in both themes and two sizes; fonts differ from one browser to the next."""
    views = re.findall(
        r'^  \["(\w+)", ', (ROOT / "plugin/halscope/inspector/page/views/index.js").read_text(), re.MULTILINE
    )
    assert len(views) > 5
    return [
        f"{PAGE}/{view.lower()}-{theme}-{size}.png"
        for view in views
        for theme in ("dark", "light")
        for size in (1280, 2560)
    ]


def test_each_picture_is_compared_or_listed_with_the_reason_why_not() -> None:
    assert documented_pictures() == sorted([*COMPARED, *NOT_COMPARED, *pictures_of_the_page()])


@pytest.mark.slow
@pytest.mark.skipif("snes9x" not in {core.name for core in available_cores()}, reason="no snes9x core is installed")
def test_the_readmes_picture_is_what_the_demo_makes(demo_tour: Path) -> None:
    with Image.open(demo_tour / "overview.png") as made, Image.open(ROOT / OVERVIEW) as shown:
        assert made.size == shown.size
        differs = (np.asarray(made.convert("RGB")) != np.asarray(shown.convert("RGB"))).any(axis=2)
    rows, columns = np.nonzero(differs)
    assert not rows.size, (
        f"{rows.size} pixels differ, in x {columns.min()} to {columns.max()}, y {rows.min()} to {rows.max()}; "
        f"if `halscope demo` is right, copy its overview.png to {OVERVIEW}"
    )
