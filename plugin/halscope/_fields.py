"""Strict reading of untrusted JSON and TOML: fields are read by name and type; errors name the file and the field."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from halscope_hooks import HalscopeError, StartEvidence


class InvalidFieldError(Exception):
    """A value is not valid for its field. The text says what the field accepts."""


_MISSING = object()
_NO_HEX = re.compile(r"[^0-9a-f]")


class Fields:
    """One JSON object or TOML table.

    Args:
        value: The parsed value, of any type.
        source: Name of the file, for messages.
        path: The object's path in the document, "" for the document itself.
        error: Class of the errors to raise.
        advice: What the user can do; ends every message.

    Raises:
        HalscopeError: As `error`: the value is not an object.
    """

    def __init__(self, value: object, source: str, path: str, error: type[HalscopeError], advice: str) -> None:
        self.source = source
        self.path = path
        self._error = error
        self._advice = advice
        if not isinstance(value, dict):
            raise self.wrong(f"{path or 'the document'} is not an object")
        self._left: dict[str, Any] = dict(value)

    def wrong(self, message: str) -> HalscopeError:
        """Build an error for the caller to raise: the file, the message, then the advice."""
        return self._error(f"{self.source}: {message}; {self._advice}")

    def inner(self, name: str) -> Fields:
        """Return the object in a field. Raises `error` if it is missing or not an object."""
        return Fields(self.take(name, anything), self.source, self._join(name), self._error, self._advice)

    def optional[T](self, name: str, build: Callable[[Fields], T]) -> T | None:
        """Return `build` of the object in a field, or `None` for null."""
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return None
        return build(self.inner(name))

    def each(self, name: str, most: int, *, least: int = 0) -> Iterator[Fields]:
        """Yield the objects of a list of `least` to `most` items. Raises `error` if the field is not such a list, or an
        item is not an object."""
        for number, item in enumerate(self.take(name, listed(most, anything, least=least))):
            yield Fields(item, self.source, f"{self._join(name)}[{number}]", self._error, self._advice)

    def take[T](self, name: str, read: Callable[[Any], T]) -> T:
        """Return `read` of a field's value. Raises `error` if it is missing or `read` raises `InvalidFieldError`."""
        value = self._left.pop(name, _MISSING)
        if value is _MISSING:
            raise self.wrong(f"{self._full(name)} is missing")
        try:
            return read(value)
        except InvalidFieldError as error:
            shown = json.dumps(value, default=str)  # TOML has dates
            shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
            raise self._error(f"{self.source}: {self._full(name)} is {shown}, expected {error}") from None

    def take_all(self, readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
        """Return what `readers` make of their fields, like a `take` of each and `finish`, in half the time.

        Raises:
            HalscopeError: As `error`: a field is missing or invalid, or there is another one.
        """
        left, values = self._left, {}
        try:
            for name, read in readers.items():
                values[name] = read(left[name])
        except (KeyError, InvalidFieldError):
            for name, read in readers.items():  # again, for the message
                self.take(name, read)
        if len(left) > len(values):
            for name in readers:
                del left[name]
            self.finish()
        left.clear()
        return values

    def take_or[T, D](self, name: str, read: Callable[[Any], T], default: D) -> T | D:
        """Like `take`, but return `default` if the field is missing."""
        return self.take(name, read) if name in self else default

    def each_or(self, name: str, most: int) -> Iterator[Fields]:
        """Like `each`, but yield nothing if the field is missing."""
        if name in self:
            yield from self.each(name, most)

    def __contains__(self, name: str) -> bool:
        """Whether the object has a field that was not read yet."""
        return name in self._left

    def finish(self) -> None:
        """Refuse fields that were not read: their contents would be lost silently. Raises `error`."""
        if self._left:
            names = ", ".join(sorted(self._full(name) for name in self._left))
            raise self.wrong(f"unknown field {names[:200]}")

    def _join(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _full(self, name: str) -> str:
        return json.dumps(self._join(name))


def anything(value: Any) -> Any:
    """Accept any value; the caller reads it with a `Fields` of its own."""
    return value


def text(value: Any) -> str:
    """Accept up to 200 printable characters: no line breaks, no terminal codes, no lone surrogates."""
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise InvalidFieldError("at most 200 printable characters")
    return value


def any_text(most: int) -> Callable[[Any], str]:
    """Accept up to `most` characters of any kind, since a file's path may contain any."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise InvalidFieldError(f"at most {most} characters")
        return value

    return read


def flag(value: Any) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise InvalidFieldError("true or false")
    return value


def hex_bytes(value: Any) -> bytes:
    """Accept 1 to 64 bytes in hex."""
    if not isinstance(value, str) or not 2 <= len(value) <= 128 or len(value) % 2 or _NO_HEX.search(value):
        raise InvalidFieldError("1 to 64 bytes in lower-case hex")
    return bytes.fromhex(value)


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Accept an integer from `low` to `high`."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidFieldError(f"a whole number from {low} to {high}")
        return value

    return read


def listed[T](most: int, item: Callable[[Any], T], *, least: int = 1) -> Callable[[Any], list[T]]:
    """Accept a list of `least` to `most` items, each read with `item`."""

    def read(value: Any) -> list[T]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise InvalidFieldError(f"a list of {least} to {most}")
        result = []
        for number, entry in enumerate(value):
            try:
                result.append(item(entry))
            except InvalidFieldError as error:
                raise InvalidFieldError(f"a list whose item {number} is {error}") from None
        return result

    return read


def choice[T](choices: tuple[T, ...]) -> Callable[[Any], T]:
    """Accept one of the given values."""

    def read(value: Any) -> T:
        for candidate in choices:
            if value == candidate:
                return candidate
        raise InvalidFieldError("one of " + ", ".join(map(str, choices)))

    return read


def optional[T](read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Accept null, or whatever `read` accepts."""
    return lambda value: None if value is None else read(value)


def matching(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    """Accept text that `pattern` matches in full; `what` describes it in messages."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise InvalidFieldError(what)
        return value

    return read


sha256 = matching(re.compile(r"[0-9a-f]{64}"), "64 lower-case hex digits")
codec_name = matching(re.compile(r"[a-z0-9_-]{1,16}"), "a codec's name")
rom_offset = whole(0, (1 << 24) - 1)  # the SNES has a 24-bit address space
snes_address = whole(0, (1 << 24) - 1)
start_evidence: Callable[[Any], StartEvidence] = choice(get_args(StartEvidence))


def moment(value: Any) -> datetime:
    """Accept an ISO 8601 date and time with a UTC offset; it is converted to UTC."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        time = None
    if time is None or time.tzinfo is None:
        raise InvalidFieldError("a date and time as ISO 8601 with its offset from UTC")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise InvalidFieldError("a time between the years 1 and 9999") from None


def document(text: str | bytes, source: str, error: type[HalscopeError], advice: str) -> Fields:
    """Parse a JSON document that is one object. Its contents are untrusted. Raises `error` if it is not one."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise error(f"{source}: is not valid JSON ({reason}); {advice}") from None
    return Fields(value, source, "", error, advice)


def toml_document(text: bytes, source: str, error: type[HalscopeError], advice: str) -> Fields:
    """Parse a TOML document. Its contents are untrusted. Raises `error` if it is not one."""
    try:
        value = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as reason:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise error(f"{source}: is not valid TOML ({reason}); {advice}") from None
    return Fields(value, source, "", error, advice)
