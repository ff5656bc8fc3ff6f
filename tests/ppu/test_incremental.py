"""FrameDecoder returns what decode_frame returns, and the same objects where nothing changed."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from halscope import Snapshot, decode_frame
from halscope.ppu import FrameDecoder
from halscope.ppu.oam import OamEntry
from halscope_hooks import RASTER_DTYPE, Frame, Layer, PpuRegisters, RasterWrites, Sprite
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import probe_rom
from support.examples import examples
from support.oam import pack_oam
from support.ppu_states import add_layers, add_sprites, noise

REGISTERS = [field.name for field in fields(PpuRegisters)]
# Registers that sprites and layers depend on are drawn more often than they would be among all 47.
LIKELY_REGISTERS = [name for name in REGISTERS if name.startswith(("bg", "m7", "mosaic", "obsel", "setini"))]


def random_snapshot(rng: np.random.Generator, mode: int) -> Snapshot:
    state = noise(rng)
    add_layers(state, rng, mode)
    add_sprites(state, rng)
    if rng.random() < 0.5:
        state.registers["mosaic"] = int(rng.integers(256))
    state.registers["setini"] = int(rng.integers(256))
    return state.snapshot()


def mutated(snapshot: Snapshot, rng: np.random.Generator) -> Snapshot:
    """The same with a small change: bytes of a memory, HDMA's writes, a register that changes or becomes unknown."""
    vram, oam, cgram, ppu = snapshot.vram.copy(), snapshot.oam.copy(), snapshot.cgram.copy(), snapshot.ppu
    raster = snapshot.raster
    match int(rng.integers(8)):
        case 0:
            vram[rng.integers(0, 0x10000, int(rng.integers(1, 4)))] ^= 1 << int(rng.integers(8))
        case 1:
            at = int(rng.integers(0xF000))
            vram[at : at + 0x400] = rng.integers(0, 256, 0x400, np.uint8)
        case 2:
            oam[rng.integers(0, 544, int(rng.integers(1, 20)))] ^= 1 << int(rng.integers(8))
        case 3:
            cgram[rng.integers(0, 256)] ^= 1 << int(rng.integers(15))
        case 4 | 5:
            name = str(rng.choice(LIKELY_REGISTERS if rng.random() < 0.8 else REGISTERS))
            value = getattr(ppu, name)
            ppu = replace(ppu, **{name: (value or 0) ^ 1 << int(rng.integers(8)) if rng.random() < 0.8 else None})
        case 6:
            raster = random_writes(rng) if raster is None or rng.random() < 0.7 else None
        case _:
            return replace(snapshot, frame=snapshot.frame + 1)
    return Snapshot(vram=vram, oam=oam, cgram=cgram, ppu=ppu, raster=raster, frame=snapshot.frame + 1)


def random_writes(rng: np.random.Generator) -> RasterWrites:
    """A few writes to OBSEL, the scrolls or the map's places."""
    writes = np.zeros(int(rng.integers(1, 6)), RASTER_DTYPE)
    writes["line"] = np.sort(rng.integers(0, 224, len(writes)))
    writes["register"] = rng.choice([0x01, 0x07, 0x0D, 0x0E, 0x0F, 0x10], len(writes))
    writes["value"] = rng.integers(0, 256, len(writes))
    return writes


def assert_equal(frame: Frame, afresh: Frame) -> None:
    assert frame.snapshot is afresh.snapshot
    assert frame.sprites_unknown == afresh.sprites_unknown
    assert frame.layers_unknown == afresh.layers_unknown
    np.testing.assert_array_equal(frame.palettes, afresh.palettes)
    parts: list[tuple[tuple[Sprite | Layer, ...], tuple[Sprite | Layer, ...]]]
    parts = [(frame.sprites, afresh.sprites), (frame.layers, afresh.layers)]
    for ours, theirs in parts:
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            for field in fields(one):
                left, right = getattr(one, field.name), getattr(other, field.name)
                if isinstance(right, np.ndarray):
                    assert left.dtype == right.dtype
                    assert not left.flags.writeable
                    assert np.array_equal(left, right), field.name  # a hundred thousand: no message is built
                else:
                    assert (type(left), left) == (type(right), right), field.name


