"""The messages between server and page. docs/reference/inspector.md describes them.

To the page: a binary message is a little-endian uint32, the length of a JSON head, the head, and the bytes that it
names; a text message is JSON. From the page: JSON texts.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from halscope_hooks import UsageError

from halscope.app import MOST_PAINTED

MOST_TEXT: Final = 4096
"""Length of the longest message that a page may send, but for pictures, in bytes."""
MOST_PICTURE: Final = MOST_TEXT + 4 * -(-MOST_PAINTED // 3)
"""Length of the longest message with a painted picture, in bytes."""
_PICTURES: Final = ("paint",)
"""Types of message that hold one."""
_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Request:
    """A message from a page.

    Args:
        kind: What it asks.
        id: The number that its answer will have; 0 if it wants none.
        fields: All fields of the message.
    """

    kind: str
    id: int
    fields: dict[str, Any]

    def number(self, name: str, least: float, most: float) -> float:
        """Return a number from the message. Raises UsageError if it is missing or out of range."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise UsageError(f"{self.kind}: {name} is {_short(value)}, expected a number from {least:g} to {most:g}")
        return value

    def integer(self, name: str, least: int, most: int) -> int:
        """Return an integer from the message. Raises UsageError if it is missing or out of range."""
        value = self.number(name, least, most)
        if not isinstance(value, int):
            raise UsageError(f"{self.kind}: {name} is {value}, expected an integer")
        return value

    def text(self, name: str) -> str:
        """Return a text from the message. Raises UsageError if it is missing."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise UsageError(f"{self.kind}: {name} is {_short(value)}, expected a text")
        return value

    def frame(self) -> int | None:
        """Return the number of the frame that the page means, or `None`. Raises UsageError for anything else."""
        return None if self.fields.get("frame") is None else self.integer("frame", 0, 1 << 53)

    def flag(self, name: str) -> bool:
        """Return whether something is asked for; false if it is missing. Raises UsageError for anything else."""
        value = self.fields.get(name, False)
        if not isinstance(value, bool):
            raise UsageError(f"{self.kind}: {name} is {_short(value)}, expected true or false")
        return value

    def names(self, name: str, known: Sequence[str]) -> list[str]:
        """Return a list of known names from the message. Raises UsageError for anything else."""
        value = self.fields.get(name)
        if not isinstance(value, list) or len(value) > len(known) or any(one not in known for one in value):
            raise UsageError(f"{self.kind}: {name} is {_short(value)}, expected some of {', '.join(known)}")
        return value


class BadRequestError(UsageError):
    """A message that is no request.

    Args:
        message: What is wrong with it.
        number: Its id, which the refusal names: whoever asks waits for an answer. 0 if it has none.
    """

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


def read_request(text: str, kinds: Collection[str]) -> Request:
    """Parse a message from a page of one of these kinds. Raises BadRequestError if it is none."""
    if len(text) > MOST_PICTURE:
        raise BadRequestError(f"a message of {len(text)} characters is too long; {MOST_PICTURE} are allowed")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the message is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BadRequestError(f"the message is {_short(fields)}, expected a JSON object")
    number = fields.get("id", 0)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 1 << 53:
        raise BadRequestError(f"the message's id is {_short(number)}, expected an integer from 0 on")
    kind = fields.get("type")
    if not isinstance(kind, str) or kind not in kinds:
        raise BadRequestError(f"the message's type is {_short(kind)}, expected one of {', '.join(kinds)}", number)
    if len(text) > MOST_TEXT and kind not in _PICTURES:
        raise BadRequestError(
            f"{kind}: a message of {len(text)} characters is too long; {MOST_TEXT} are allowed", number
        )
    return Request(kind, number, fields)


def packed(head: dict[str, Any], parts: Sequence[bytes | memoryview]) -> bytes:
    """Return a binary message to the page: the head, and then the bytes of all parts."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"".join([_LENGTH.pack(len(text)), text, *parts])


def answer(number: int, value: object) -> str:
    """Return the answer to a request."""
    return json.dumps({"type": "answer", "id": number, "value": value}, separators=(",", ":"))


def refusal(number: int, error: Exception) -> str:
    """Return the answer to a request that failed."""
    return json.dumps({"type": "answer", "id": number, "error": str(error)}, separators=(",", ":"))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
