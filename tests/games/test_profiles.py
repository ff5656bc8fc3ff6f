"""The built-in profiles hold the known facts, and a game is found by hash, or by title and code."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from halscope.demo import truth
from halscope.games import code_at, match_game, profiles, table_entries
from halscope.games.match import ReadByte
from halscope_hooks import Decoder, GameProfile, PointerTable, UsageError
from hypothesis import given
from hypothesis import strategies as st

BY_ID = {profile.id: profile for profile in profiles()}

HAL_DECODERS = {
    "alcahest": [0x8087C6],
    "arcana": [0x808762],
    "earthbound": [0xC41A9E, 0xC419EA],
    "hals-hole-in-one-golf": [0x0089A6],
    "hyperzone": [0x0089E2],
    "itoi-no-bass-tsuri": [0x01DD8A, 0x01DEAA],
    "kirakira-kids": [0x8089DB],
    "kirby-super-star": [0x00889A],
    "kirbys-dream-course": [0x809F18, 0x809F1A],
    "kirbys-dream-land-3": [0x00AA55, 0x00AA63],
    "othello-world": [0x00CC48],
    "okamoto-ayako-golf": [0x00983B],
    "simcity-2000": [0xC10000],
    "special-tee-shot": [0x838E13],
    "sfc-box": [0x00889E],
    "vegas-stakes": [0x0087D7, 0x0087F2],
}


def nothing(_address: int) -> None:
    return None


def memory(**places: bytes) -> ReadByte:
    """A ROM with code at the addresses `aXXXXXX` and nothing elsewhere."""
    found = {int(name[1:], 16) + i: byte for name, data in places.items() for i, byte in enumerate(data)}
    return found.get


def targets(table: PointerTable, read: ReadByte) -> list[int]:
    return [entry.target for entry in table_entries(table, read)]


CODE = bytes.fromhex("c230a90080851285148516a9ff0785182220908060ea08e2")


def test_every_game_whose_decoder_is_known_has_a_profile() -> None:
    assert {name: [d.snes_address for d in BY_ID[name].decoders] for name in HAL_DECODERS} == HAL_DECODERS
    assert all({d.codec for d in BY_ID[name].decoders} == {"hal"} for name in HAL_DECODERS)
    assert [(d.snes_address, d.codec) for d in BY_ID["zelda-3"].decoders] == [(0x00E7DE, "lz1"), (0x02FC1F, "lz2")]
    assert [(d.snes_address, d.codec) for d in BY_ID["super-mario-world"].decoders] == [(0x00B87E, "lz2")]


@pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.id)
def test_each_profile_is_well_formed(profile: GameProfile) -> None:
    assert re.fullmatch("[a-z][a-z0-9-]*", profile.id)
    assert profile.name
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in profile.sha256)
    assert all(0 < len(title) <= 21 for title in profile.titles)
    assert profile.titles_sure <= bool(profile.titles)
    assert profile.mapping in (None, "lorom", "hirom", "sa1")
    assert len(profiles()) == len(BY_ID)


def test_the_demos_profile_is_what_its_build_says() -> None:
    facts, demo = truth(), BY_ID["halscope-demo"]
    (table,) = demo.tables
    assert table == PointerTable.plain("hal", facts["table"]["offset"] % 0x8000 | 0x8000, facts["table"]["count"])
    assert demo.decoders[0].snes_address == facts["decoder"]["snes_address"]
    assert demo.titles == (facts["rom"]["title"],)


def test_a_hash_goes_before_a_title() -> None:
    kirby, mario = BY_ID["kirby-super-star"], BY_ID["super-mario-world"]
    match = match_game(profiles(), kirby.titles[0], mario.sha256[0], nothing)
    assert match is not None
    assert (match.profile.id, match.by, match.decoders) == ("super-mario-world", "sha256", ())


def test_a_title_is_matched_as_a_pattern_and_with_case() -> None:
    def found(title: str) -> str | None:
        match = match_game(profiles(), title, "", nothing)
        return None if match is None else match.profile.id

    assert found("KIRBY SUPER DELUXE") == "kirby-super-star"
    assert found("Kirby's Dream Course") == "kirbys-dream-course"
    assert found("SPECIAL TEE SHOTPROTO") == "special-tee-shot"
    assert found("SIMCITY") is None, "no HAL game, and no profile claims it"
    assert found("SIMCITY 2000") == "simcity-2000"
    assert found("kirby super deluxe") is None
    assert found("") is None


def test_of_two_games_of_one_title_that_with_code_at_its_decoder_is_taken() -> None:
    one = GameProfile(id="one", name="One", titles=("SAME",), decoders=(Decoder(snes_address=0x8000, codec="hal"),))
    two = replace(one, id="two", decoders=(Decoder(snes_address=0x9000, codec="hal"),))
    match = match_game([one, two], "SAME", "", memory(a9000=CODE))
    assert match is not None
    assert (match.profile.id, match.decoders) == ("two", two.decoders)
    assert match_game([one, two], "SAME", "", nothing) is not None


@pytest.mark.parametrize(
    ("there", "code"),
    [(CODE, True), (bytes(24), False), (b"\xff" * 24, False), (b"\x60" + CODE[1:], False), (CODE[:23], False)],
)
def test_code_is_told_from_what_none_is(there: bytes, code: bool) -> None:
    assert code_at(memory(a008000=there), 0x008000) is code


def test_a_table_may_be_plain_split_or_of_words() -> None:
    rom = memory(a008000=bytes.fromhex("349280 789a81"), a00A000=b"\x34\x78", a00A010=b"\x92\x9a", a00A020=b"\x80\x81")
    assert list(targets(PointerTable.plain("hal", 0x8000, 2), rom)) == [0x809234, 0x819A78]
    split = PointerTable(codec="hal", count=2, low=0xA000, high=0xA010, bank=0xA020)
    assert list(targets(split, rom)) == [0x809234, 0x819A78]
    assert [entry[:3] for entry in table_entries(split, rom)] == [(0xA000, 0xA010, 0xA020), (0xA001, 0xA011, 0xA021)]
    assert table_entries(PointerTable.words("hal", 0x8000, 1, 0x84), rom) == [(0x8000, 0x8001, None, 0x849234)]
    assert list(targets(PointerTable.words("hal", 0x8000, 2, 0x84, stride=3), rom)) == [0x849234, 0x849A78]
    assert list(targets(PointerTable.plain("hal", 0x8003, 9), rom)) == [0x819A78], "the rest is outside the ROM"


@pytest.mark.parametrize(
    "wrong",
    [
        {"bank": None},
        {"bank": 2, "fixed_bank": 0x80},
        {"count": 0},
        {"stride": 0},
        {"low": -1},
        {"bank": None, "fixed_bank": 0x100},
        {"high": 1 << 24},
    ],
)
def test_a_table_that_cannot_be_one_is_refused(wrong: dict[str, int | None]) -> None:
    fields: dict[str, int | None] = {"count": 1, "low": 0, "high": 1, "bank": 2, "stride": 1}
    with pytest.raises(UsageError, match="pointer table"):
        PointerTable(codec="hal", **(fields | wrong))  # type: ignore[arg-type]  # wrong numbers are what is tested


@given(st.text(max_size=21), st.text(max_size=64), st.binary(max_size=64))
def test_any_title_and_any_rom_can_be_asked_about(title: str, digest: str, rom: bytes) -> None:
    read = memory(a008000=rom)
    match = match_game(profiles(), title, digest, read)
    assert match is None or match.profile in profiles()
    for profile in profiles():
        for table in profile.tables:
            assert all(0 <= target <= 0xFFFFFF for target in targets(table, read))


def test_the_page_names_every_game_with_its_title_and_decoders() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/games.md").read_text("utf-8")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in page.splitlines() if line.startswith("| ")}
    assert set(rows) - {"game"} == {profile.name for profile in profiles()}
    for profile in profiles():
        row = rows[profile.name]
        assert all(f"`{title}`" in row for title in profile.titles)
        assert ("(likely)" in row) == (bool(profile.titles) and not profile.titles_sure)
        addresses = [f"{d.snes_address >> 16:02X}:{d.snes_address & 0xFFFF:04X}" for d in profile.decoders]
        assert re.findall(r"`([0-9A-F]{2}:[0-9A-F]{4})`", row) == addresses
