"""The version of the contract, readable without importing anything heavy."""

from __future__ import annotations

from typing import Final

PROJECT_NAME: Final = "halscope"
"""The pluggy project name, and the entry point group of plugins."""

HOOK_API: Final = 1
"""Version of the contract. A plugin's manifest states the version it was written against."""
