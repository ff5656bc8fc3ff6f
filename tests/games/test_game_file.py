"""A game is described in a few lines of TOML; the built-in profiles have the same form."""

from __future__ import annotations

import importlib.resources
import re
import string
from dataclasses import replace
from pathlib import Path

import pytest
from halscope.games import load_game, parse_game, profiles
from halscope.games._game_file import MAPPINGS
from halscope.rom.mapping import Mapping
from halscope_hooks import Decoder, FormatError, GameProfile, PointerInput, PointerTable, Transform, UsageError
from hypothesis import given
from hypothesis import strategies as st

PAGE = Path(__file__).parents[2] / "docs/reference/game-file.md"
KNOWN = sorted(
    (file for file in importlib.resources.files("halscope.games").joinpath("known").iterdir()), key=lambda f: f.name
)


def parsed(text: str) -> GameProfile:
    return parse_game(text.encode(), "game.toml", "game")


@pytest.mark.parametrize("file", KNOWN, ids=lambda file: file.name)
def test_each_built_in_profile_is_a_game_file(file: Path) -> None:
    profile = parse_game(file.read_bytes(), file.name, file.name.removesuffix(".toml"))
    assert f"{profile.id}.toml" == file.name
    assert profile in profiles()


def test_the_names_of_the_mappings_are_the_rooms() -> None:
    assert set(MAPPINGS) == {mapping.value for mapping in Mapping}


def test_the_example_on_the_page_is_read_as_it_says() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    profile = parsed(example)
    assert (profile.name, profile.id, profile.titles, profile.mapping) == ("My Game", "game", ("MY GAME*",), "lorom")
    assert profile.decoders == (
        Decoder(
            snes_address=0x00B87E,
            codec="lz2",
            edge="next-bank",
            pointer=PointerInput("dp+8A", "dp+8C"),
            transform="3bpp-low",
        ),
    )
    assert profile.tables == (
        PointerTable(codec="lz2", count=50, low=0xB992, high=0xB9C4, bank=0xB9F6),
        replace(PointerTable.plain("lz2", 0x0D8000, 8), transform="boss"),
    )
    planes = [(0,), (1,), (2,), (0, 1, 2)]
    assert profile.transforms == (Transform.planar("boss", 4, planes, order="planes", figure=((0, 2), (1, 3))),)


