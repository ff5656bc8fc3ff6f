"""The commands and the pictures of the documents: what there is to run and to compare."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELLS: Final = frozenset({"", "sh", "bash", "shell", "console"})
"""Languages of fenced blocks that hold commands, one a line. What a program prints is a block of `text`."""
PICTURES: Final = frozenset({".png", ".svg", ".gif", ".jpg", ".jpeg", ".webp"})

_FENCE: Final = re.compile(r"^(?P<indent>[ \t>]*)(?P<fence>```+|~~~+)(?P<language>[^\n`]*)$")
_PROGRAM: Final = re.compile(r"^\s*(?:\$ |\.venv/bin/)?halscope [a-z]")


class Block(NamedTuple):
    """A fenced block."""

    line: int
    language: str
    text: str


class Command(NamedTuple):
    """A command of a page, without the prompt, the environment's folder and the words beside it."""

    page: str
    line: int
    text: str


def blocks(text: str) -> tuple[list[Block], list[str]]:
    """Return the fenced blocks of a page, however far they are indented, and the lines that are in none.

    Raises:
        ValueError: A block does not end.
    """
    found, prose = [], []
    fence, begun, language, inner = "", 0, "", list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence, begun, language, inner = mark["fence"], number, mark["language"].strip(), []
            indent = len(mark["indent"])
        elif not fence:
            prose.append(line)
        elif mark and mark["fence"].startswith(fence) and not mark["language"]:
            found.append(Block(begun, language, "".join(f"{line}\n" for line in inner)))
            fence = ""
        else:
            inner.append(line[indent:] if not line[:indent].strip(" \t>") else line)
    if fence:
        raise ValueError(f"the block that begins at line {begun} does not end")
    return found, prose


def commands(page: str, text: str) -> list[Command]:
    """Return the commands of a page.

    Raises:
        ValueError: A command stands where none is looked for: in a block of another language, or outside a block.
    """
    found = []
    shown, prose = blocks(text)
    for line in prose:
        if line.startswith(("    ", "\t")) and _PROGRAM.match(line):
            raise ValueError(f"{page}: a command outside a fenced block: {line.strip()!r}")
    for block in shown:
        if block.language not in SHELLS:
            if any(_PROGRAM.match(line) for line in block.text.splitlines()):
                raise ValueError(f"{page}:{block.line}: a command in a block of {block.language!r}")
            continue
        at = 0
        for line in re.findall(r"(?:[^\n\"]|\"[^\"]*\")+", block.text):  # a quoted text may have lines
            at = block.text.index(line, at)
            number = block.line + 1 + block.text.count("\n", 0, at)
            parts = re.split(r"\s{2,}(?!with)|\s#\s", line.strip())[0].split(" && ")
            found += [Command(page, number, part.removeprefix("$ ").removeprefix(".venv/bin/")) for part in parts]
    return found


def documented_commands() -> list[Command]:
    """Return the commands of all pages, in the order in which they are read."""
    return [
        command
        for path in PAGES
        for command in commands(str(path.relative_to(ROOT)), path.read_text("utf-8"))
        if not command.text.startswith("#")
    ]


def documented_pictures() -> list[str]:
    """Return the picture files of the documents, and those that pages show from elsewhere in the repository."""
    found = {path for path in (ROOT / "docs").rglob("*") if path.suffix in PICTURES}
    for page in PAGES:
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8")):
            if "://" not in target:
                found.add((page.parent / target).resolve())
    return sorted(str(path.relative_to(ROOT)) for path in found)
