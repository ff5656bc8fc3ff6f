"""Palette files: every format there and back, files as programs write them, and bytes that are none."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.palettes import (
    FORMATS,
    PALETTE_SUFFIXES,
    PaletteFormat,
    from_rgb,
    palette_bytes,
    parse_palette,
    read_palette,
    to_rgb,
    write_palette,
)
from halscope_hooks import FormatError, HalscopeError, UsageError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

COLOURS = arrays.arrays(np.uint16, st.integers(1, 256), elements=st.integers(0, 0x7FFF))
SUFFIXES: dict[PaletteFormat, str] = {
    "jasc": ".pal",
    "rgb24": ".pal",
    "bgr555": ".cgram",
    "tpl": ".tpl",
    "act": ".act",
    "gpl": ".gpl",
    "spritepal": ".pal.json",
    "png": ".png",
}
BLUE_GREEN = [0x0000, 0x7C00, 0x03E0, 0x001F]


def png_of(pixels: np.ndarray, mode: str = "RGB") -> bytes:
    output = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(output, "PNG")
    return output.getvalue()


@given(colours=COLOURS, side=st.sampled_from([1, 7, 8]), mode=st.sampled_from(["RGB", "RGBA"]))
def test_a_picture_of_squares_is_a_palette(colours: np.ndarray, side: int, mode: str) -> None:
    """As programs for pictures save one, and as the clipboard has it."""
    row = to_rgb(colours)[None]
    found = parse_palette(png_of(row.repeat(side, 0).repeat(side, 1), mode), "p").colours().tolist()
    assert found == colours.tolist()


def test_of_an_indexed_picture_the_colours_count_that_its_pixels_have() -> None:
    image = Image.fromarray(np.array([[0, 3], [2, 2]], np.uint8), "P")
    image.putpalette(to_rgb(np.arange(256, dtype=np.uint16)).tobytes())
    output = io.BytesIO()
    image.save(output, "PNG")
    assert parse_palette(output.getvalue(), "hero.png").colours().tolist() == [0, 1, 2, 3]


@given(colours=COLOURS, kind=st.sampled_from(FORMATS), title=st.text(max_size=20))
def test_every_format_brings_the_colours_back(colours: np.ndarray, kind: PaletteFormat, title: str) -> None:
    data = palette_bytes(colours, kind, title)
    assert parse_palette(data, "p", kind).colours().tolist() == colours.tolist()
    if kind != "rgb24":
        assert parse_palette(data, f"p{SUFFIXES[kind]}").format == kind


@given(data=st.binary(max_size=800), suffix=st.sampled_from(PALETTE_SUFFIXES), kind=st.sampled_from([None, *FORMATS]))
def test_bytes_that_are_no_palette_raise_our_errors_alone(data: bytes, suffix: str, kind: PaletteFormat | None) -> None:
    with contextlib.suppress(HalscopeError):
        palette = parse_palette(data, f"p{suffix}", kind)
        palette.colours(nearest=True)
        assert 1 <= len(palette.rgb) <= 256


TEXT = st.lists(
    st.sampled_from(
        [
            "JASC-PAL",
            "0100",
            "GIMP Palette",
            "Name: a:b",
            "Columns: 4",
            "#",
            "",
            " 1 2 3",
            "255 255 255 0\tx",
            "9 9",
            "3",
        ]
    ),
    max_size=12,
)


@given(lines=TEXT, end=st.sampled_from(["\n", "\r\n", "\r"]), suffix=st.sampled_from([".pal", ".gpl"]))
def test_lines_in_any_order_raise_our_errors_alone(lines: list[str], end: str, suffix: str) -> None:
    with contextlib.suppress(HalscopeError):
        parse_palette(end.join(lines).encode(), f"p{suffix}")


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["palette", "colors", "name"]), inner, max_size=3)
        ),
    )
)
def test_json_of_any_shape_raises_our_errors_alone(document: object) -> None:
    with contextlib.suppress(HalscopeError):
        parse_palette(json.dumps(document).encode(), "p.pal.json")


FOUR = bytes([0, 0, 0, 0, 0, 248, 0, 255, 0, 255, 0, 0])
AS_WRITTEN = {
    "gimp.gpl": b"GIMP Palette\nName: Kirby\nColumns: 16\n#\n"
    b"  0   0   0\tblack\n  0   0 255\tblue: dark\n  0 255   0\n255   0   0\tUntitled\n",
    "gimp_without_last_newline.gpl": b"GIMP Palette\n#\n0 0 0\n0 0 255\n0 255 0\n255 0 0",
    "aseprite.gpl": b"GIMP Palette\nChannels: RGBA\n#\n"
    b"  0   0   0   0\tUntitled\n  0   0 255 255\tx\n  0 255   0 255\tx\n255   0   0 255\tx\n",
    "crlf.gpl": b"\xef\xbb\xbfGIMP Palette\r\nName: n\r\n#\r\n0 0 0 a\r\n0 0 248 b\r\n0 248 0 c\r\n248 0 0 d\r\n",
    "aseprite.pal": b"JASC-PAL\n0100\n4\n0 0 0\n0 0 255\n0 255 0\n255 0 0\n",
    "alpha.pal": b"JASC-PAL\r\n0100\r\n4\r\n0 0 0 0\r\n0 0 255 255\r\n0 255 0 255\r\n255 0 0 255",
    "raw.pal": FOUR,
    "words.pal": bytes([0, 0, 0, 0x7C, 0xE0, 3, 0x1F, 0]),
    "rgb.tpl": b"TPL\0" + FOUR,
    "few.act": FOUR,
    "counted.act": FOUR.ljust(768, b"\1") + bytes([0, 4, 0xFF, 0xFF]),
    "flat.pal.json": b'{"name": "x", "colors": [[0,0,0],[0,0,255],[0,255,0],[255,0,0]]}',
    "nested.pal.json": b'{"format_version": "1.0", "palette": {"name": "x", "colors": '
    b"[[0,0,0],[0,0,248],[0,248,0],[248,0,0]]}}",
}


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_files_as_programs_write_them_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(AS_WRITTEN[name])
    assert read_palette(path).colours().tolist() == BLUE_GREEN


def test_raw_bytes_are_told_apart_by_their_size_and_content() -> None:
    colours = np.array([0x1234, 0x7FFF, 0x0421], np.uint16)
    assert parse_palette(palette_bytes(colours, "rgb24"), "p.pal").format == "rgb24"  # nine bytes
    sixteen = np.arange(1, 17, dtype=np.uint16) * np.uint16(1999)
    assert parse_palette(palette_bytes(sixteen, "bgr555"), "p.pal").format == "bgr555"  # 32 bytes
    assert (
        parse_palette(palette_bytes(np.arange(24, dtype=np.uint16) * np.uint16(1361), "bgr555"), "p.pal").format
        == "bgr555"
    )
    bright = np.full(16, 0x7FFF, np.uint16)  # 48 bytes with bit 15, as BGR555 has none
    assert parse_palette(palette_bytes(bright, "rgb24"), "p.pal").format == "rgb24"


def test_what_could_be_both_is_asked_and_the_answer_is_taken() -> None:
    both = bytes(48)
    with pytest.raises(FormatError, match=r"16 colours in RGB24 or 24 in BGR555.*--format rgb24 or --format bgr555"):
        parse_palette(both, "p.pal")
    assert len(parse_palette(both, "p.pal", "rgb24").rgb) == 16
    assert len(parse_palette(both, "p.pal", "bgr555").rgb) == 24


def test_the_number_of_colours_tells_raw_formats_apart_where_it_is_known() -> None:
    both = bytes(48)
    assert parse_palette(both, "p.pal", count=16).format == "rgb24"
    assert parse_palette(both, "p.pal", count=24).format == "bgr555"
    with pytest.raises(FormatError, match="16 colours in RGB24 or 24 in BGR555"):
        parse_palette(both, "p.pal", count=20)


def test_a_colour_that_the_console_does_not_have_is_named_with_its_index_and_both_values() -> None:
    palette = parse_palette(b"GIMP Palette\n0 0 0\n200 201 200\n8 16 248\n", "p.gpl")
    with pytest.raises(
        FormatError, match=r"1 of 3 colours does not fit: index 1 is #c8c9c8 \(200,201,200\), the nearest is #c6c6c6"
    ):
        palette.colours()
    assert palette.colours(nearest=True).tolist() == [0, 24 << 10 | 24 << 5 | 24, 31 << 10 | 2 << 5 | 1]


@given(values=arrays.arrays(np.uint8, (5, 3)))
def test_nearest_colours_are_the_nearest(values: np.ndarray) -> None:
    found = to_rgb(from_rgb(values, "p", nearest=True)).astype(int)
    levels = np.array([level << 3 | level >> 2 for level in range(32)])
    exact = (np.isin(values, np.arange(32) << 3) | np.isin(values, levels)).all(axis=1)
    best = np.abs(values.astype(int)[..., None] - levels).min(axis=-1)
    assert (np.abs(found - values)[~exact] == best[~exact]).all()


def test_both_ways_of_writing_a_level_in_8_bits_are_the_same_level() -> None:
    levels = np.arange(32)
    assert from_rgb(np.stack([levels << 3] * 3, 1).astype(np.uint8), "p").tolist() == [n * 0x421 for n in range(32)]
    assert from_rgb(np.stack([levels << 3 | levels >> 2] * 3, 1).astype(np.uint8), "p").tolist() == [
        n * 0x421 for n in range(32)
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("p.gpl", b"", "first line"),
        ("p.gpl", b"GIMP Palette\n1 2\n", "line 2: three numbers"),
        ("p.gpl", b"GIMP Palette\n1 2 256\n", "256 is more than 255"),
        ("p.gpl", b"GIMP Palette\n", "0 colours"),
        ("p.pal", b"JASC-PAL\n0100\n2\n1 2 3\n", "announces 2 colours and has 1"),
        ("p.pal", b"RIFF\0\0\0\0PAL data", "RIFF"),
        ("p.pal", bytes(1025), "neither"),
        ("p.tpl", b"TPL\1\1\2\3", "NES"),
        ("p.tpl", b"TPL\7\1\2\3", "is 7"),
        ("p.act", bytes(1000), "768 or 772"),
        ("p.cgram", bytes(513), "2 for each"),
        ("p.pal.json", b"{", "not JSON"),
        ("p.pal.json", b"[" * 100000, "not JSON"),
        ("p.pal.json", b'{"colors": [[1, 2, true]]}', "colour 0"),
        ("p.png", b"\x89PNG\r\n\x1a\n", "no PNG, or is damaged"),
        ("p.png", png_of(np.arange(17 * 16 * 3, dtype=np.uint8).reshape(17, 16, 3)), "picture of 16x17 pixels"),
    ],
)
def test_damage_is_said(name: str, data: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        parse_palette(data, name)


def test_another_suffix_is_refused_and_a_named_format_is_taken(tmp_path: Path) -> None:
    colours = np.arange(16, dtype=np.uint16)
    with pytest.raises(UsageError, match="--format"):
        write_palette(tmp_path / "p.txt", colours)
    assert write_palette(tmp_path / "p.txt", colours, "gpl", "t") == "gpl"
    assert read_palette(tmp_path / "p.txt").title == "t"  # says itself what it is
    (tmp_path / "q.txt").write_bytes(bytes(32))
    with pytest.raises(UsageError, match="palettes end in"):
        read_palette(tmp_path / "q.txt")
    with pytest.raises(UsageError, match="256"):
        palette_bytes(np.zeros(257, np.uint16), "act")
