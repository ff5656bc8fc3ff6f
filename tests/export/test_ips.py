"""IPS patches: applied by our code and by an independent applier; damaged ones are refused."""

import contextlib

import numpy as np
import pytest
from halscope.export import ips
from halscope_hooks import PatchError
from hypothesis import given
from hypothesis import strategies as st
from pypatchergba import patcher

END_OFFSET = 0x454F46  # "EOF"


@st.composite
def images(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A source and an edited copy: bytes changed, runs filled, truncated or extended."""
    source = bytearray(draw(st.binary(max_size=400)))
    target = bytearray(source)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(target)))
        piece = draw(st.binary(max_size=30) | st.integers(1, 60).map(lambda n: b"\x00" * n))
        target[at : at + len(piece)] = piece
    return bytes(source), bytes(target[: draw(st.integers(0, len(target)))]) if draw(st.booleans()) else bytes(target)


@given(images())
def test_applying_what_was_created_gives_the_target(pair: tuple[bytes, bytes]) -> None:
    source, target = pair
    assert ips.apply(source, ips.create(source, target)) == target


@given(images())
def test_an_independent_applier_gives_the_same(pair: tuple[bytes, bytes]) -> None:
    source, target = pair
    if len(target) < len(source):  # truncation is an extension that the applier does not support
        target += source[len(target) :]
    assert bytes(patcher.apply_ips(source, ips.create(source, target))) == target


@pytest.mark.parametrize("length", [1, 2, 3, 9, 200])
@pytest.mark.parametrize("start", [END_OFFSET - 1, END_OFFSET, END_OFFSET - 0xFFFF, END_OFFSET - 2])
@pytest.mark.parametrize("run", [False, True])
def test_no_record_begins_where_its_offset_would_read_as_the_end(length: int, start: int, run: bool) -> None:
    if start < END_OFFSET - 2:
        length += 0xFFFF  # the record is split exactly there
    source = np.full(END_OFFSET + 0x1000, 7, np.uint8)
    target = source.copy()
    target[start : start + length] = 9 if run else np.arange(length) % 3
    patch = ips.create(source, target)
    assert ips.apply(source, patch) == target.tobytes()
    assert bytes(patcher.apply_ips(source.tobytes(), patch)) == target.tobytes()


def test_runs_are_stored_as_runs() -> None:
    source = bytes(0x20000)
    filled = ips.create(source, b"\xff" * 0x20000)
    assert len(filled) == 5 + 3 * 8 + 3  # 65,535 bytes per record
    mixed = bytes(range(1, 41)) + b"\xaa" * 1000 + bytes(range(1, 41))
    assert len(ips.create(source, mixed + source[len(mixed) :])) == 5 + (5 + 40) + 8 + (5 + 40) + 3


def test_near_changes_share_a_record_and_far_ones_do_not() -> None:
    source = bytes(100)
    near, far = bytearray(source), bytearray(source)
    near[10] = near[16] = 1
    far[10] = far[17] = 1
    assert len(ips.create(source, near)) == 5 + 5 + 7 + 3
    assert len(ips.create(source, far)) == 5 + 2 * 6 + 3


def test_equal_images_make_an_empty_patch() -> None:
    assert ips.create(b"abc", b"abc") == b"PATCHEOF"


def test_a_smaller_target_cuts_the_result() -> None:
    patch = ips.create(bytes(100), bytes(60))
    assert patch == b"PATCHEOF\x00\x00\x3c"
    assert ips.apply(bytes(100), patch) == bytes(60)


def test_a_record_behind_the_end_fills_the_gap_with_zeros() -> None:
    assert ips.apply(b"ab", b"PATCH\x00\x00\x04\x00\x01zEOF") == b"ab\x00\x00z"


def test_what_a_24_bit_offset_cannot_reach_is_refused() -> None:
    largest = bytes(1 << 24)
    changed = largest[:-1] + b"\x01"
    assert ips.apply(largest, ips.create(largest, changed)) == changed
    with pytest.raises(PatchError, match="write a BPS patch"):
        ips.create(largest, largest + b"\x01")


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        (b"", "not an IPS patch"),
        (b"BPS1", "not an IPS patch: it begins with b'BPS1'"),
        (b"PATCH", "ends inside the record at 0x5"),
        (b"PATCH\x00\x00\x01\x00\x05abc", "truncated"),
        (b"PATCH\x00\x00\x01\x00\x00\x00", "truncated"),
        (b"PATCH\x00\x00\x01\x00\x00\x00\x00\x07EOF", "record at 0x5 is empty"),
        (b"PATCH\xff\xff\xff\x00\x02abEOF", "leads past 16 MiB"),
        (b"PATCHEOFxxxx", "4 bytes follow the end marker at 0x5"),
    ],
)
def test_a_damaged_patch_is_refused(patch: bytes, says: str) -> None:
    with pytest.raises(PatchError, match=says):
        ips.apply(bytes(10), patch)


@given(st.binary(max_size=40), st.binary(max_size=120), st.booleans())
def test_bytes_of_any_kind_never_crash(source: bytes, noise: bytes, headed: bool) -> None:
    with contextlib.suppress(PatchError):
        assert len(ips.apply(source, (b"PATCH" if headed else b"") + noise)) <= 1 << 24
