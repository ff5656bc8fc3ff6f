"""The pluggy markers."""

from __future__ import annotations

import pluggy

from halscope_hooks._version import PROJECT_NAME

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
