"""Games: what is known of some beforehand, as data, and which of it fits a ROM."""

from halscope.games.match import Match, code_at, match_game, table_targets
from halscope.games.profiles import profiles

__all__ = ["Match", "code_at", "match_game", "profiles", "table_targets"]