def assert_changes(decoder: FrameDecoder, frame: Frame, before: Frame) -> None:
    """The reported changes are what differs, and everything else is the same object."""
    changes = decoder.changes
    pieces = (frame.snapshot.vram != before.snapshot.vram).reshape(2048, 32).any(axis=1)
    assert changes.tiles.tolist() == np.flatnonzero(pieces).tolist()
    rows = (frame.snapshot.cgram != before.snapshot.cgram).reshape(16, 16).any(axis=1)
    assert changes.palettes.tolist() == np.flatnonzero(rows).tolist()
    assert (frame.palettes is before.palettes) == (not rows.any())
    if before.sprites:
        new = [one.index for one, old in zip(frame.sprites, before.sprites, strict=False) if one is not old]
        assert changes.sprites.tolist() == new
    old_layers = {layer.index: layer for layer in before.layers}
    assert changes.layers == tuple(layer.index for layer in frame.layers if layer is not old_layers.get(layer.index))


@pytest.mark.slow
@examples(50)
@given(seed=st.integers(0, 2**32), mode=st.integers(0, 7), layers=st.booleans())
def test_a_run_of_changes_decodes_as_each_snapshot_does_alone(seed: int, mode: int, layers: bool) -> None:
    rng = np.random.default_rng(seed)
    decoder = FrameDecoder()
    snapshot = random_snapshot(rng, mode)
    frame = decoder.decode(snapshot, layers=layers)
    assert_equal(frame, decode_frame(snapshot, layers=layers))
    for _ in range(8):
        snapshot, before = mutated(snapshot, rng), frame
        frame = decoder.decode(snapshot, layers=layers)
        assert_equal(frame, decode_frame(snapshot, layers=layers))
        assert_changes(decoder, frame, before)


@pytest.mark.slow
@examples(20)
@given(seed=st.integers(0, 2**32))
def test_layers_that_were_not_asked_for_in_between_are_still_right(seed: int) -> None:
    rng = np.random.default_rng(seed)
    decoder = FrameDecoder()
    snapshot = random_snapshot(rng, int(rng.integers(8)))
    for _ in range(12):
        layers = bool(rng.integers(2))
        assert_equal(decoder.decode(snapshot, layers=layers), decode_frame(snapshot, layers=layers))
        snapshot = mutated(snapshot, rng)


def quiet(**registers: int) -> Snapshot:
    """Mode 1; BG1's map at 0x8000 is all tile 1, characters of BG1 and BG2 at 0, of sprites at 0xC000."""
    vram = np.zeros(0x10000, np.uint8)
    vram[0x8000:0x8800:2] = 1
    ppu = probe_rom.expected_registers(
        {"bgmode": 1, "bg1sc": 0x40, "bg2sc": 0x50, "bg3sc": 0x58, "bg34nba": 2, "obsel": 3} | registers
    )
    oam = pack_oam((OamEntry(10, 10, 0), OamEntry(30, 10, 2, large=True)))
    return Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=oam, ppu=ppu)


def with_byte(snapshot: Snapshot, vram_byte: int) -> Snapshot:
    vram: NDArray[np.uint8] = snapshot.vram.copy()
    vram[vram_byte] ^= 1
    return replace(snapshot, vram=vram)


