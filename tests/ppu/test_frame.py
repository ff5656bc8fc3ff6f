"""decode_frame: sprites as the hardware shows them, straight from VRAM, OAM and OBSEL."""

import halscope
import numpy as np
import pytest
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.ppu.oam import OamEntry
from halscope.ppu.tiles import encode_tiles
from halscope_hooks import Frame
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.oam import pack_oam

NUMBERED = np.arange(2048)


def numbered_vram() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Every tile of VRAM holds its own number: row y has its digit y in base 16, in all pixels except the first."""
    pixels = np.zeros((2048, 8, 8), np.uint8)
    for row in range(3):
        pixels[:, row, 1:] = (NUMBERED >> 4 * row & 15)[:, np.newaxis]
    pixels[:, 7, 0] = 9  # bottom left, to distinguish the flips
    return encode_tiles(pixels, 4).reshape(-1)


VRAM = numbered_vram()


def frame_of(*entries: OamEntry, obsel: int | None = 0) -> Frame:
    oam = pack_oam(entries)
    snapshot = Snapshot(vram=VRAM, cgram=np.arange(256, dtype=np.uint16), oam=oam, ppu=PpuRegisters(obsel=obsel))
    return decode_frame(snapshot)


@pytest.mark.parametrize(
    ("pair", "small", "large"),
    [
        (0, (8, 8), (16, 16)),
        (1, (8, 8), (32, 32)),
        (2, (8, 8), (64, 64)),
        (3, (16, 16), (32, 32)),
        (4, (16, 16), (64, 64)),
        (5, (32, 32), (64, 64)),
        (6, (16, 32), (32, 64)),
        (7, (16, 32), (32, 32)),
    ],
)
def test_obsel_gives_both_sizes(pair: int, small: tuple[int, int], large: tuple[int, int]) -> None:
    sprites = frame_of(OamEntry(0, 0, 0), OamEntry(0, 0, 0, large=True), obsel=pair << 5).sprites
    assert (sprites[0].width, sprites[0].height) == small == sprites[0].pixels.shape[::-1]
    assert (sprites[1].width, sprites[1].height) == large == sprites[1].pixels.shape[::-1]
    assert sprites[1].cells.shape == (large[1] // 8, large[0] // 8)


def test_name_base_and_name_select_place_the_tiles() -> None:
    entries = (OamEntry(0, 0, 1), OamEntry(0, 0, 0x101))
    assert [int(s.cells[0, 0]) for s in frame_of(*entries, obsel=0).sprites[:2]] == [0x20, 0x2020]
    assert [int(s.cells[0, 0]) for s in frame_of(*entries, obsel=0x63).sprites[:2]] == [0xC020, 0xE020]
    # Base 7 repeats base 3 (VRAM has 32 Ki words), and the second table wraps at VRAM's end.
    assert [int(s.cells[0, 0]) for s in frame_of(*entries, obsel=0x1F).sprites[:2]] == [0xC020, 0x4020]


def test_tiles_wrap_inside_the_page_without_a_carry() -> None:
    cells = frame_of(OamEntry(0, 0, 0xFF, large=True), obsel=0x00).sprites[0].cells // 32
    assert cells.tolist() == [[0xFF, 0xF0], [0x0F, 0x00]]
    cells = frame_of(OamEntry(0, 0, 0x1FF, large=True), obsel=0x00).sprites[0].cells // 32
    assert cells.tolist() == [[0x1FF, 0x1F0], [0x10F, 0x100]]


def test_pixels_are_those_of_the_cells() -> None:
    sprite = frame_of(OamEntry(0, 0, 0x42, large=True), obsel=0x00).sprites[0]
    assert sprite.pixels[0, 1] + 16 * sprite.pixels[1, 1] == 0x42
    assert sprite.pixels[8, 9] + 16 * sprite.pixels[9, 9] == 0x53


def test_flips_move_cells_and_pixels() -> None:
    plain, flipped = frame_of(
        OamEntry(0, 0, 0x42, large=True), OamEntry(0, 0, 0x42, hflip=True, vflip=True, large=True), obsel=0x20
    ).sprites[:2]
    np.testing.assert_array_equal(flipped.pixels, plain.pixels[::-1, ::-1])
    np.testing.assert_array_equal(flipped.cells, plain.cells[::-1, ::-1])
    assert (flipped.hflip, flipped.vflip) == (True, True)


def test_rectangular_sprites_flip_in_two_square_halves() -> None:
    plain, flipped = frame_of(OamEntry(0, 0, 0x42), OamEntry(0, 0, 0x42, vflip=True), obsel=0xC0).sprites[:2]
    np.testing.assert_array_equal(flipped.pixels[:16], plain.pixels[:16][::-1])
    np.testing.assert_array_equal(flipped.pixels[16:], plain.pixels[16:][::-1])
    np.testing.assert_array_equal(flipped.cells[:2], plain.cells[:2][::-1])


def test_without_obsel_there_are_no_sprites_and_a_reason() -> None:
    frame = frame_of(OamEntry(0, 0, 0), obsel=None)
    assert frame.sprites == ()
    assert frame.sprites_unknown is not None
    assert "--obsel" in frame.sprites_unknown
    assert frame.palettes.shape == (256, 3)


def test_decode_frame_is_at_the_front_door_and_its_arrays_are_read_only() -> None:
    sprite = halscope.decode_frame(frame_of(OamEntry(0, 0, 1)).snapshot).sprites[0]
    with pytest.raises(ValueError, match="read-only"):
        sprite.pixels[0, 0] = 1


@examples(30)
@given(st.binary(min_size=544, max_size=544), st.integers(0, 255), st.integers(0, 2**32))
def test_random_oam_decodes_into_range(oam: bytes, obsel: int, seed: int) -> None:
    vram = np.random.default_rng(seed).integers(0, 256, 0x10000).astype(np.uint8)
    cgram = np.zeros(256, np.uint16)
    frame = decode_frame(
        Snapshot(vram=vram, cgram=cgram, oam=np.frombuffer(oam, np.uint8), ppu=PpuRegisters(obsel=obsel))
    )
    assert [sprite.index for sprite in frame.sprites] == list(range(128))
    for sprite in frame.sprites:
        assert -256 <= sprite.x <= 255
        assert 0 <= sprite.y <= 255
        assert sprite.pixels.max() <= 15
        assert ((sprite.cells >= 0) & (sprite.cells < 0x10000) & (sprite.cells % 32 == 0)).all()
