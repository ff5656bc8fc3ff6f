"""Build Halscope's demo ROM: `python build.py` writes the image and its truth file, `--check` compares with them."""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
sys.path.insert(0, str(SOURCE))

from demobuild import command  # noqa: E402
from demobuild.image import build  # noqa: E402

IMAGE = SOURCE.parent / "halscope-demo.sfc"
TRUTH = SOURCE.parent / "halscope-demo.json"

if __name__ == "__main__":
    sys.exit(command.run("Halscope's demo ROM", lambda folder: build(SOURCE, folder), IMAGE, TRUTH))
