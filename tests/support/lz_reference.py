"""The plainest LC_LZ1 and LC_LZ2 decoder, written from the format's description and independent of cpp."""

from __future__ import annotations

from typing import Literal

from support.hal_reference import LIMIT, Decoded, FaultError

Order = Literal["little", "big"]
ORDER: dict[str, Order] = {"lz1": "little", "lz2": "big"}


def decode(packed: bytes, offset: int = 0, *, format: str, strict: bool = True, stop: int | None = None) -> Decoded:  # noqa: A002
    """Decode the stream at `offset`; nothing at or after `stop` may be read."""
    source = packed[: min(len(packed) if stop is None else stop, offset + LIMIT)]
    out = bytearray()
    at = offset
    while source[at : at + 1] != b"\xff":
        begin = at

        def take(count: int, begin: int = begin) -> bytes:
            nonlocal at
            taken = source[at : at + count]
            if len(taken) < count:
                raise FaultError(begin)
            at += count
            return taken

        head = take(1)[0]
        kind, count = head // 32, head % 32 + 1
        if kind == 7:
            kind, count = head // 4 % 8, (head % 4 * 256 + take(1)[0]) + 1
        arguments = take({0: count, 1: 1, 3: 1}.get(kind, 2))
        if len(out) + count > LIMIT or (strict and kind > 4):
            raise FaultError(begin)
        match kind:
            case 0:
                out += arguments
            case 1 | 2:
                out += (arguments * count)[:count]
            case 3:
                out += bytes((arguments[0] + k) % 256 for k in range(count))
            case _:
                first = int.from_bytes(arguments, ORDER[format])
                if first + count > LIMIT or (strict and first >= len(out)):
                    raise FaultError(begin)
                for place in range(first, first + count):
                    out.append(out[place] if place < len(out) else 0)
    return Decoded(bytes(out), at + 1 - offset)


def outcome(packed: bytes, offset: int, *, format: str, strict: bool) -> tuple[bytes, int] | int:  # noqa: A002
    """The result of `decode`, or the offset of the fault."""
    try:
        return decode(packed, offset, format=format, strict=strict)
    except FaultError as fault:
        return fault.offset
