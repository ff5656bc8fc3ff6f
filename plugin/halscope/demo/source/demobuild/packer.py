"""A simple HAL packer (greedy, with one step of lazy matching) and the decoder that checks it.

Deliberately independent of Halscope's own codec, because its streams test that codec. It does not search for the
smallest stream; neither did the games' own packers.
"""

from collections import Counter, defaultdict
from typing import NamedTuple

BIT_REVERSE = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
RAW, RLE8, RLE16, SEQUENCE, COPY, REVERSED_BITS, BACKWARD = range(7)
MAX_COUNT = 1024
CANDIDATES = 4  # places tried for each kind of copy, newest first
KEY = 3  # bytes that two places must share before they are compared


class Match(NamedTuple):
    """A way to write the next `length` bytes with one command."""

    command: int
    length: int  # bytes of output
    argument: bytes  # what follows the command and its count

    @property
    def units(self) -> int:
        """The number in the command: pairs for RLE16, bytes otherwise."""
        return self.length // 2 if self.command == RLE16 else self.length

    @property
    def saving(self) -> int:
        """Output bytes minus packed bytes."""
        return self.length - len(self.argument) - (2 if self.units > 32 else 1)


def common_prefix(left: bytes, left_at: int, right: bytes, right_at: int, limit: int) -> int:
    """Count the equal bytes at two places, at most `limit`."""
    for size in (min(16, limit), limit):  # most are short
        one, other = left[left_at : left_at + size], right[right_at : right_at + size]
        if one != other:
            differing = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
            return ((differing & -differing).bit_length() - 1) // 8  # the byte of its lowest bit
    return limit


class Packer:
    """Packs one block; `usage` counts the commands that were written."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reversed_bits = data.translate(BIT_REVERSE)
        self.backward = data[::-1]
        self.places: defaultdict[bytes, list[int]] = defaultdict(list)
        self.indexed = 0
        self.packed = bytearray()
        self.usage: Counter[tuple[int, bool]] = Counter()

    def pack(self) -> bytes:
        """Return the stream, including its terminator."""
        position = raw_start = 0
        here = self._best(0)
        while position < len(self.data):
            pending = position > raw_start
            if here is None or here.saving < (2 if pending else 1):
                position += 1
                here = self._best(position)
                continue
            following = self._best(position + 1)
            if following is not None and following.saving > here.saving + 1:
                position += 1
                here = following
                continue
            self._write_raw(raw_start, position)
            self._write(here)
            position += here.length
            raw_start = position
            here = self._best(position)
        self._write_raw(raw_start, position)
        self.packed.append(0xFF)
        return bytes(self.packed)

    def _best(self, position: int) -> Match | None:
        if position >= len(self.data):
            return None
        for start in range(self.indexed, position):
            self.places[self.data[start : start + KEY]].append(start)
        self.indexed = max(self.indexed, position)
        matches = [*self._runs(position), *self._copies(position)]
        best = max(matches, key=lambda match: (match.saving, match.length), default=None)
        return best if best is not None and best.saving > 0 else None

    def _runs(self, position: int) -> list[Match]:
        data = self.data
        most = min(len(data) - position, MAX_COUNT)
        first = data[position]
        same = step = 1
        while same < most and data[position + same] == first:
            same += 1
        while step < most and data[position + step] == (first + step) & 0xFF:
            step += 1
        runs = [Match(RLE8, same, bytes([first])), Match(SEQUENCE, step, bytes([first]))]
        pair = data[position : position + 2]
        pairs = 1
        while pairs < MAX_COUNT and data[position + 2 * pairs : position + 2 * pairs + 2] == pair:
            pairs += 1
        if len(pair) == 2:
            runs.append(Match(RLE16, 2 * pairs, pair))
        return runs

    def _copies(self, position: int) -> list[Match]:
        data, size = self.data, len(self.data)
        limit = min(MAX_COUNT, size - position)
        if limit < KEY:
            return []
        matches = []
        for command, target in ((COPY, data), (REVERSED_BITS, self.reversed_bits)):
            longest, source = 0, 0
            for place in reversed(self.places.get(target[position : position + KEY], [])[-CANDIDATES:]):
                length = common_prefix(data, place, target, position, limit)
                if length > longest:
                    longest, source = length, place
            if longest:
                matches.append(Match(command, longest, source.to_bytes(2, "big")))
        longest, source = 0, 0
        for place in reversed(self.places.get(data[position : position + KEY][::-1], [])[-CANDIDATES:]):
            last = place + KEY - 1
            if last < position:
                length = common_prefix(self.backward, size - 1 - last, data, position, min(limit, last + 1))
                if length > longest:
                    longest, source = length, last
        if longest:
            matches.append(Match(BACKWARD, longest, source.to_bytes(2, "big")))
        return matches

    def _write_raw(self, start: int, end: int) -> None:
        for at in range(start, end, MAX_COUNT):
            piece = self.data[at : min(end, at + MAX_COUNT)]
            self._write(Match(RAW, len(piece), piece))

    def _write(self, match: Match) -> None:
        count = match.units - 1
        long = count >= 32
        if long:
            self.packed += bytes([0xE0 | match.command << 2 | count >> 8, count & 0xFF])
        else:
            self.packed.append(match.command << 5 | count)
        self.packed += match.argument
        self.usage[match.command, long] += 1


def unpack(stream: bytes, offset: int = 0) -> tuple[bytes, int]:
    """Decode strictly, as a reference. Return the output and the length of the stream.

    Raises ValueError for a reference to output not yet written, and IndexError for a stream without an end.
    """
    output = bytearray()
    at = offset
    while stream[at] != 0xFF:
        command, count = stream[at] >> 5, (stream[at] & 31) + 1
        at += 1
        if command == 7:
            command, count = stream[at - 1] >> 2 & 7, ((stream[at - 1] & 3) << 8 | stream[at]) + 1
            at += 1
        if command == RAW:
            if at + count > len(stream):
                raise IndexError(f"raw bytes run past the end at {at:#x}")
            output += stream[at : at + count]
            at += count
        elif command in (RLE8, SEQUENCE):
            step = command == SEQUENCE
            output += bytes(stream[at] + step * i & 0xFF for i in range(count))
            at += 1
        elif command == RLE16:
            output += stream[at : at + 2] * count
            at += 2
        else:
            source = stream[at] << 8 | stream[at + 1]
            at += 2
            if source >= len(output) or (command == BACKWARD and source < count - 1):
                raise ValueError(f"reference to {source:#x} with {len(output):#x} bytes written, before {at:#x}")
            for i in range(count):
                byte = output[source - i if command == BACKWARD else source + i]
                output.append(BIT_REVERSE[byte] if command == REVERSED_BITS else byte)
    return bytes(output), at + 1 - offset
