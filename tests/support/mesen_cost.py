"""What the script's calls cost in Mesen, as measured there: the stand-in is slower."""

from __future__ import annotations

from support.mesen import StandIn

# In µs: a word read by itself, and packed as a string; getState(); a callback; what is left.
_WORD, _PACKING, _STATE, _CALLBACK, _OTHER = 0.183, 0.275, 300.0, 1.0, 1.0


def cost(emulator: StandIn) -> float:
    """Milliseconds of Mesen's time that the calls since the last `clear` take."""
    calls = emulator.calls
    words = calls["read32"] + calls["read"]
    counted = ("read32", "read", "getState", "callback")
    rest = sum(count for name, count in calls.items() if name not in counted)
    return (
        words * (_WORD + _PACKING) + calls["getState"] * _STATE + calls["callback"] * _CALLBACK + rest * _OTHER
    ) / 1000
