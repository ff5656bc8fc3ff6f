"""Build the lab ROM: `python build.py` writes the image and its truth file, `--check` compares with them.

`--map NAME --out FOLDER` writes the image in another memory map, with a truth file of its own, to a folder.
"""

import argparse
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
ROOT = SOURCE.parents[3]
DEMO = ROOT / "plugin" / "halscope" / "demo" / "source"
sys.path[:0] = [str(SOURCE), str(DEMO), str(ROOT / "tests")]

from demobuild import command  # noqa: E402
from labbuild.image import build  # noqa: E402
from labbuild.maps import MAPS  # noqa: E402


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--map", choices=MAPS, default="lorom")
    parser.add_argument("--out", type=Path, default=SOURCE.parent)
    known, others = parser.parse_known_args()
    name = "halscope-lab" + ("" if known.map == "lorom" else f"-{known.map}")
    return command.run(
        "Halscope's lab ROM",
        lambda folder: build(SOURCE, DEMO, folder, MAPS[known.map]),
        known.out / f"{name}.sfc",
        known.out / f"{name}.json",
        others,
    )


if __name__ == "__main__":
    sys.exit(main())
