"""Halscope as an installation has it: compiled beforehand, and without an editable one's look at the C++ sources."""

from __future__ import annotations

import compileall
import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

import halscope
import halscope._codec as _codec
import halscope_hooks


def as_installed(folder: Path) -> tuple[Path, dict[str, str]]:
    """Return a Python in this folder, which is made, and the environment to run it in. Other packages are those of the
    calling Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()) + "\n")  # a path's own .pth are not read
    for package in (halscope, halscope_hooks):
        for source in map(Path, package.__path__):
            shutil.copytree(source, packages / source.name, dirs_exist_ok=True)
    shutil.copy(_codec.__file__, packages / "halscope")
    compileall.compile_dir(packages, quiet=1)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return folder / "bin" / "python", environment
