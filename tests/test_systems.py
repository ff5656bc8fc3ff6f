"""Code that differs by system stands in the few files that are named here, one for each kind of difference."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = {
    "_file_lock.py": "locks on files",
    "_processes.py": "processes, threads and signals",
    "_user_folders.py": "folders of the user's programs",
    "app/_doctor.py": "what the report says of the system",
    "app/_image_editor.py": "the program that opens pictures",
    "cli/_heap.py": "the C library's heap, of a command",
    "cli/_page.py": "whether there is a display",
    "hosts/embedded/_platform.py": "pipes and the clock of the core's process",
    "hosts/libretro/cores.py": "file names of cores",
    "hosts/libretro/process_memory.py": "this process's memory and heap",
    "hosts/retroarch/_install.py": "file name of the tap",
    "inspector/_site.py": "a port of its own",
}
CPP = {
    "core/cpu.cpp": "instructions of the processor, by compiler",
    "core/cpu.hpp": "instructions of the processor, by compiler",
    "core/huge_pages.hpp": "pages of large tables",
    "guest/imports.cpp": "imports of a loaded library; glibc alone",
    "tap/exports.cpp": "how a library exports a function",
    "tap/frame_memory.cpp": "pages of frames",
    "tap/inner_core.cpp": "the environment",
    "tap/library_posix.cpp": "libraries: Linux and macOS",
    "tap/shared_file_posix.cpp": "shared memory: Linux and macOS",
}
# What is there on some systems only, so that who asks for it asks for the system.
ASKED = {"sys.platform", "os.name", "os.register_at_fork", "os.fork", "os.killpg", "signal.pthread_sigmask"}
MODULES = {"fcntl", "msvcrt", "resource", "winreg", "_winapi", "platform", "termios", "pwd", "posix", "nt"}
MACROS = re.compile(
    r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*\b(?:_WIN32|_MSC_VER|__APPLE__|__linux__|__unix__)\b", re.MULTILINE
)


def asked(code: str) -> Iterator[int]:
    """The lines of this Python code that ask for the system."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if f"{module}.{name}" in ASKED:
                yield node.lineno
            case ast.Call(func=ast.Name(id="hasattr"), args=[ast.Name(id="os" | "signal" | "socket"), _]):
                yield node.lineno
            case ast.Import(names=names) if MODULES & {name.name for name in names}:
                yield node.lineno
            case ast.ImportFrom(module=module, names=names) if module in MODULES or any(
                f"{module}.{name.name}" in ASKED for name in names
            ):
                yield node.lineno
            case ast.Constant(value=str(text)) if text.startswith("/proc/"):
                yield node.lineno


@pytest.mark.parametrize(
    "code",
    [
        "sys.platform == 'win32'",
        "from sys import platform",
        "os.name == 'nt'",
        "hasattr(os, 'fork')",
        "import resource",
        "open(f'/proc/{pid}/stat')",
    ],
)
def test_code_that_asks_for_the_system_is_seen(code: str) -> None:
    assert list(asked(code))


def test_python_code_asks_for_the_system_in_the_named_files_alone() -> None:
    found = {
        path.relative_to(folder).as_posix(): lines
        for folder in (ROOT / "plugin" / "halscope", ROOT / "hooks")
        for path in folder.rglob("*.py")
        if (lines := list(asked(path.read_text("utf-8"))))
    }
    assert not {name: lines for name, lines in found.items() if name not in PYTHON}, "move it to the file of its kind"
    assert not PYTHON.keys() - found.keys(), "a file that is named here differs no longer"


def test_cpp_code_asks_for_the_system_in_the_named_files_alone() -> None:
    found = {
        path.relative_to(ROOT / "cpp").as_posix()
        for path in (ROOT / "cpp").rglob("*.?pp")
        if "tests" not in path.relative_to(ROOT / "cpp").parts and MACROS.search(path.read_text("utf-8"))
    }
    assert not found - CPP.keys(), "move it to the file of its kind"
    assert not CPP.keys() - found, "a file that is named here differs no longer"
