"""The project of a ROM for people who name none: a folder in the user's data folder."""

from __future__ import annotations

import re
from pathlib import Path

from halscope.project._folder import PROJECT, Project
from halscope.project._knowledge_file import data_folder
from halscope.rom.image import Rom


def own_project_folder(rom: Rom) -> Path:
    """Return the folder of the project that edits of a ROM are kept in if the user names none."""
    title = re.sub(r"[^a-z0-9]+", "-", rom.title.lower()).strip("-")
    return data_folder() / "projects" / f"{title or 'rom'}-{rom.sha256[:12]}"


def open_own_project(rom: Rom) -> Project:
    """Open that project for changes; it is made if it is not there.

    Raises:
        HalscopeError: Another process has it, it is damaged, or it cannot be written.
    """
    folder = own_project_folder(rom)
    return Project.open(folder, write=True) if (folder / PROJECT).is_file() else Project.create(folder, rom)
