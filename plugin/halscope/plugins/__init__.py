"""Plugins: discovery, checks before import, permissions, and isolated hook calls."""

from halscope.plugins._built_in import BUILT_IN, BuiltIn
from halscope.plugins._discovery import Refusal
from halscope.plugins._dispatch import FAILURES_IN_A_ROW, SLOW_SECONDS, TRACE_VARIABLE, HookReport
from halscope.plugins._guards import check_host
from halscope.plugins._manifest import Manifest, parse_manifest, read_manifest
from halscope.plugins._permissions import FOLDER_VARIABLE, Ask, Grants
from halscope.plugins._plugins import DETACH_SECONDS, Loaded, Plugins

__all__ = [
    "BUILT_IN",
    "DETACH_SECONDS",
    "FAILURES_IN_A_ROW",
    "FOLDER_VARIABLE",
    "SLOW_SECONDS",
    "TRACE_VARIABLE",
    "Ask",
    "BuiltIn",
    "Grants",
    "HookReport",
    "Loaded",
    "Manifest",
    "Plugins",
    "Refusal",
    "check_host",
    "parse_manifest",
    "read_manifest",
]
