"""Run Debian's cc65 (ca65, od65 for segment sizes, ld65), then fix the checksum."""

import re
import shutil
import subprocess
from pathlib import Path

TOOLS = ("ca65", "ld65", "od65")
LOROM_HEADER = 0x7FC0  # offset in the engine's bank
CHECKSUM = 0x1C  # offset in the header: complement, then checksum


class BuildError(Exception):
    """The build cannot continue. The message says why."""


def require_tools() -> None:
    """Raise BuildError if cc65 is not installed."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise BuildError(f"{', '.join(missing)} not found: install Debian's cc65 (apt install cc65)")


def run(*command: str | Path) -> str:
    """Run a tool and return its output. Any complaint becomes a BuildError."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if result.returncode or result.stderr.strip():
        raise BuildError(f"{' '.join(map(str, command))}\n{result.stderr or result.stdout}")
    return result.stdout


def assemble(source: Path, folder: Path, *includes: Path) -> Path:
    """Assemble one file into the folder. A file's own folder is searched for includes first, then the given ones."""
    target = folder / f"{source.stem}.o"
    options = [part for include in includes for part in ("-I", include)]
    run("ca65", "-g", *options, "--bin-include-dir", folder, source, "-o", target)
    return target


def segment_sizes(objects: list[Path]) -> dict[str, int]:
    """Return the size of each segment in bytes, over all object files."""
    sizes: dict[str, int] = {}
    for path in objects:
        for name, size in re.findall(r"^\s+(\w+):\s+(\d+)$", run("od65", "--dump-segsize", path), re.MULTILINE):
            sizes[name] = sizes.get(name, 0) + int(size)
    return sizes


def link(objects: list[Path], config: Path, folder: Path) -> tuple[bytes, dict[str, int]]:
    """Return the image and the address of every label."""
    image, labels = folder / "image.sfc", folder / "labels.txt"
    run("ld65", "-C", config, "-o", image, "-Ln", labels, *objects)
    found = re.findall(r"^al ([0-9A-F]+) \.(\w+)$", labels.read_text(), re.MULTILINE)
    return image.read_bytes(), {name: int(address, 16) for address, name in found}


def with_checksum(image: bytes, header: int = LOROM_HEADER) -> bytes:
    """Return the image with checksum and complement in its header.

    A size that is not a power of two counts what is beyond the largest one as often as it fits into that.
    """
    fixed = bytearray(image)
    at = header + CHECKSUM
    fixed[at : at + 4] = b"\xff\xff\x00\x00"
    whole = 1 << len(fixed).bit_length() - 1
    rest = len(fixed) - whole
    total = sum(fixed[:whole]) + (whole // rest * sum(fixed[whole:]) if rest else 0) & 0xFFFF
    fixed[at : at + 4] = (total ^ 0xFFFF).to_bytes(2, "little") + total.to_bytes(2, "little")
    return bytes(fixed)
