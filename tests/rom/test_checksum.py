"""The header's checksum: the mirroring rule, and corrections that hold."""

import numpy as np
import pytest
from halscope.rom import checksum
from halscope.rom.mapping import Mapping, mirrored
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st
from support.checksums import compute, fix
from support.examples import examples
from support.roms import make_rom

KIB = 1024


def by_address_lines(data: bytes) -> int:
    """The sum over the whole power of two as the cartridge maps it, byte by byte: slow and independent."""
    return sum(data[mirrored(at, len(data))] for at in range(1 << (len(data) - 1).bit_length())) & 0xFFFF


@given(st.binary(min_size=1, max_size=700))
def test_the_sum_is_that_of_what_the_address_lines_show(data: bytes) -> None:
    assert compute(data) == by_address_lines(data)


@pytest.mark.parametrize(
    ("quarters", "weights"),
    [
        (8, [1] * 8),  # 2 MiB
        (12, [1] * 8 + [2] * 4),  # 3 MiB: the last MiB twice
        (10, [1] * 8 + [4] * 2),  # 2.5 MiB: the last half four times
        (6, [1] * 4 + [2] * 2),  # 1.5 MiB
        (24, [1] * 16 + [2] * 8),  # 6 MiB
        (14, [1] * 8 + [1] * 4 + [2] * 2),  # 3.5 MiB
        (11, [1] * 8 + [2] * 2 + [4] * 1),  # 2.75 MiB: the rest in turn is a large and a small chip
    ],
)
def test_sizes_that_are_no_power_of_two(quarters: int, weights: list[int]) -> None:
    block = 256 * KIB
    values = np.arange(1, quarters + 1, dtype=np.uint8)
    marks = np.zeros((quarters, block), np.uint8)
    marks[:, 0] = values
    expected = sum(int(value) * weight for value, weight in zip(values, weights, strict=True))
    assert compute(marks.tobytes()) == expected & 0xFFFF


@pytest.mark.slow
@examples(25)
@given(
    st.sampled_from(
        [(0x8000, Mapping.LOROM), (0x18000, Mapping.HIROM), (0x18000, Mapping.LOROM), (0x14000, Mapping.HIROM)]
    ),
    st.binary(min_size=4, max_size=4),
    st.integers(0, 0x7FFF),
    st.integers(0, 255),
)
def test_a_corrected_image_is_right_whatever_stood_there(
    shape: tuple[int, Mapping], field: bytes, changed: int, value: int
) -> None:
    size, mapping = shape
    image = make_rom(size, mapping)
    image[changed] = value
    at = mapping.header_offset
    image[at + 0x1C : at + 0x20] = field
    fixed = fix(image, at)
    complement, stored = checksum.stored(fixed, at)
    assert checksum.is_right(fixed, at)
    assert stored == compute(fixed) == by_address_lines(fixed)
    assert complement ^ stored == 0xFFFF
    assert checksum.corrections(fixed, at) == ()
    assert fixed[: at + 0x1C] == image[: at + 0x1C]
    assert fixed[at + 0x20 :] == image[at + 0x20 :]


def test_a_correction_is_one_write_of_four_bytes_that_says_what_it_expects() -> None:
    image = make_rom(0x10000)
    image[0x100] ^= 0x01
    (write,) = checksum.corrections(image, 0x7FC0)
    assert (write.space, write.offset, len(write.data)) == ("rom", 0x7FDC, 4)
    assert write.expected == bytes(image[0x7FDC:0x7FE0])


@pytest.mark.parametrize("header_offset", [-0x40, 0x7FE0, 0x8000, 0x7FC1])
def test_a_header_outside_the_image_is_refused(header_offset: int) -> None:
    with pytest.raises(UsageError, match="no header at"):
        checksum.corrections(bytes(0x8000), header_offset)
