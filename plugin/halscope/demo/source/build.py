"""Build Halscope's demo ROM: `python build.py` writes the image and its truth file, `--check` compares with them."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
sys.path.insert(0, str(SOURCE))

from demobuild.image import build  # noqa: E402
from demobuild.toolchain import BuildError  # noqa: E402

IMAGE = SOURCE.parent / "halscope-demo.sfc"
TRUTH = SOURCE.parent / "halscope-demo.json"


def difference(path: Path, built: bytes) -> str | None:
    """Describe how a committed file differs from the one built."""
    if not path.exists():
        return f"{path.name} is missing"
    committed = path.read_bytes()
    if committed == built:
        return None
    size = f"{len(committed)} bytes committed, {len(built)} built"
    at = next((at for at, (old, new) in enumerate(zip(committed, built, strict=False)) if old != new), None)
    return f"{path.name} differs" + (f" first at {at:#x}" if at is not None else "") + f" ({size})"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Build Halscope's demo ROM.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare with the committed files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="halscope-demo-") as folder:
        try:
            image, truth = build(SOURCE, Path(folder))
        except BuildError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    text = (json.dumps(truth, indent=1) + "\n").encode()
    if arguments.check:
        differences = [line for line in (difference(IMAGE, image), difference(TRUTH, text)) if line]
        for line in differences:
            print(f"error: {line}: run {Path(__file__).name} and commit both files", file=sys.stderr)
        return 1 if differences else 0
    IMAGE.write_bytes(image)
    TRUTH.write_bytes(text)
    packed = sum(block["packed_size"] for block in truth["blocks"])
    size = sum(block["size"] for block in truth["blocks"])
    print(f"{IMAGE.name}: {len(truth['blocks'])} blocks, {size} bytes packed to {packed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
