"""The profiles that ship with Halscope: a game file each, in the folder `known`."""

from __future__ import annotations

import importlib.resources
from functools import cache

from halscope_hooks import GameProfile

from halscope.games._game_file import parse_game


@cache
def profiles() -> tuple[GameProfile, ...]:
    """Return all profiles, in the order of their file names."""
    folder = importlib.resources.files("halscope.games").joinpath("known")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple(parse_game(file.read_bytes(), file.name, file.name.removesuffix(".toml")) for file in files)
