"""Strict reading of foreign JSON: fields are taken by name and type, and every error names the file and the field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from halscope_hooks import ImageError


class InvalidFieldError(Exception):
    """A value is not what its field takes; the text says what it takes."""


class Fields:
    """One JSON object.

    Args:
        value: What JSON gave; anything.
        source: The file, for messages.
        path: The object's path in the document, "" for the document itself.

    Raises:
        ImageError: It is not an object.
    """

    def __init__(self, value: object, source: str, path: str) -> None:
        self.source = source
        self.path = path
        if not isinstance(value, dict):
            raise ImageError(f"{source}: {path or 'the document'} is not a JSON object; export the sheet again")
        self._left: dict[str, Any] = dict(value)

    def take[T](self, name: str, read: Callable[[Any], T]) -> T:
        """Return a field's value as `read` gives it. Raises ImageError: missing, or `read` said `InvalidFieldError`."""
        if name not in self._left:
            raise ImageError(f"{self.source}: {self._full(name)} is missing; export the sheet again")
        value = self._left.pop(name)
        try:
            return read(value)
        except InvalidFieldError as error:
            shown = json.dumps(value)
            shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
            raise ImageError(f"{self.source}: {self._full(name)} is {shown}, expected {error}") from None

    def finish(self) -> None:
        """Refuse fields that nobody took: what they say would be lost in silence. Raises ImageError."""
        if self._left:
            names = ", ".join(sorted(self._full(name) for name in self._left))
            raise ImageError(f"{self.source}: unknown field {names[:200]}; export the sheet again")

    def _full(self, name: str) -> str:
        return json.dumps(f"{self.path}.{name}" if self.path else name)


def anything(value: Any) -> Any:
    """Take the value as it is; its own `Fields` will read it."""
    return value


def text(value: Any) -> str:
    """Take up to 200 printable characters: no line breaks, no terminal codes, no lone surrogates."""
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise InvalidFieldError("at most 200 printable characters")
    return value


def flag(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise InvalidFieldError("true or false")
    return value


def hex_bytes(value: Any) -> bytes:
    """Take 1 to 64 bytes in hex."""
    if not isinstance(value, str) or not re.fullmatch(r"(?:[0-9a-f]{2}){1,64}", value):
        raise InvalidFieldError("1 to 64 bytes in lower-case hex")
    return bytes.fromhex(value)


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Take a whole number from `low` to `high`."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidFieldError(f"a whole number from {low} to {high}")
        return value

    return read


def listed[T](most: int, item: Callable[[Any], T]) -> Callable[[Any], list[T]]:
    """Take a list of 1 to `most`, each read with `item`."""

    def read(value: Any) -> list[T]:
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            raise InvalidFieldError(f"a list of 1 to {most}")
        result = []
        for number, entry in enumerate(value):
            try:
                result.append(item(entry))
            except InvalidFieldError as error:
                raise InvalidFieldError(f"a list whose item {number} is {error}") from None
        return result

    return read


def choice[T](choices: tuple[T, ...]) -> Callable[[Any], T]:
    """Take one of some values."""

    def read(value: Any) -> T:
        for candidate in choices:
            if value == candidate:
                return candidate
        raise InvalidFieldError("one of " + ", ".join(map(str, choices)))

    return read


def optional[T](read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Take null, or what `read` takes."""
    return lambda value: None if value is None else read(value)


def matching(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    """Take a text that `pattern` matches as a whole."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise InvalidFieldError(what)
        return value

    return read
