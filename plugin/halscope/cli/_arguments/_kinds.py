"""Argument types. An invalid value ends the command with a message that says what is valid."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from halscope.app import Press

type Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def number(text: str) -> int:
    """Parse a number of zero or more: 4660, 0x1234 or $1234, which a shell takes for a variable unless it is quoted."""
    try:
        value = int(text[1:], 16) if text.startswith("$") else int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number; write 4660 or 0x1234, or '$1234' in quotes, because a shell replaces $1"
        ) from None
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def positive(text: str) -> int:
    """Parse a number of one or more."""
    value = number(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def seconds(text: str) -> float:
    """Parse a time of zero or more seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write a number of seconds, such as 10")
    return value


def factor(text: str) -> float:
    """Parse a speed: 0, or from a hundredth to a hundred times the usual one."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (value == 0 or 0.01 <= value <= 100):
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed; write 0, or a number from 0.01 to 100")
    return value


def score(text: str) -> float:
    """Parse a score from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a score; write a number from 0 to 1")
    return value


def place(text: str) -> str:
    """Check an offset or a SNES address; it becomes a file offset once the ROM is known."""
    if ":" in text:
        bank, _, address = text.removeprefix("$").partition(":")
        try:
            # Two digits and four: of an unquoted $84:8123 a shell leaves 4:8123, which is another place.
            good = len(bank) == 2 and len(address) == 4 and int(bank, 16) >= 0 and int(address, 16) >= 0
        except ValueError:
            good = False
        if not good:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a SNES address; write 84:8123, or '$84:8123' in quotes, because a shell replaces $8"
            )
    else:
        number(text)
    return text


def press(text: str) -> Press:
    """Parse `start@120` or `right+a@120-180`: buttons held on one frame, or from one frame to another, inclusive.

    Frames count from 0, as everywhere.
    """
    from halscope.app import BUTTONS, Press

    names, _, span = text.partition("@")
    buttons = frozenset(names.lower().split("+"))
    unknown = buttons - BUTTONS
    if unknown or not span:
        known = " ".join(sorted(BUTTONS))
        raise argparse.ArgumentTypeError(f"{text!r}: write BUTTON@FRAME or BUTTON+BUTTON@FROM-TO; buttons: {known}")
    first, _, last = span.partition("-")
    start = number(first)
    end = number(last) if last else start
    if end < start:
        raise argparse.ArgumentTypeError(f"{text!r} ends before it begins")
    return Press(buttons, start, end)
