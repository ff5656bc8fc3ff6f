"""The files of an edit sheet: their contents, that either one suffices, and that they must agree."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.inject import Cell, Sheet, read_sheet, sheet_from_raw, sidecar_path, write_sheet
from halscope.ppu.tiles import TileDepth
from halscope_hooks import HalscopeError, ImageError, Origin, UsageError
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.edit_rom import FIRST_TILES, PALETTE, RAW, EditRom
from support.examples import examples
from support.pngs import chunks_of, with_chunks, without_text


def open_png(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes()))


def test_the_png_is_indexed_in_the_consoles_order_with_colour_0_transparent(sheet: Sheet, tmp_path: Path) -> None:
    png, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    image = open_png(png)
    assert image.mode == "P"
    assert image.size == (128, -(-FIRST_TILES // 16) * 8)
    palette = np.array(image.getpalette()).reshape(-1, 3)
    assert (palette == sheet.rgb).all()
    assert tuple(palette[2]) == (255, 255, 255)
    assert (np.asarray(image) == sheet.compose().pixels).all()
    alpha = np.asarray(image.convert("RGBA"))[:, :, 3]
    assert ((alpha == 0) == (sheet.compose().pixels == 0)).all()


def test_chunk_and_sidecar_say_rom_block_and_tiles(sheet: Sheet, edit_rom: EditRom, tmp_path: Path) -> None:
    png, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    document = json.loads(sidecar.read_text())
    assert sidecar == tmp_path / "walk.json"
    assert document["rom"]["sha256"] == edit_rom.rom.sha256
    assert document["cells"][3]["origin"] == {
        "codec": "hal",
        "block_offset": 0x8123,
        "byte_offset": 15 + 96,
        "start": "pointer",
    }
    assert bytes.fromhex(document["cells"][3]["tile"]) == edit_rom.first[15 + 96 : 15 + 128]
    assert json.loads(open_png(png).text["halscope"]) == document  # type: ignore[attr-defined] # PNG images have it


def test_several_palettes_share_one_png(edit_rom: EditRom, tmp_path: Path) -> None:
    one = sheet_from_raw(edit_rom.rom, RAW, 2, palette=PALETTE)
    both = replace(
        one,
        kind="metasprite",
        palettes=np.stack([PALETTE, PALETTE[::-1]]),
        cells=(one.cells[0], replace(one.cells[1], palette=1)),
    )
    png, _ = write_sheet(both, None, tmp_path / "two.png")
    image = open_png(png)
    assert len(image.getpalette() or []) == 3 * 32
    shown = np.asarray(image)
    assert set(np.unique(shown[:, 8:])) <= {0, *range(17, 32)}
    assert (read_sheet(png).pixels == both.compose().pixels).all()


@pytest.mark.parametrize("keep", ["both", "chunk", "sidecar"])
def test_either_the_chunk_or_the_sidecar_is_enough(sheet: Sheet, tmp_path: Path, keep: str) -> None:
    png, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    if keep == "chunk":
        sidecar.unlink()
    if keep == "sidecar":
        png.write_bytes(without_text(png.read_bytes()))
    edited = read_sheet(png)
    assert edited.sheet.cells == sheet.cells
    assert (edited.pixels == sheet.compose().pixels).all()


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
def test_the_chunk_survives_editors_that_rewrite_it_as_another_kind_of_text(
    sheet: Sheet, tmp_path: Path, kind: bytes
) -> None:
    import zlib

    png, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    text = sidecar.read_bytes()
    body = b"halscope\0" + (b"\0" + zlib.compress(text) if kind == b"zTXt" else text)
    chunks = [(kind, body) if old == b"iTXt" else (old, data) for old, data in chunks_of(png.read_bytes())]
    png.write_bytes(with_chunks(png.read_bytes(), chunks))
    sidecar.unlink()
    assert read_sheet(png).sheet.cells == sheet.cells


def test_a_mangled_chunk_gives_way_to_the_sidecar(sheet: Sheet, tmp_path: Path) -> None:
    png, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    chunks = [(k, b"halscope\0\1\0\0\0oops") if k == b"iTXt" else (k, d) for k, d in chunks_of(png.read_bytes())]
    png.write_bytes(with_chunks(png.read_bytes(), chunks))
    assert read_sheet(png).sheet.cells == sheet.cells
    sidecar.unlink()
    with pytest.raises(ImageError, match='"halscope" chunk is damaged'):
        read_sheet(png)


def test_a_png_without_either_is_refused(sheet: Sheet, tmp_path: Path) -> None:
    png, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    png.write_bytes(without_text(png.read_bytes()))
    sidecar.unlink()
    with pytest.raises(ImageError, match=r"no Halscope chunk, and there is no walk\.json beside it"):
        read_sheet(png)


def test_a_sidecar_that_contradicts_the_chunk_is_refused(sheet: Sheet, edit_rom: EditRom, tmp_path: Path) -> None:
    png, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    _, other = write_sheet(sheet_from_raw(edit_rom.rom, RAW, 4), None, tmp_path / "other.png")
    sidecar.write_bytes(other.read_bytes())
    with pytest.raises(ImageError, match=r"belongs to another picture than walk\.png"):
        read_sheet(png)
    png.write_bytes(without_text(png.read_bytes()))
    with pytest.raises(ImageError, match=r"128x24 pixels, its sheet has 32x8"):
        read_sheet(png)


def test_a_sidecar_whose_tiles_were_changed_is_refused(sheet: Sheet, tmp_path: Path) -> None:
    png, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    png.write_bytes(without_text(png.read_bytes()))
    document = json.loads(sidecar.read_text())
    document["cells"][0]["tile"] = "ff" * 32
    sidecar.write_text(json.dumps(document))
    with pytest.raises(ImageError, match="its tiles do not match the picture that was exported"):
        read_sheet(png)


def test_files_appear_whole_or_not_at_all(sheet: Sheet, tmp_path: Path) -> None:
    with pytest.raises(HalscopeError, match="cannot be written"):
        write_sheet(sheet, None, tmp_path / "missing" / "walk.png")
    with pytest.raises(ImageError, match=r"give a name that ends in \.png"):
        write_sheet(sheet, None, tmp_path / "walk.json")
    with pytest.raises(ImageError, match="does not fit"):
        write_sheet(sheet, np.zeros((8, 8), np.uint8), tmp_path / "walk.png")
    assert list(tmp_path.iterdir()) == []


def test_a_png_that_cannot_be_written_leaves_the_sidecar_as_it_was(sheet: Sheet, tmp_path: Path) -> None:
    (tmp_path / "walk.png").mkdir()
    with pytest.raises(HalscopeError, match=r"walk\.png: cannot be written"):
        write_sheet(sheet, None, tmp_path / "walk.png")
    assert not (tmp_path / "walk.json").exists()
    (tmp_path / "walk.json").write_text("of another picture")
    with pytest.raises(HalscopeError, match=r"walk\.png: cannot be written"):
        write_sheet(sheet, None, tmp_path / "walk.png")
    assert (tmp_path / "walk.json").read_text() == "of another picture"


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_sheet(tmp_path / "none.png")
    with pytest.raises(UsageError, match="is a directory"):
        read_sheet(tmp_path)


_DEPTHS: tuple[TileDepth, ...] = (2, 4, 8)

origins = st.none() | st.builds(
    Origin,
    st.sampled_from(["hal", "raw", "lz2"]),
    st.integers(0, 0xFFFFFF),
    st.integers(0, 0xFFFF),
    st.sampled_from(["traced", "pointer", "adjacent", "content"]),
)


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    bpp = draw(st.sampled_from(_DEPTHS))
    palettes = draw(st.integers(1, min(8, 256 >> bpp)))
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    cells = draw(
        st.lists(
            st.builds(
                Cell,
                st.integers(0, columns * 8 - 8),
                st.integers(0, rows * 8 - 8),
                st.booleans(),
                st.booleans(),
                st.integers(0, palettes - 1),
                st.binary(min_size=8 * bpp, max_size=8 * bpp),
                origins,
                st.none() | st.integers(0, 0xFFFF),
            ),
            min_size=1,
            max_size=6,
            unique_by=lambda cell: cell.origin or object(),
        )
    )
    return Sheet(
        kind=draw(st.sampled_from(["sprite", "metasprite", "block"])),
        title=draw(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=20)),
        width=columns * 8,
        height=rows * 8,
        bpp=bpp,
        palettes=np.array(
            draw(st.lists(st.integers(0, 0x7FFF), min_size=palettes << bpp, max_size=palettes << bpp)), np.uint16
        ).reshape(palettes, -1),
        cells=tuple(cells),
        rom_sha256=draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
        rom_title="TEST",
    )


@pytest.mark.slow
@examples(30)
@given(sheets())
def test_every_sheet_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, sheet: Sheet) -> None:
    png = tmp_path_factory.mktemp("sheet") / "any.png"
    write_sheet(sheet, None, png)
    for keep in ("both", "sidecar", "chunk"):
        if keep == "sidecar":
            whole = png.read_bytes()
            png.write_bytes(without_text(whole))
        if keep == "chunk":
            png.write_bytes(whole)
            sidecar_path(png).unlink()
        edited = read_sheet(png)
        assert edited.sheet.cells == sheet.cells
        assert (edited.sheet.palettes == sheet.palettes).all()
        assert (edited.sheet.kind, edited.sheet.title, edited.sheet.bpp) == (sheet.kind, sheet.title, sheet.bpp)
        assert (edited.pixels == sheet.compose().pixels).all()