@pytest.mark.parametrize(
    ("vram_byte", "sprites", "layers"),
    [
        (0xC000, [index for index in range(128) if index != 1], ()),  # tile 0: all sprites except the second show it
        (0xC040, [1], ()),
        (0xC240, [1], ()),  # its lower row
        (0xC400, [], ()),  # no sprite shows it
        (0x0020, [], (1,)),  # BG1 shows tile 1 alone
        (0x0000, [], (2,)),  # and BG2 tile 0
        (0x0040, [], ()),
        (0x8010, [], (1,)),  # BG1's map
        (0x87FF, [], ()),  # its last row is below the picture
        (0xA000, [], (2,)),
        (0x4000, [], (3,)),
    ],
)
def test_a_change_in_vram_concerns_who_shows_it(vram_byte: int, sprites: list[int], layers: tuple[int, ...]) -> None:
    snapshot = quiet()
    decoder = FrameDecoder()
    decoder.decode(snapshot, layers=True)
    decoder.decode(with_byte(snapshot, vram_byte), layers=True)
    changes = decoder.changes
    assert changes.tiles.tolist() == [vram_byte // 32]
    assert (changes.sprites.tolist(), changes.layers) == (sprites, layers)


def test_offsets_in_bg3_concern_the_layers_that_they_shift() -> None:
    snapshot = quiet(bgmode=2)
    decoder = FrameDecoder()
    decoder.decode(snapshot, layers=True)
    decoder.decode(with_byte(snapshot, 0xB001), layers=True)  # BG3's map, a column's offset
    assert decoder.changes.layers == (1, 2)


def test_mode_7_is_drawn_from_the_first_half_of_vram() -> None:
    snapshot = quiet(bgmode=7, setini=0x40)
    decoder = FrameDecoder()
    decoder.decode(snapshot, layers=True)
    decoder.decode(with_byte(snapshot, 0x7FFF), layers=True)
    assert decoder.changes.layers == (1, 2)
    decoder.decode(with_byte(with_byte(snapshot, 0x7FFF), 0x8000), layers=True)
    assert not decoder.changes.layers


def test_scrolling_one_layer_draws_one_layer() -> None:
    snapshot = quiet()
    decoder = FrameDecoder()
    first = decoder.decode(snapshot, layers=True)
    second = decoder.decode(replace(snapshot, ppu=replace(snapshot.ppu, bg2hofs=1)), layers=True)
    assert decoder.changes.layers == (2,)
    assert second.sprites is first.sprites
    assert [one is other for one, other in zip(first.layers, second.layers, strict=True)] == [True, False, True]


def test_new_writes_of_hdma_draw_the_layers_anew() -> None:
    rng = np.random.default_rng(4)
    snapshot = random_snapshot(rng, 1)
    waves = [np.array([(0, 0x0D, n), (0, 0x0D, 0), (100, 0x0D, 0), (100, 0x0D, 1)], RASTER_DTYPE) for n in (5, 9)]
    decoder = FrameDecoder()
    for raster in (waves[0], waves[1], None, waves[1]):  # the registers after the last line are always the same
        moved = replace(snapshot, raster=raster)
        assert_equal(decoder.decode(moved, layers=True), decode_frame(moved, layers=True))


def test_a_sprite_that_moves_is_new_and_its_neighbours_are_not() -> None:
    snapshot = quiet()
    decoder = FrameDecoder()
    decoder.decode(snapshot)
    oam = pack_oam((OamEntry(10, 10, 0), OamEntry(-31, 10, 2, large=True)))
    frame = decoder.decode(replace(snapshot, oam=oam))
    assert decoder.changes.sprites.tolist() == [1]
    assert frame.sprites[1].x == -31


def test_the_first_frame_is_new_whole() -> None:
    decoder = FrameDecoder()
    assert decoder.changes.tiles.size == decoder.changes.sprites.size == 0
    decoder.decode(quiet(), layers=True)
    changes = decoder.changes
    assert (len(changes.tiles), len(changes.sprites), len(changes.palettes), changes.layers) == (
        2048,
        128,
        16,
        (1, 2, 3),
    )


def test_what_is_not_known_is_left_out_and_named() -> None:
    snapshot = quiet()
    bare = decode_frame(replace(snapshot, ppu=PpuRegisters()), layers=True)
    assert not bare.sprites
    assert not bare.layers
    assert bare.sprites_unknown is not None
    assert ["BGMODE" in reason for reason in bare.layers_unknown] == [True]
    frame = decode_frame(replace(snapshot, ppu=replace(snapshot.ppu, bg2hofs=None)), layers=True)
    assert [layer.index for layer in frame.layers] == [1, 3]
    assert len(frame.layers_unknown) == 1
    assert frame.layers_unknown[0].startswith("BG2: ")
    assert "BG2HOFS" in frame.layers_unknown[0]
    assert not decode_frame(snapshot).layers
    assert not decode_frame(snapshot).layers_unknown
