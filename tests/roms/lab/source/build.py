"""Build the lab ROM: `python build.py` writes the image and its truth file, `--check` compares with them."""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
ROOT = SOURCE.parents[3]
DEMO = ROOT / "plugin" / "halscope" / "demo" / "source"
sys.path[:0] = [str(SOURCE), str(DEMO), str(ROOT / "tests")]

from demobuild import command  # noqa: E402
from labbuild.image import build  # noqa: E402

IMAGE = SOURCE.parent / "halscope-lab.sfc"
TRUTH = SOURCE.parent / "halscope-lab.json"

if __name__ == "__main__":
    sys.exit(command.run("Halscope's lab ROM", lambda folder: build(SOURCE, DEMO, folder), IMAGE, TRUTH))
