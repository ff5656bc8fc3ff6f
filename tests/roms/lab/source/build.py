"""Build the lab ROM: `python build.py` writes the image and its truth file, `--check` compares with them.

`--map NAME... --out FOLDER` writes the image in other memory maps, each with a truth file of its own, to a folder.
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
    parser.add_argument("--map", choices=MAPS, nargs="+", default=["lorom"])
    parser.add_argument("--out", type=Path, default=SOURCE.parent)
    known, others = parser.parse_known_args()
    return max(_run(known.out, memory_map, others) for memory_map in known.map)


def _run(folder: Path, memory_map: str, arguments: list[str]) -> int:
    name = "halscope-lab" + ("" if memory_map == "lorom" else f"-{memory_map}")
    return command.run(
        "Halscope's lab ROM",
        lambda work: build(SOURCE, DEMO, work, MAPS[memory_map]),
        folder / f"{name}.sfc",
        folder / f"{name}.json",
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
