"""BPS patches: applied by our code and by an independent applier; damaged and mismatched ones are refused."""

import contextlib
import zlib

import numpy as np
import pytest
from halscope.export import bps
from halscope_hooks import PatchError
from hypothesis import given
from hypothesis import strategies as st
from pypatchergba import patcher


def number(value: int) -> bytes:
    """A variable-length number, encoded as in the specification's pseudo-code."""
    encoded = b""
    while True:
        low = value & 0x7F
        value >>= 7
        if value == 0:
            return encoded + bytes([0x80 | low])
        encoded += bytes([low])
        value -= 1


def signed(value: int) -> bytes:
    return number(abs(value) * 2 + (value < 0))


def action(kind: int, length: int) -> bytes:
    return number((length - 1) << 2 | kind)


def assemble(source: bytes, target: bytes, actions: bytes, *, sizes: tuple[int, int] | None = None) -> bytes:
    """A patch with correct checksums around any actions."""
    source_size, target_size = sizes or (len(source), len(target))
    patch = b"BPS1" + number(source_size) + number(target_size) + number(0) + actions
    patch += zlib.crc32(source).to_bytes(4, "little") + zlib.crc32(target).to_bytes(4, "little")
    return patch + zlib.crc32(patch).to_bytes(4, "little")


@st.composite
def images(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A source, and a target made of its pieces, pieces of itself, runs and new bytes."""
    source = draw(st.binary(max_size=200) | st.binary(max_size=40).map(lambda piece: piece * 8))
    target = bytearray(source) if draw(st.booleans()) else bytearray()
    for _ in range(draw(st.integers(0, 6))):
        data = source if draw(st.booleans()) else bytes(target)
        start = draw(st.integers(0, len(data)))
        copied = data[start : draw(st.integers(start, len(data)))]
        piece = draw(st.sampled_from([copied, copied[:3] * 9]) | st.binary(max_size=30))
        at = draw(st.integers(0, len(target)))
        target[at : at + draw(st.sampled_from([0, len(piece)]))] = piece
    return source, bytes(target)


@given(images())
def test_applying_what_was_created_gives_the_target(pair: tuple[bytes, bytes]) -> None:
    source, target = pair
    assert bps.apply(source, bps.create(source, target)) == target


@given(images(), st.binary(max_size=200))
def test_an_independent_applier_gives_the_same(pair: tuple[bytes, bytes], metadata: bytes) -> None:
    source, target = pair
    patch = bps.create(source, target, metadata=metadata)
    assert bytes(patcher.apply_bps(source, patch)) == target


def rom(size: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


SOURCE = rom(0x40000, 1)


@pytest.mark.parametrize(
    ("target", "largest"),
    [
        (SOURCE, 26),
        (np.concatenate([SOURCE[:500], rom(77, 2), SOURCE[500:]]), 77 + 45),
        (np.concatenate([SOURCE[:500], SOURCE[700:]]), 45),
        (np.concatenate([SOURCE[0x20000:], SOURCE[:0x20000]]), 45),
        (np.concatenate([SOURCE, np.zeros(0x40000, np.uint8)]), 45),
        (np.concatenate([SOURCE, np.tile(rom(32, 3), 2000)]), 32 + 45),
        (np.concatenate([SOURCE, rom(1000, 4), SOURCE[:100], rom(1000, 4)]), 1000 + 60),
        (SOURCE[:1000], 30),
        (SOURCE[:0], 25),
    ],
    ids=["same", "inserted", "removed", "swapped", "zeros", "pattern", "repeated", "cut", "empty"],
)
def test_moved_and_repeated_data_is_not_stored(
    target: np.ndarray[tuple[int], np.dtype[np.uint8]], largest: int
) -> None:
    patch = bps.create(SOURCE, target)
    assert bps.apply(SOURCE, patch) == target.tobytes()
    assert bytes(patcher.apply_bps(SOURCE.tobytes(), patch)) == target.tobytes()
    assert len(patch) <= largest


def test_an_edit_in_place_costs_little_more_than_its_bytes() -> None:
    target = SOURCE.copy()
    target[0x1234:0x1534] = rom(0x300, 5)
    target[0x7FDC:0x7FE0] ^= 0xFF
    assert len(bps.create(SOURCE, target)) <= 0x300 + 4 + 40


def test_images_without_anything_in_common_are_stored_once() -> None:
    target = rom(0x8000, 6)
    assert len(bps.create(SOURCE, target)) <= 0x8000 + 40


def test_the_header_is_read_back() -> None:
    header = bps.read_header(bps.create(b"source", b"targets", metadata=b"<halscope/>"))
    assert (header.source_size, header.target_size, header.metadata) == (6, 7, b"<halscope/>")
    assert (header.source_crc32, header.target_crc32) == (zlib.crc32(b"source"), zlib.crc32(b"targets"))


def test_all_actions_of_the_specification_apply() -> None:
    source, target = b"abcdefgh", b"abcXYghcdcdcdcd!"
    actions = (
        action(0, 3)
        + action(1, 2) + b"XY"
        + action(2, 2) + signed(6)  # gh
        + action(2, 2) + signed(-6)  # back to cd
        + action(3, 6) + signed(7)  # overlaps its own output
        + action(1, 1) + b"!"
    )  # fmt: skip
    assert bps.apply(source, assemble(source, target, actions)) == target


@pytest.mark.parametrize("value", [0, 1, 127, 128, 129, 16511, 16512, 1 << 21, (1 << 26) - 1])
def test_numbers_are_spelled_as_specified(value: int) -> None:
    patch = assemble(b"", b"", b"", sizes=(value, 0))
    assert bps.read_header(patch).source_size == value
    assert bps.create(bytes(value), b"")[4:].startswith(number(value))


def test_a_patch_for_another_rom_says_both_checksums() -> None:
    patch = bps.create(b"the right ROM", b"the edited ROM")
    expected, actual = zlib.crc32(b"the right ROM"), zlib.crc32(b"another ROM")
    with pytest.raises(PatchError) as error:
        bps.apply(b"another ROM", patch)
    assert "made for another ROM" in str(error.value)
    assert f"{expected:08x} (13 bytes)" in str(error.value)
    assert f"{actual:08x} (11 bytes)" in str(error.value)


def test_a_patch_that_is_applied_already_is_named_as_such() -> None:
    with pytest.raises(PatchError, match="already applied to this ROM"):
        bps.apply(b"edited", bps.create(b"source", b"edited"))


def test_a_patch_for_an_image_with_a_copier_header_is_named_as_such() -> None:
    with pytest.raises(PatchError, match="512-byte copier header"):
        bps.apply(bytes(1000), bps.create(bytes(1512), b"edited"))


def test_every_flipped_bit_is_noticed() -> None:
    patch = bps.create(SOURCE[:2000], SOURCE[1000:3000])
    for at in range(len(patch)):
        damaged = bytearray(patch)
        damaged[at] ^= 1 << at % 8
        with pytest.raises(PatchError):
            bps.apply(SOURCE[:2000], damaged)


@pytest.mark.parametrize("length", [0, 3, 4, 8, 18, 19, 25])
def test_a_truncated_patch_is_refused(length: int) -> None:
    patch = bps.create(b"a long enough source", b"a long enough target")
    assert len(patch) > 25
    with pytest.raises(PatchError, match=r"not a BPS patch|damaged or truncated"):
        bps.apply(b"a long enough source", patch[:length])


@pytest.mark.parametrize(
    ("actions", "says"),
    [
        (action(0, 11), "reads 11 bytes at 0 of the source's 10"),
        (action(2, 4) + signed(7), "reads 4 bytes at 7"),
        (action(2, 4) + signed(-1), "reads 4 bytes at -1"),
        (action(3, 4) + signed(0), "copies from 0 of 0 bytes written"),
        (action(0, 2) + action(3, 4) + signed(-1), "copies from -1"),
        (action(1, 5) + b"abc", "5 bytes are missing"),
        ((action(1, 10) + bytes(10)) * 3, "writes past the target's 20 bytes"),
        (b"\x00" * 30, "a number has no end"),
        (action(2, 2), "a number has no end"),
        (action(0, 10), "makes 10 bytes"),
    ],
)
def test_actions_that_lead_outside_are_refused_with_their_place(actions: bytes, says: str) -> None:
    with pytest.raises(PatchError, match=says):
        bps.apply(bytes(10), assemble(bytes(10), bytes(20), actions))


def test_a_patch_that_claims_a_huge_target_is_refused_before_anything_is_made() -> None:
    patch = assemble(bytes(10), b"", action(0, 1) + action(3, (1 << 32) - 1) + signed(0), sizes=(10, 1 << 32))
    with pytest.raises(PatchError, match="4294967296 bytes"):
        bps.apply(bytes(10), patch)


def test_metadata_that_is_longer_than_the_patch_is_refused() -> None:
    patch = b"BPS1" + number(0) + number(0) + number(1 << 40) + bytes(8)
    with pytest.raises(PatchError, match="1099511627776 bytes are missing"):
        bps.read_header(patch + zlib.crc32(patch).to_bytes(4, "little"))


@given(st.binary(max_size=40), st.binary(max_size=80), st.integers(0, 300))
def test_actions_of_any_bytes_never_crash(source: bytes, actions: bytes, target_size: int) -> None:
    with contextlib.suppress(PatchError):
        bps.apply(source, assemble(source, b"", actions, sizes=(len(source), target_size)))


@given(st.binary(max_size=40), st.binary(max_size=80))
def test_bytes_of_any_kind_never_crash(source: bytes, noise: bytes) -> None:
    with contextlib.suppress(PatchError):
        bps.apply(source, noise)
    with contextlib.suppress(PatchError):
        bps.apply(source, b"BPS1" + noise + zlib.crc32(b"BPS1" + noise).to_bytes(4, "little"))
