"""Read and write PNG. The structure of an untrusted file is checked before a decoder sees its pixels."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope_hooks import ImageError
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from halscope._files import read_limited
from halscope.inject.metadata import MAX_JSON_BYTES
from halscope.inject.model import MAX_PIXELS, MAX_SIDE

KEYWORD: Final = "halscope"
MAX_FILE_BYTES: Final = 32 << 20

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_OTHER_FILES: Final = {
    b"GIF8": "a GIF",
    b"\xff\xd8\xff": "a JPEG (which changes colours)",
    b"BM": "a BMP",
    b"RIFF": "a WebP",
    b"PK\x03\x04": "a ZIP archive or an editor's project file",
    b"8BPS": "a Photoshop project",
    b"gimp": "a GIMP project",
}
_GREY, _RGB, _INDEXED, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_SAMPLES: Final = {_GREY: 1, _RGB: 3, _INDEXED: 1, _GREY_ALPHA: 2, _RGB_ALPHA: 4}
_DEPTHS: Final = {
    _GREY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _INDEXED: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _RGB_ALPHA: (8, 16),
}
_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row, step in x and y of the seven interlace passes (PNG specification, 8.2)."""


@dataclass(frozen=True, slots=True)
class PngFile:
    """A PNG whose structure has been checked. Its pixels are still compressed.

    Args:
        width: Width in pixels.
        height: Height in pixels.
        depth: Bits per sample.
        colour_type: As in IHDR.
        interlaced: Whether it is Adam7 interlaced.
        header: The 13 bytes of IHDR.
        palette: The bytes of PLTE.
        transparency: The bytes of tRNS.
        packed: All IDAT bytes, concatenated.
        texts: Type and body of every text chunk with our keyword.
    """

    width: int
    height: int
    depth: int
    colour_type: int
    interlaced: bool
    header: bytes
    palette: bytes
    transparency: bytes
    packed: bytes = field(repr=False)
    texts: tuple[tuple[bytes, bytes], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """A decoded picture.

    Args:
        rgb: uint8[height, width, 3].
        opaque: bool[height, width]: alpha is 128 or more.
        indices: uint8[height, width] of an indexed file, or `None`.
        palette: uint8[n, 3] of an indexed file, or `None`.
        clear_entry: Whether an entry of the palette is transparent, used or not.
    """

    rgb: NDArray[np.uint8]
    opaque: NDArray[np.bool_]
    indices: NDArray[np.uint8] | None = None
    palette: NDArray[np.uint8] | None = None
    clear_entry: bool = False


def encode(pixels: NDArray[np.uint8], rgb: NDArray[np.uint8], transparent: NDArray[np.bool_], text: str) -> bytes:
    """Encode an indexed PNG.

    Args:
        pixels: uint8[height, width], indices.
        rgb: uint8[n, 3], the palette in order.
        transparent: bool[n], whether each entry is transparent (tRNS).
        text: ASCII, stored as an iTXt chunk with the keyword "halscope".
    """
    image = Image.fromarray(np.ascontiguousarray(pixels), "L")
    image.putpalette(np.ascontiguousarray(rgb).tobytes())
    info = PngInfo()
    info.add_itxt(KEYWORD, text, zip=True)
    out = io.BytesIO()
    alpha = np.where(transparent, 0, 255).astype(np.uint8).tobytes()
    image.save(out, "PNG", transparency=alpha, pnginfo=info)
    return out.getvalue()


def parse(data: bytes, source: str) -> PngFile:
    """Check a PNG's structure: signature, chunk lengths and CRCs, header, and a single picture of a sane size.

    Raises:
        ImageError: It is not a PNG, or is truncated, corrupt, animated or too large.
    """
    return parse_chunks(chunks(data, source), source)


def parse_chunks(read: Iterable[tuple[bytes, bytes]], source: str) -> PngFile:
    """Like `parse`, of chunks: their types and bodies."""
    header = palette = transparency = b""
    packed: list[bytes] = []
    texts: list[tuple[bytes, bytes]] = []
    for kind, body in read:
        if not header and kind != b"IHDR":
            raise corrupt(source, "it does not begin with an IHDR chunk")
        match kind:
            case b"IHDR":
                header = body
            case b"PLTE":
                palette = body
            case b"tRNS":
                transparency = body
            case b"IDAT":
                packed.append(body)
            case b"acTL":
                raise ImageError(f"{source}: is an animated PNG; save a single frame as PNG")
            case b"tEXt" | b"zTXt" | b"iTXt" if body.startswith(KEYWORD.encode() + b"\0"):
                texts.append((kind, body))
    if len(header) != 13 or not packed:
        missing = "IDAT" if len(header) == 13 else "IHDR"
        raise corrupt(source, f"its {missing} chunk is missing or damaged")
    width, height, depth, colour_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if depth not in _DEPTHS.get(colour_type, ()) or compression or filtering or interlace > 1:
        raise ImageError(
            f"{source}: is corrupt: its header describes a kind of PNG that does not exist; save it again as PNG"
        )
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MAX_PIXELS:
        raise ImageError(f"{source}: {width}x{height} pixels, not an edit sheet's size; use the edited sheet itself")
    if colour_type == _INDEXED and (not palette or len(palette) % 3 or len(palette) > 768):
        raise corrupt(source, "an indexed PNG without a valid palette")
    return PngFile(
        width, height, depth, colour_type, interlace == 1, header, palette, transparency, b"".join(packed), tuple(texts)
    )


def read_picture(path: Path) -> Pixels:
    """Read the pixels of any PNG. Raises UsageError if it cannot be read, ImageError if it is none or is damaged."""
    return decode(parse(read_limited(path, MAX_FILE_BYTES, "PNG"), str(path)), str(path))


def sheet_text(png: PngFile, source: str) -> bytes | None:
    """Return the sheet's JSON from the PNG, or `None`. Some editors convert the iTXt chunk to tEXt or zTXt.

    Raises:
        ImageError: The chunk is damaged or too large, or there are several different ones.
    """
    found = {_text_body(kind, body, source) for kind, body in png.texts}
    if len(found) > 1:
        raise ImageError(f'{source}: holds {len(found)} different "{KEYWORD}" chunks; export the sheet again')
    return found.pop() if found else None


def decode(png: PngFile, source: str) -> Pixels:
    """Decode the pixels of any bit depth and colour type, interlaced or not. 16-bit samples keep their high byte.

    Raises:
        ImageError: The compressed data is damaged or ends early.
    """
    _check_packed(png, source)
    # The decoder only gets the critical chunks, so no profile, text or time stamp can upset it. Transparency is applied
    # here, in the same way for all colour types.
    palette = _chunk(b"PLTE", png.palette) if png.colour_type == _INDEXED else b""
    clean = _SIGNATURE + _chunk(b"IHDR", png.header) + palette + _chunk(b"IDAT", png.packed) + _chunk(b"IEND", b"")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(clean), formats=["PNG"]) as image:
                image.load()
                raw = np.asarray(image)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Warning) as error:
        raise corrupt(source, str(error)) from None
    except Image.DecompressionBombError as error:
        raise ImageError(f"{source}: {error}") from None
    return _shape(png, raw, source)


