"""Tiles decode according to the console's layout, and encoding is the exact inverse."""

import numpy as np
import pytest
from halscope import _codec
from halscope.ppu.tiles import TileDepth, decode_tiles, encode_tiles
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

depths = st.sampled_from([2, 4, 8])


def plain_decode(data: bytes, bpp: int) -> NDArray[np.uint8]:
    """The layout spelled out a bit at a time."""
    tiles = np.zeros((len(data) // (8 * bpp), 8, 8), np.uint8)
    for tile, y, x in np.ndindex(tiles.shape):
        for plane in range(bpp):
            byte = data[tile * 8 * bpp + plane // 2 * 16 + y * 2 + plane % 2]
            tiles[tile, y, x] |= (byte >> (7 - x) & 1) << plane
    return tiles


@given(st.data(), depths, st.integers(0, 3))
def test_decoding_follows_the_layout(data: st.DataObject, bpp: TileDepth, count: int) -> None:
    planar = data.draw(st.binary(min_size=8 * bpp * count, max_size=8 * bpp * count))
    np.testing.assert_array_equal(decode_tiles(planar, bpp), plain_decode(planar, bpp))


@given(st.data(), depths, st.integers(0, 4))
def test_encoding_is_the_inverse_of_decoding(data: st.DataObject, bpp: TileDepth, count: int) -> None:
    planar = data.draw(st.binary(min_size=8 * bpp * count, max_size=8 * bpp * count))
    assert encode_tiles(decode_tiles(planar, bpp), bpp).tobytes() == planar


@pytest.mark.parametrize("level", _codec.simd_levels())
@pytest.mark.parametrize("bpp", [2, 4, 8])
def test_every_processor_decodes_and_encodes_alike(level: str, bpp: TileDepth) -> None:
    _codec.limit_simd(level)
    try:
        for count in (1, 2, 15, 16, 17, 33, 50):  # tiles are processed in batches of 16
            planar = np.random.default_rng(count).bytes(8 * bpp * count)
            pixels = decode_tiles(planar, bpp)
            np.testing.assert_array_equal(pixels, plain_decode(planar, bpp))
            assert encode_tiles(pixels, bpp).tobytes() == planar
            # Bits above the pixel's depth are not stored.
            noisy = pixels | np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint8) << bpp
            assert _codec.snes_encode_tiles(noisy, bpp).tobytes() == planar
    finally:
        _codec.limit_simd(_codec.simd_levels()[-1])


@given(st.integers(0, 2**32), depths)
def test_decoding_is_the_inverse_of_encoding(seed: int, bpp: TileDepth) -> None:
    pixels = np.random.default_rng(seed).integers(0, 1 << bpp, (3, 8, 8))
    np.testing.assert_array_equal(decode_tiles(encode_tiles(pixels, bpp), bpp), pixels)


def test_a_single_tile_may_come_without_its_first_axis() -> None:
    assert encode_tiles(np.eye(8, dtype=np.uint8), 2).tolist() == [
        [128, 0, 64, 0, 32, 0, 16, 0, 8, 0, 4, 0, 2, 0, 1, 0]
    ]


def test_what_is_no_tile_is_refused() -> None:
    with pytest.raises(UsageError, match="not whole tiles of 32 bytes"):
        decode_tiles(bytes(33), 4)
    with pytest.raises(UsageError, match="2, 4 or 8 bits"):
        decode_tiles(bytes(24), 3)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(UsageError, match="outside 0 to 15"):
        encode_tiles(np.full((1, 8, 8), 16), 4)
    with pytest.raises(UsageError, match="outside 0 to 15"):
        encode_tiles(np.full((1, 8, 8), -1), 4)
    with pytest.raises(UsageError, match="outside 0 to 3"):
        encode_tiles(np.full((1, 8, 8), 4, np.uint8), 2)
    with pytest.raises(UsageError, match="outside 0 to 255"):
        encode_tiles(np.full((1, 8, 8), -1, np.int8), 8)
    with pytest.raises(UsageError, match="shape"):
        encode_tiles(np.zeros((8, 7), np.uint8), 4)
    with pytest.raises(UsageError, match="integers"):
        encode_tiles(np.zeros((1, 8, 8)), 4)
    with pytest.raises(TypeError, match="contiguous"):
        decode_tiles(np.zeros((64, 2), np.uint8)[:, 0], 4)
