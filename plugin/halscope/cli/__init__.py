"""The halscope command."""

from halscope.cli._main import main

__all__ = ["main"]
