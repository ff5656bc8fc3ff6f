"""The build's command: write an image and its truth file, or compare with them."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from demobuild.toolchain import BuildError


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


def run(
    name: str,
    build: Callable[[Path], tuple[bytes, dict[str, Any]]],
    image_path: Path,
    truth_path: Path,
    arguments: Sequence[str] | None = None,
) -> int:
    """Run the command: `build` works in a folder and returns image and truth. Return the exit code."""
    parser = argparse.ArgumentParser(description=f"Build {name}.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare with the committed files")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="halscope-build-") as folder:
        try:
            image, truth = build(Path(folder))
        except BuildError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    text = (json.dumps(truth, indent=1) + "\n").encode()
    if options.check:
        differences = [line for line in (difference(image_path, image), difference(truth_path, text)) if line]
        for line in differences:
            print(f"error: {line}: run the build and commit both files", file=sys.stderr)
        return 1 if differences else 0
    image_path.write_bytes(image)
    truth_path.write_bytes(text)
    packed = sum(block["packed_size"] for block in truth["blocks"])
    size = sum(block["size"] for block in truth["blocks"])
    print(f"{image_path.name}: {len(truth['blocks'])} blocks, {size} bytes packed to {packed}")
    return 0