def _shape(png: PngFile, raw: NDArray[Any], source: str) -> Pixels:
    """Convert the decoder's output for any colour type to RGB, opacity and indices."""
    if png.colour_type == _INDEXED:
        indices = raw.astype(np.uint8)
        palette = np.frombuffer(png.palette, np.uint8).reshape(-1, 3)
        if int(indices.max()) >= len(palette):
            raise ImageError(
                f"{source}: is corrupt: a pixel names colour {indices.max()} of {len(palette)}; save it again"
            )
        alpha = np.full(len(palette), 255, np.uint8)
        given = np.frombuffer(png.transparency, np.uint8)[: len(palette)]
        alpha[: len(given)] = given
        return Pixels(palette[indices], alpha[indices] >= 128, indices, palette, bool((alpha < 128).any()))
    if png.colour_type in (_GREY, _GREY_ALPHA) and raw.dtype == np.bool_:
        raw = raw.astype(np.uint8) * 255
    if raw.dtype != np.uint8:
        raw = raw >> 8  # the decoder returns 16-bit grey unchanged, but only the high byte of other 16-bit samples
    samples = raw.astype(np.uint8).reshape(png.height, png.width, -1)
    if png.colour_type in (_GREY_ALPHA, _RGB_ALPHA):
        opaque = samples[:, :, -1] >= 128
        samples = samples[:, :, :-1]
    else:
        opaque = np.ones((png.height, png.width), np.bool_)
        size = 2 * samples.shape[2]
        if len(png.transparency) >= size:  # tRNS holds one transparent colour, 16 bits per sample
            key = np.frombuffer(png.transparency[:size], ">u2").astype(np.int64)
            key = key >> 8 if png.depth == 16 else key * 255 // ((1 << png.depth) - 1)
            opaque = (samples != key).any(axis=2)
    return Pixels(np.ascontiguousarray(np.broadcast_to(samples, (png.height, png.width, 3))), opaque)


