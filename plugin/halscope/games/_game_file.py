"""Game files: a game profile as TOML. The built-in profiles and a person's own `game.toml` have the same form.

docs/reference/game-file.md describes the fields.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Literal

from halscope_hooks import (
    EDGE_RULES,
    MOST_FIGURE_SIDE,
    PLANE_ORDERS,
    Decoder,
    FormatError,
    GameProfile,
    PointerInput,
    PointerTable,
    Transform,
    UsageError,
)

import halscope._fields as read
from halscope._fields import Fields, InvalidFieldError
from halscope._files import read_limited

FILE_NAME: Final = "game.toml"
"""Name of the game file that is found beside a ROM."""

MAPPINGS: Final = ("lorom", "hirom", "exlorom", "exhirom", "sa1")
"""Names of the mappings, as `halscope.rom.mapping` has them; a test compares them."""

_MOST_BYTES: Final = 1 << 18
_DEPTHS: Final[tuple[Literal[2, 4, 8], ...]] = (2, 4, 8)
_MOST_ITEMS: Final = 256
_ADVICE: Final = "correct the file; docs/reference/game-file.md describes its fields"
_ADDRESS: Final = re.compile(r"\$?([0-9A-Fa-f]{2}):([0-9A-Fa-f]{4})")


def load_game(path: Path) -> GameProfile:
    """Read a game file.

    Raises:
        UsageError: It cannot be read, or is larger than 256 KiB.
        FormatError: It is not a valid game file; the message names the field.
    """
    return parse_game(read_limited(path, _MOST_BYTES, "game file"), str(path), path.stem)


def parse_game(text: bytes, source: str, default_id: str) -> GameProfile:
    """Parse a game file.

    Args:
        text: The file's contents.
        source: Name of the file, for messages.
        default_id: Id of the profile if the file gives none.

    Raises:
        FormatError: It is not a valid game file; the message names the field.
    """
    game = read.toml_document(text, source, FormatError, _ADVICE)
    texts = read.listed(_MOST_ITEMS, _line, least=0)
    try:
        profile = GameProfile(
            id=game.take_or("id", _identifier, _identifier_from(default_id)),
            name=game.take("name", _line),
            other_names=tuple(game.take_or("other_names", texts, [])),
            titles=tuple(game.take_or("titles", texts, [])),
            titles_sure=game.take_or("titles_sure", read.flag, False),
            sha256=tuple(game.take_or("sha256", read.listed(_MOST_ITEMS, read.sha256, least=0), [])),
            mapping=game.take_or("mapping", read.choice(MAPPINGS), None),
            decoders=tuple(_decoder(one) for one in game.each_or("decoders", _MOST_ITEMS)),
            tables=tuple(_table(one) for one in game.each_or("tables", _MOST_ITEMS)),
            transforms=tuple(_transform(one) for one in game.each_or("transforms", _MOST_ITEMS)),
        )
    except UsageError as error:  # two fields that contradict each other
        raise FormatError(f"{source}: {error}; {_ADVICE}") from None
    game.finish()
    return profile


def _decoder(fields: Fields) -> Decoder:
    pointer = fields.inner("pointer") if "pointer" in fields else None
    decoder = Decoder(
        snes_address=fields.take("address", _address),
        codec=fields.take("codec", read.codec_name),
        region=fields.take_or("region", _line, ""),
        edge=fields.take_or("edge", read.choice(EDGE_RULES), None),
        pointer=None if pointer is None else PointerInput(pointer.take("address", _line), pointer.take("bank", _line)),
        transform=fields.take_or("transform", _transform_name, None),
    )
    if pointer is not None:
        pointer.finish()
    fields.finish()
    return decoder


def _table(fields: Fields) -> PointerTable:
    codec, count = fields.take("codec", read.codec_name), fields.take("count", read.whole(1, 0x10000))
    transform = fields.take_or("transform", _transform_name, None)
    fixed_bank = fields.take_or("fixed_bank", read.whole(0, 0xFF), None)
    if "address" in fields:
        low = fields.take("address", _address)
        high, bank = low + 1, None if fixed_bank is not None else low + 2
        stride = 3 if fixed_bank is None else 2
    else:
        low, high = fields.take("low", _address), fields.take("high", _address)
        bank, stride = fields.take_or("bank", _address, None), 1
    table = PointerTable(
        codec=codec,
        count=count,
        low=low,
        high=high,
        bank=bank,
        stride=fields.take_or("stride", read.whole(1, 0x10000), stride),
        fixed_bank=fixed_bank,
        transform=transform,
    )
    fields.finish()
    return table


def _transform(fields: Fields) -> Transform:
    name, bpp = fields.take("name", _transform_name), fields.take("bpp", read.choice(_DEPTHS))
    transform = Transform.planar(
        name,
        bpp,
        fields.take_or("planes", _planes, [(plane,) for plane in range(bpp)]),
        order=fields.take_or("order", read.choice(PLANE_ORDERS), "pairs"),
        rows=fields.take_or("rows", read.listed(8, read.whole(0, 7)), range(8)),
        figure=fields.take_or("tiles", _figure, ((0,),)),
    )
    fields.finish()
    return transform


def _planes(value: Any) -> list[tuple[int, ...]]:
    """Accept a list with an item for each plane in VRAM: a stored plane, or a list of them."""
    plane = read.whole(0, 7)
    several = read.listed(3, plane, least=0)
    try:
        return read.listed(8, lambda item: tuple(several(item)) if isinstance(item, list) else (plane(item),))(value)
    except InvalidFieldError:
        raise InvalidFieldError(
            "a list with the stored plane of each plane in VRAM: a number from 0 to 7, a list of up to three, or []"
        ) from None


def _figure(value: Any) -> tuple[tuple[int, ...], ...]:
    """Accept the rows of a rectangle of tiles, each a list of numbers in the order of storage."""
    most = MOST_FIGURE_SIDE
    rows = read.listed(most, read.listed(most, read.whole(0, most * most - 1)))(value)
    return tuple(tuple(row) for row in rows)


def _address(value: Any) -> int:
    """Accept "BB:AAAA" with or without a dollar sign, or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFFFF:
        return value
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidFieldError('a SNES address: "BB:AAAA", or a number from 0x000000 to 0xFFFFFF')
    return int(match[1] + match[2], 16)


def _line(value: Any) -> str:
    text = read.text(value)
    if not text:
        raise InvalidFieldError("1 to 200 printable characters")
    return text


_identifier = read.matching(re.compile(r"[a-z0-9][a-z0-9-]{0,63}"), "lower-case letters, digits and hyphens")
_transform_name = read.matching(re.compile(r"[a-z0-9][a-z0-9-]{0,31}"), "a transform's name, such as 3bpp-low")


def _identifier_from(name: str) -> str:
    """Return an id made of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64] or "game"
