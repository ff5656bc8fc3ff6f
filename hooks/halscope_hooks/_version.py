"""The version of the contract, for those who need to know it before anything heavy is imported."""

from __future__ import annotations

from typing import Final

PROJECT_NAME: Final = "halscope"
"""The pluggy project name; also the entry point group of plugins."""

HOOK_API: Final = 1
"""Version of the contract. A plugin's manifest names the version it was written against."""
