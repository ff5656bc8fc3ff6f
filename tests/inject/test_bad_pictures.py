"""Pictures that are not edited sheets: one clear ImageError each, whatever the bytes."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from halscope.inject import Sheet, png, read_sheet, write_sheet
from halscope_hooks import ImageError, UsageError
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.examples import examples
from support.pngs import INDEXED, RGB, RGB_ALPHA, SIGNATURE, chunk, chunks_of, header, make_png, with_chunks

Break = Callable[[bytes], bytes]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def frames(count: int) -> list[Image.Image]:
    return [Image.new("RGB", (128, 24), (n * 40, 0, 0)) for n in range(count)]


def replaced(data: bytes, kind: bytes, body: bytes) -> bytes:
    return with_chunks(data, [(k, body if k == kind else b) for k, b in chunks_of(data)])


BAD: dict[str, tuple[Break, str]] = {
    "empty": (lambda data: b"", "is empty"),
    "one byte": (lambda data: b"\x89", "is not a PNG"),
    "text": (lambda data: b"hello, this is text", "is not a PNG"),
    "GIF": (lambda data: saved(frames(3)[0], "GIF", save_all=True, append_images=frames(3)[1:]), "is a GIF"),
    "JPEG": (
        lambda data: saved(frames(1)[0], "JPEG"),
        r"is a JPEG \(which changes colours\), not a PNG",
    ),
    "WebP": (lambda data: saved(frames(1)[0], "WEBP"), "is a WebP, not a PNG"),
    "APNG": (
        lambda data: saved(frames(3)[0], "PNG", save_all=True, append_images=frames(3)[1:]),
        "3 frames, but its sheet has 1 fields? of",
    ),
    "signature alone": (lambda data: SIGNATURE, "is truncated: it ends at byte 8"),
    "cut in half": (lambda data: data[: len(data) // 2], "is truncated or corrupt: the chunk at byte"),
    "no IEND": (lambda data: data[:-12], "is truncated: it ends at byte .* without an IEND chunk"),
    "wrong CRC": (lambda data: data[:-20] + bytes([data[-20] ^ 1]) + data[-19:], "has a wrong CRC"),
    "huge chunk": (lambda data: SIGNATURE + b"\x7f\xff\xff\xffIDAT" + bytes(50), "says 2147483647 bytes, "),
    "no IHDR": (lambda data: with_chunks(data, chunks_of(data)[1:]), "does not begin with an IHDR chunk"),
    "short IHDR": (lambda data: replaced(data, b"IHDR", bytes(5)), "its IHDR chunk is missing"),
    "no IDAT": (lambda data: with_chunks(data, [c for c in chunks_of(data) if c[0] != b"IDAT"]), "IDAT chunk is miss"),
    "odd header": (
        lambda data: replaced(data, b"IHDR", bytes([0, 0, 0, 128, 0, 0, 0, 24, 7, 9, 0, 0, 0])),
        "a kind of PNG that does not exist",
    ),
    "no size": (lambda data: replaced(data, b"IHDR", bytes(8) + b"\x08\x02\0\0\0"), "0x0 pixels, not an edit sheet"),
    "bomb": (
        lambda data: SIGNATURE + header(60000, 60000) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b""),
        "60000x60000 pixels, not an edit sheet's size",
    ),
    "palette missing": (
        lambda data: with_chunks(data, [c for c in chunks_of(data) if c[0] != b"PLTE"]),
        "an indexed PNG without a valid palette",
    ),
    "palette too short": (
        lambda data: replaced(data, b"PLTE", bytes(6)),
        "a pixel names colour [0-9]+ of 2",
    ),
    "no zlib": (lambda data: replaced(data, b"IDAT", b"junk" * 40), "its picture data cannot be unpacked"),
    "pixels missing": (
        lambda data: replaced(data, b"IDAT", zlib.compress(bytes(50))),
        "is truncated: 50 of [0-9]+ bytes of picture data",
    ),
    "unknown filter": (
        lambda data: replaced(data, b"IDAT", zlib.compress(b"\x09" * 5000)),
        "is corrupt",
    ),
    "twice as large": (
        lambda data: make_png(np.zeros((48, 256, 4), np.uint8), RGB_ALPHA),
        r"256x48 pixels, its sheet has 128x24; it was enlarged 2 times: scale it back",
    ),
    "another size": (
        lambda data: make_png(np.zeros((24, 120, 4), np.uint8), RGB_ALPHA),
        r"120x24 pixels, its sheet has 128x24; restore that size",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_bad_picture_gets_one_clear_line(sheet: Sheet, tmp_path: Path, name: str) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    make, message = BAD[name]
    path.write_bytes(make(path.read_bytes()))
    with pytest.raises(ImageError, match=message) as caught:
        read_sheet(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_of_many_megabytes_is_not_read(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    with path.open("r+b") as file:
        file.truncate(png.MAX_FILE_BYTES + 1)
    with pytest.raises(UsageError, match="larger than"):
        read_sheet(path)


def test_a_small_file_that_unpacks_to_much_more_than_its_picture_is_no_problem(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    path.write_bytes(replaced(path.read_bytes(), b"IDAT", zlib.compress(bytes(64 << 20), 9)))
    assert not read_sheet(path).pixels.any()


def test_a_chunk_that_unpacks_to_megabytes_is_refused(sheet: Sheet, tmp_path: Path) -> None:
    path, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    sidecar.unlink()
    body = b"halscope\0\1\0\0\0" + zlib.compress(b" " * (64 << 20), 9)
    path.write_bytes(replaced(path.read_bytes(), b"iTXt", body))
    with pytest.raises(ImageError, match=r"bytes of sheet data; at most 16777216"):
        read_sheet(path)


def test_two_chunks_that_differ_are_refused(sheet: Sheet, tmp_path: Path) -> None:
    path, sidecar = write_sheet(sheet, None, tmp_path / "walk.png")
    sidecar.unlink()
    chunks = chunks_of(path.read_bytes())
    chunks.insert(1, (b"tEXt", b"halscope\0{}"))
    path.write_bytes(with_chunks(path.read_bytes(), chunks))
    with pytest.raises(ImageError, match='2 different "halscope" chunks'):
        read_sheet(path)


def test_seventeen_colours_are_counted(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    pixels = sheet.compose().pixels
    pixels[0, :16] = np.arange(16)
    pixels[8, 20:24] = 16
    palette = np.concatenate([sheet.rgb, np.array([[0x12, 0x34, 0x56]], np.uint8)])
    path.write_bytes(make_png(pixels[:, :, None], INDEXED, palette=palette, transparency=b"\0"))
    with pytest.raises(
        ImageError,
        match=r"uses 17 colours, its palette holds 16 \(including transparent\); 4 pixels in 1 colour not in "
        r"the palette, the first at \(20, 8\): #123456, nearest is #",
    ):
        read_sheet(path)


def test_a_photograph_is_refused_and_taken_with_nearest(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    covered = np.zeros((24, 128, 1), bool)
    for cell in sheet.cells:
        covered[cell.y : cell.y + 8, cell.x : cell.x + 8] = True
    noise = np.random.default_rng(5).integers(0, 256, (24, 128, 3), np.uint8)
    path.write_bytes(make_png(np.dstack([noise, np.where(covered, 255, 0)]), RGB_ALPHA))
    with pytest.raises(ImageError, match=r"uses [0-9]+ colours, its palette holds 16"):
        read_sheet(path)
    assert set(np.unique(read_sheet(path, nearest=True).pixels[covered[:, :, 0]]).tolist()) == set(range(1, 16))


def test_a_flattened_background_is_explained(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    covered = np.zeros((24, 128), bool)
    for cell in sheet.cells:
        covered[cell.y : cell.y + 8, cell.x : cell.x + 8] = True
    pixels = sheet.compose().pixels
    picture = np.where((pixels == 0)[:, :, None], 77, sheet.rgb[pixels]).astype(np.uint8)
    picture[~covered] = sheet.rgb[0]
    path.write_bytes(make_png(picture, RGB))
    with pytest.raises(ImageError, match="most of them were transparent: save the picture with its transparency"):
        read_sheet(path)


def test_a_pixel_drawn_into_a_transparent_part_is_no_sign_of_a_flattened_picture(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    pixels = sheet.compose().pixels
    cell = sheet.cells[0]
    y, x = np.argwhere(pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] == 0)[0] + (cell.y, cell.x)
    picture = np.dstack([sheet.rgb[pixels], np.where(pixels, 255, 0)]).astype(np.uint8)
    picture[y, x] = (77, 77, 77, 255)
    path.write_bytes(make_png(picture, RGB_ALPHA))
    with pytest.raises(ImageError, match="1 pixel in 1 colour not in the palette") as raised:
        read_sheet(path)
    assert "transparency" not in str(raised.value)


@examples(60)
@given(st.data())
def test_no_bytes_at_all_raise_anything_but_image_errors(
    sheet: Sheet, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("bad") / "walk.png"
    write_sheet(sheet, None, path)
    body = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="keep CRCs right"):
        chunks = chunks_of(bytes(body))
        number = data.draw(st.integers(0, len(chunks) - 1))
        inner = bytearray(chunks[number][1])
        for _ in range(data.draw(st.integers(1, 4))):
            if inner:
                inner[data.draw(st.integers(0, len(inner) - 1))] = data.draw(st.integers(0, 255))
        chunks[number] = (chunks[number][0], bytes(inner))
        body = bytearray(with_chunks(bytes(body), chunks))
    else:
        for _ in range(data.draw(st.integers(0, 4))):
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        body = body[: data.draw(st.integers(0, len(body)))]
    path.write_bytes(bytes(body))
    try:
        edited = read_sheet(path)
    except ImageError:
        return
    assert edited.pixels.shape == (sheet.height, sheet.width)
    assert int(edited.pixels.max()) < 16
