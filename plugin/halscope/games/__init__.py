"""Games: prior knowledge about known games, as data, and matching it to a ROM."""

from halscope.games._game_file import FILE_NAME, load_game, parse_game
from halscope.games.match import (
    Match,
    TableEntry,
    code_at,
    fits,
    match_file,
    match_game,
    reads_pointer,
    table_entries,
)
from halscope.games.profiles import profiles

__all__ = [
    "FILE_NAME",
    "Match",
    "TableEntry",
    "code_at",
    "fits",
    "load_game",
    "match_file",
    "match_game",
    "parse_game",
    "profiles",
    "reads_pointer",
    "table_entries",
]
