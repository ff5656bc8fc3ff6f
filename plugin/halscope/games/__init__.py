"""Games: what is known of some beforehand, as data, and which of it fits a ROM."""

from halscope.games.match import Match, TableEntry, code_at, match_game, table_entries
from halscope.games.profiles import profiles

__all__ = ["Match", "TableEntry", "code_at", "match_game", "profiles", "table_entries"]
