"""Messages of the usb2snes protocol: requests and replies in JSON, data in binary messages."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from halscope_hooks import HalscopeError

PIECE: Final = 1024
"""Bytes in a binary message: the original server takes no more."""
MOST_TEXT: Final = 1 << 16
_MOST_RESULTS: Final = 1000


class MessageError(HalscopeError):
    """A message does not follow the protocol."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    Args:
        opcode: What to do.
        operands: Its arguments.
        size: Bytes of the binary reply; 0 for a text reply, `None` for none.
        data: Bytes to send after the request.
        least: Least number of results: a shorter text reply answers an earlier request, which some servers answer and
            others do not.
    """

    opcode: str
    operands: tuple[str, ...] = ()
    size: int | None = 0
    data: bytes = b""
    least: int = 0

    @property
    def text(self) -> str:
        """The request as JSON."""
        return json.dumps({"Opcode": self.opcode, "Space": "SNES", "Flags": [], "Operands": [*self.operands]})


type Answer = tuple[str, ...] | bytes | None
"""The results of a text reply, the bytes of a binary one, or `None` if there is no reply."""

type Flow[T] = Generator[Ask, Any, T]
"""Requests, one after another: each `yield` sends a request and returns its `Answer`."""


def get(address: int, size: int) -> Flow[bytes]:
    """Read bytes of the device's address space."""
    answer = yield Ask("GetAddress", (f"{address:X}", f"{size:X}"), size)
    assert isinstance(answer, bytes)
    return answer


def put(address: int, data: bytes) -> Flow[None]:
    """Write bytes into the device's address space. There is no reply: read them back."""
    yield Ask("PutAddress", (f"{address:X}", f"{len(data):X}"), None, data)


def ask_text(opcode: str, *operands: str, least: int = 0) -> Flow[tuple[str, ...]]:
    """Return the results of a request that is answered in text."""
    answer = yield Ask(opcode, operands, least=least)
    assert isinstance(answer, tuple)
    return answer


def read_results(text: str) -> tuple[str, ...]:
    """Return the results in a text reply. Raises MessageError if it is not one."""
    if len(text) > MOST_TEXT:
        raise MessageError(f"a text reply of {len(text)} characters; expected {MOST_TEXT} at most")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"a text reply that is not JSON: {text[:40]!r}") from error
    results = document.get("Results") if isinstance(document, dict) else None
    if (
        not isinstance(results, list)
        or len(results) > _MOST_RESULTS
        or not all(isinstance(one, str) for one in results)
    ):
        raise MessageError(f'a text reply without a list "Results" of texts: {text[:40]!r}')
    return tuple(results)
