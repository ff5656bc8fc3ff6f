"""The pluggy markers, and the version of the contract."""

from __future__ import annotations

from typing import Final

import pluggy

PROJECT_NAME: Final = "halscope"
"""The pluggy project name; also the entry point group of plugins."""

HOOK_API: Final = 1
"""Version of the contract. A plugin's manifest names the version it was written against."""

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