def test_the_page_describes_every_field_and_no_other() -> None:
    text = PAGE.read_text("utf-8")
    tables = text.split("## The game")[1]
    known = set(
        re.findall(r"`([a-z_0-9]+)`", " ".join(line.split("|")[1] for line in tables.splitlines() if "|" in line))
    )
    known |= {"codec", "count", "stride", "transform"}  # in the sentence above the table of forms
    source = Path(__file__).parents[2].joinpath("plugin/halscope/games/_game_file.py").read_text("utf-8")
    read = set(re.findall(r'(?:take|take_or|each_or|inner)\("([a-z_0-9]+)"', source)) - {
        "decoders",
        "tables",
        "transforms",
    }
    assert known - {"address", "bank"} == read - {"address", "bank"}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('address = "00:8000"', PointerTable.plain("hal", 0x8000, 4)),
        ("address = 0x8000\nstride = 5", PointerTable.plain("hal", 0x8000, 4, stride=5)),
        ('address = "$00:8000"\nfixed_bank = 0x84', PointerTable.words("hal", 0x8000, 4, 0x84)),
        (
            'low = "00:8000"\nhigh = "00:8010"\nbank = "00:8020"',
            PointerTable(codec="hal", count=4, low=0x8000, high=0x8010, bank=0x8020),
        ),
        (
            'low = "00:8000"\nhigh = "00:8010"\nfixed_bank = 4',
            PointerTable(codec="hal", count=4, low=0x8000, high=0x8010, fixed_bank=4),
        ),
    ],
)
def test_a_table_has_several_forms(table: str, expected: PointerTable) -> None:
    assert parsed(f'name = "x"\n[[tables]]\ncodec = "hal"\ncount = 4\n{table}').tables == (expected,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not valid TOML"),
        ("", '"name" is missing'),
        ('name = ""', "1 to 200 printable characters"),
        ('name = "x"\ncolour = 1', 'unknown field "colour"'),
        ('name = "x"\nmapping = "loram"', "one of lorom, hirom"),
        ('name = "x"\nsha256 = ["ABC"]', "64 lower-case hex digits"),
        ('name = "x"\ndecoders = 5', '"decoders" is 5'),
        ('name = "x"\n[[decoders]]\ncodec = "hal"', r'"decoders\[0\].address" is missing'),
        ('name = "x"\n[[decoders]]\ncodec = "hal"\naddress = "B87E"', "a SNES address"),
        ('name = "x"\n[[decoders]]\ncodec = "hal"\naddress = 0\nedge = "over"', "one of next-bank, wrap, linear"),
        (
            'name = "x"\n[[decoders]]\ncodec = "hal"\naddress = 0\npointer = { address = "dp+8a", bank = "a" }',
            "a place of a pointer",
        ),
        ('name = "x"\n[[tables]]\ncodec = "hal"\ncount = 0\naddress = 0', "a whole number from 1"),
        ('name = "x"\n[[tables]]\ncodec = "hal"\ncount = 1\nlow = 0\nhigh = 1', "either a table of banks or one fixed"),
        ('name = "x"\n[[tables]]\ncodec = "hal"\ncount = 1\naddress = 0xFFFFFF', "24-bit"),
        ('name = "x"\n[[tables]]\ncodec = "hal"\ncount = 1\naddress = 1979-05-27', "1979-05-27"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parsed(text)
    assert str(error.value).startswith("game.toml: ")
    assert "\n" not in str(error.value)


def test_a_file_is_read_with_its_name_as_id(tmp_path: Path) -> None:
    path = tmp_path / "My Great Game (v1).toml"
    path.write_text('name = "x"')
    assert load_game(path).id == "my-great-game-v1"
    with pytest.raises(UsageError, match="no such file"):
        load_game(tmp_path / "none.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=6,
)


def toml(value: object) -> str:
    """TOML of a value; what TOML cannot say becomes text that is not TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


@given(
    st.dictionaries(
        st.sampled_from(["name", "id", "titles", "titles_sure", "sha256", "mapping", "decoders", "tables", "more"]),
        VALUES,
    )
)
def test_any_values_give_a_profile_or_a_format_error(fields: dict[str, object]) -> None:
    text = "\n".join(f"{name} = {toml(value)}" for name, value in fields.items())
    try:
        profile = parsed(text)
    except FormatError as error:
        assert str(error).startswith("game.toml: ")  # noqa: PT017 - either outcome is right
    else:
        assert profile.name


@given(st.binary(max_size=300))
def test_any_bytes_give_a_profile_or_a_format_error(data: bytes) -> None:
    try:
        assert parse_game(data, "x", "x").name
    except FormatError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


def with_transform(fields: str) -> str:
    return f'name = "x"\n[[transforms]]\nname = "boss"\nbpp = 4\n{fields}\n'


def test_a_transform_that_says_only_its_depth_stores_tiles_as_they_are() -> None:
    (transform,) = parsed(with_transform("")).transforms
    assert not transform.changes_bytes
    assert (transform.name, transform.depth, transform.stored_bytes, transform.figure) == ("boss", 4, 32, ((0,),))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("planes = [0, 1, 2, 8]", '"transforms[0].planes" is [0, 1, 2, 8], expected a list with the stored plane of'),
        ("planes = [0, 1, 2, [0, 1, 2, 0]]", "a number from 0 to 7, a list of up to three, or []"),
        ("planes = [0, 1]", "planes are given for 2 bits per pixel; it has 4"),
        ("planes = [0, 2, 3, []]", "the stored plane 1 is by itself in no plane of VRAM"),
        ('order = "columns"', "expected one of pairs, planes, rows"),
        ("rows = [0, 1, 2, 3, 4, 5, 6, 6]", "rows are not the numbers 0 to 7"),
        ("tiles = [[0, 1], [2]]", "form a rectangle"),
        ("tiles = [0, 1]", "expected a list whose item 0 is a list of 1 to 16"),
        ("bytes = 3", 'unknown field "transforms[0].bytes"'),
    ],
)
def test_a_transform_that_cannot_be_is_refused_by_its_field(fields: str, message: str) -> None:
    with pytest.raises(FormatError, match=re.escape(message)):
        parsed(with_transform(fields))


def test_names_of_transforms_are_not_given_twice() -> None:
    with pytest.raises(FormatError, match="there is a transform '3bpp-low' already"):
        parsed(with_transform("").replace("boss", "3bpp-low"))
    with pytest.raises(FormatError, match="there is a transform 'boss' already"):
        parsed(with_transform('[[transforms]]\nname = "boss"\nbpp = 2'))
    many = "".join(f'[[transforms]]\nname = "t{number}"\nbpp = 2\n' for number in range(33))
    with pytest.raises(FormatError, match="at most 32 transforms"):
        parsed(f'name = "x"\n{many}')
