"""Games: prior knowledge about known games, as data, and matching it to a ROM."""

from halscope.games.match import Match, TableEntry, code_at, match_game, table_entries
from halscope.games.profiles import profiles

__all__ = ["Match", "TableEntry", "code_at", "match_game", "profiles", "table_entries"]