def chunks(data: bytes, source: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield every chunk up to IEND after checking its length and CRC."""
    if not data.startswith(_SIGNATURE):
        what = next((name for magic, name in _OTHER_FILES.items() if data.startswith(magic)), None)
        if not data:
            raise ImageError(f"{source}: is empty; save it again as PNG")
        raise ImageError(f"{source}: is {what}, not a PNG; save it as PNG" if what else f"{source}: is not a PNG")
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length > len(data) - at - 12:
            raise ImageError(
                f"{source}: is truncated or corrupt: the chunk at byte {at} says {length} bytes, "
                f"{len(data) - at - 12} are left; save it again as PNG"
            )
        body = data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        if crc != zlib.crc32(body, zlib.crc32(kind)):
            raise corrupt(source, f"the chunk at byte {at} has a wrong CRC")
        if kind == b"IEND":
            return
        yield kind, body
        at += 12 + length
    raise ImageError(f"{source}: is truncated: it ends at byte {len(data)} without an IEND chunk; save it again as PNG")


def corrupt(source: str, what: str) -> ImageError:
    """Return the error for a damaged file."""
    return ImageError(f"{source}: is corrupt: {what}; save it again as PNG")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def _check_packed(png: PngFile, source: str) -> None:
    """Check that the data holds as many bytes as the header promises: a decoder would fill the rest with zeros."""
    bits = _SAMPLES[png.colour_type] * png.depth
    passes = _ADAM7 if png.interlaced else ((0, 0, 1, 1),)
    size = 0
    for left, top, step_x, step_y in passes:
        columns, rows = -(-(png.width - left) // step_x), -(-(png.height - top) // step_y)
        if columns > 0 and rows > 0:
            size += rows * (1 + (columns * bits + 7) // 8)
    try:
        unpacked = len(zlib.decompressobj().decompress(png.packed, size))
    except zlib.error as error:
        raise ImageError(
            f"{source}: is corrupt: its picture data cannot be unpacked ({error}); save it again"
        ) from None
    if unpacked < size:
        raise ImageError(f"{source}: is truncated: {unpacked} of {size} bytes of picture data; save it again as PNG")


def _text_body(kind: bytes, body: bytes, source: str) -> bytes:
    """Return the text of a tEXt, zTXt or iTXt chunk, decompressed up to a limit."""
    rest = body[len(KEYWORD) + 1 :]
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = rest[:1] == b"\1"
        parts = rest[2:].split(b"\0", 2)  # language, translated keyword, text
        if len(parts) != 3:
            raise ImageError(f'{source}: its "{KEYWORD}" chunk is damaged; export the sheet again')
        rest = parts[2]
    elif packed:
        rest = rest[1:]  # the compression method, always 0
    if not packed:
        return rest
    try:
        return zlib.decompressobj().decompress(rest, MAX_JSON_BYTES + 1)
    except zlib.error as error:
        raise ImageError(f'{source}: its "{KEYWORD}" chunk is damaged ({error}); export the sheet again') from None
