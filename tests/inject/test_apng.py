"""An animated PNG comes back as its sheet: each frame in its field, however the program cropped and blended it."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from halscope.inject import Sheet, read_sheet, write_sheet
from halscope.inject.apng import parse
from halscope_hooks import ImageError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from support.pngs import RGB_ALPHA, SIGNATURE, chunk, header

FIELD = 32  # pixels: the sheet of `conftest.py` has a multiple of it


@pytest.fixture
def strip(sheet: Sheet, tmp_path: Path) -> Path:
    """A sheet on disk, with its sidecar."""
    png, _ = write_sheet(sheet, None, tmp_path / "strip.png")
    return png


def rgba_of(sheet: Sheet) -> NDArray[np.uint8]:
    pixels = sheet.composition.pixels
    return np.dstack([sheet.rgb[pixels], np.where(pixels % sheet.colours, 255, 0).astype(np.uint8)])


def fields_of(sheet: Sheet, rgba: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The fields of 32x8 pixels, row by row."""
    return [rgba[y : y + 8, x : x + FIELD] for y in range(0, sheet.height, 8) for x in range(0, sheet.width, FIELD)]


def recoloured(sheet: Sheet) -> NDArray[np.uint8]:
    """The sheet with all opaque pixels of each field in one of its colours."""
    rgba = rgba_of(sheet)
    for number, field in enumerate(fields_of(sheet, rgba)):
        field[field[:, :, 3] > 0, :3] = sheet.rgb[1 + number % (sheet.colours - 1)]
    return rgba


def data(rgba: NDArray[np.uint8]) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in rgba))


def control(number: int, width: int, height: int, left: int, top: int, disposal: int, blending: int) -> bytes:
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, left, top, 1, 10, disposal, blending))


def by_hand(fields: list[NDArray[np.uint8]], disposal: int, blending: int, *, hidden: bool = False) -> bytes:
    """An APNG from the specification; `hidden`: the default picture is not a frame."""
    height, width, _ = fields[0].shape
    body = header(width, height, 8, RGB_ALPHA) + chunk(b"acTL", struct.pack(">II", len(fields), 0))
    body += chunk(b"IDAT", data(np.zeros_like(fields[0]))) if hidden else b""
    sequence = 0
    for number, field in enumerate(fields):
        body += control(sequence, width, height, 0, 0, disposal, blending)
        sequence += 1
        if number == 0 and not hidden:
            body += chunk(b"IDAT", data(field))
        else:
            body += chunk(b"fdAT", struct.pack(">I", sequence) + data(field))
            sequence += 1
    return SIGNATURE + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("disposal", "blending", "hidden"), [(0, 0, False), (1, 0, True), (1, 1, False), (2, 0, False), (2, 1, True)]
)
def test_frames_become_fields(disposal: int, blending: int, hidden: bool, sheet: Sheet, strip: Path) -> None:
    wanted = recoloured(sheet)
    strip.write_bytes(by_hand(fields_of(sheet, wanted), disposal, blending, hidden=hidden))
    edited = read_sheet(strip)
    assert np.array_equal(sheet.rgb[edited.pixels][wanted[:, :, 3] > 0], wanted[wanted[:, :, 3] > 0][:, :3])
    assert not edited.pixels[wanted[:, :, 3] == 0].any()


def test_a_frame_may_be_a_part_that_is_drawn_over_the_one_before(sheet: Sheet, strip: Path) -> None:
    rgba = rgba_of(sheet)
    one = fields_of(sheet, rgba)[0]
    count = -(-len(sheet.cells) * 8 // FIELD)  # the fields with tiles; those of the last row have none
    same = [one] * count
    body = header(FIELD, 8, 8, RGB_ALPHA) + chunk(b"acTL", struct.pack(">II", count, 0))
    body += control(0, FIELD, 8, 0, 0, 0, 0) + chunk(b"IDAT", data(one))
    dot = np.zeros((1, 2, 4), np.uint8)
    dot[0, 1] = [*sheet.rgb[1], 255]  # the transparent pixel beside it leaves what is there
    for number in range(1, count):
        body += control(2 * number - 1, 2, 1, number % 30, 3, 2, 1)  # disposal: the frame before it comes back
        body += chunk(b"fdAT", struct.pack(">I", 2 * number) + data(dot))
        same[number] = one.copy()
        same[number][3, number % 30 + 1] = dot[0, 1]
    strip.write_bytes(SIGNATURE + body + chunk(b"IEND", b""))
    edited = read_sheet(strip)
    across = sheet.width // FIELD
    for number, field in enumerate(same):
        y, x = number // across * 8, number % across * FIELD
        pixels = edited.pixels[y : y + 8, x : x + FIELD]
        shown = field[:, :, 3] > 0
        assert np.array_equal(sheet.rgb[pixels][shown], field[shown][:, :3]), number
        assert not pixels[~shown].any()


def test_what_pillow_saves_is_read(sheet: Sheet, strip: Path) -> None:
    wanted = recoloured(sheet)
    drawn = [field for field in fields_of(sheet, wanted) if field[:, :, 3].any()]  # it leaves out equal ones
    assert len(drawn) < len(fields_of(sheet, wanted))
    first, *rest = [Image.fromarray(np.ascontiguousarray(field)) for field in drawn]
    first.save(strip, save_all=True, append_images=rest, duration=50, loop=0)
    assert np.array_equal(sheet.rgb[read_sheet(strip).pixels][wanted[:, :, 3] > 0], wanted[wanted[:, :, 3] > 0][:, :3])


def test_frames_that_do_not_fit_the_sheet_are_refused(sheet: Sheet, strip: Path) -> None:
    fields = fields_of(sheet, recoloured(sheet))
    for wrong, message in (
        (fields[:-1], f"{len(fields) - 1} frames, but its sheet has [0-9]+ fields of 32x8 with tiles"),
        ([field[:, :31] for field in fields], "frames of 31x8 pixels do not divide its sheet of"),
    ):
        strip.write_bytes(by_hand(wrong, 0, 0))
        with pytest.raises(ImageError, match=message):
            read_sheet(strip)
    whole = by_hand(fields, 0, 0)
    at = whole.index(b"fcTL", whole.index(b"IDAT")) + 4
    body = struct.pack(">IIIIIHHBB", 1, 32, 9, 0, 0, 1, 10, 0, 0)
    strip.write_bytes(whole[: at - 8] + chunk(b"fcTL", body) + whole[at + len(body) + 4 :])
    with pytest.raises(ImageError, match=r"a frame of 32x9 at \(0, 0\) is outside of its canvas"):
        read_sheet(strip)


@given(st.data())
def test_a_damaged_one_is_refused(data: st.DataObject) -> None:
    field = np.zeros((8, 8, 4), np.uint8)
    whole = bytearray(by_hand([field, field + 9], data.draw(st.integers(0, 3)), data.draw(st.integers(0, 2))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    stop = data.draw(st.integers(0, len(whole)))
    try:
        found = parse(bytes(whole[:stop]), "a.png")
    except ImageError:
        return
    assert found is None or found.frames


def test_a_plain_png_is_no_animation() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "PNG")
    assert parse(stream.getvalue(), "a.png") is None
    text = stream.getvalue()
    assert parse(text[:-12] + chunk(b"tEXt", b"a\0acTL") + text[-12:], "a.png") is None
