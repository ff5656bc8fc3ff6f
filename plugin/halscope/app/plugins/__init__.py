"""Plugins: found, checked before they are imported, granted what they ask for, and called each apart."""

from halscope.app.plugins._built_in import BUILT_IN, BuiltIn
from halscope.app.plugins._discovery import Refusal
from halscope.app.plugins._dispatch import FAILURES_IN_A_ROW, SLOW_SECONDS, TRACE_VARIABLE, HookReport
from halscope.app.plugins._guards import check_host
from halscope.app.plugins._manifest import Manifest, parse_manifest, read_manifest
from halscope.app.plugins._permissions import FOLDER_VARIABLE, Ask, Grants
from halscope.app.plugins._plugins import Loaded, Plugins

__all__ = [
    "BUILT_IN",
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
