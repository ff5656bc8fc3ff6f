"""Check a cancel token between the steps of long work in Python."""

from __future__ import annotations

from halscope_hooks import CancelledError

from halscope._codec import CancelToken


def stop_if_cancelled(cancel: CancelToken | None) -> None:
    """Raise CancelledError if the token was cancelled."""
    if cancel is not None and cancel.cancelled:
        raise CancelledError("cancelled")
