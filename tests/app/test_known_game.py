"""A profile improves the index where the ROM confirms it; without one, or with a wrong one, the index still works."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope import hal
from halscope.app import Plugins, Workspace
from halscope.codecs import lz
from halscope.codecs.simcity import SIMCITY
from halscope.demo import rom_path, truth
from halscope.rom.image import Rom
from halscope_hooks import Codec, Decoder, GameProfile, PointerTable, hookimpl
from support.drawn_art import animation, planar
from support.roms import make_rom

AT = 0x12345
"""Where the made ROM keeps its one block: no neighbour, and nothing found by itself that leads there."""

POINTER = 0x0100
CODE = bytes.fromhex("c230a90080851285148516a9ff0785182220908060ea08e2")


class Games:
    """A plugin with these profiles."""

    def __init__(self, *games: GameProfile) -> None:
        self.games = games

    @hookimpl
    def halscope_games(self) -> list[GameProfile]:
        return list(self.games)


def made_rom(*, split: bool = False) -> Rom:
    """One block in noise, and one pointer to it: three bytes together, or one byte in each of three places."""
    image = make_rom(0x80000, title=b"A MADE GAME", seed=3)
    frames = animation(np.random.default_rng(1), 32, 4)
    packed = hal.encode(b"".join(planar(frame, 4) for frame in frames))
    image[AT : AT + len(packed)] = packed
    address = Rom.from_bytes(image).to_snes(AT).to_bytes(3, "little")
    for byte, place in enumerate((POINTER, POINTER + 0x200, POINTER + 0x400) if split else range(POINTER, POINTER + 3)):
        image[place] = address[byte]
    image[0x1000 : 0x1000 + len(CODE)] = CODE
    return Rom.from_bytes(image, "made.sfc")


LONE = GameProfile(
    id="made",
    name="A made game",
    titles=("A MADE GAME",),
    decoders=(Decoder(snes_address=0x009000, codec="hal"),),
    tables=(PointerTable.plain("hal", 0x8000 + POINTER, 1),),
)
SPLIT = replace(
    LONE,
    tables=(
        PointerTable(codec="hal", count=1, low=0x8000 + POINTER, high=0x8200 + POINTER, bank=0x8400 + POINTER),
    ),
)  # fmt: skip


def start_of(rom: Rom, *games: GameProfile) -> str | None:
    """How the block's start is known; `None` where one of its twins, which hold the same tiles, looks better."""
    blocks = Workspace(rom, Plugins([Games(*games)])).blocks(min_score=0)
    return next((block.start for block in blocks if (block.offset, block.codec) == (AT, "hal")), None)


@pytest.mark.parametrize(("split", "profile"), [(False, LONE), (True, SPLIT)])
def test_a_lone_or_split_pointer_proves_a_start_that_our_own_search_cannot(split: bool, profile: GameProfile) -> None:
    rom = made_rom(split=split)
    assert start_of(rom) in (None, "content")
    assert start_of(rom, profile) == "pointer"
    (reference,) = Workspace(rom, Plugins([Games(profile)])).index().references("hal", AT)
    apart = 0x200 if split else 1
    assert reference.parts == (POINTER, POINTER + apart, POINTER + 2 * apart)
    assert (reference.shape, reference.offset) == ("parallel" if split else "long", POINTER)
    assert reference.address == rom.to_snes(AT)
    assert reference.table.known


@pytest.mark.parametrize(
    "wrong",
    [
        replace(LONE, titles=("ANOTHER GAME",)),
        replace(LONE, mapping="hirom"),
        replace(LONE, decoders=()),
        replace(LONE, decoders=(Decoder(snes_address=0x7E0000, codec="hal"),)),
        replace(LONE, tables=()),
        replace(LONE, tables=(PointerTable.plain("hal", 0x8000 + POINTER + 1, 1),)),
        replace(LONE, tables=(PointerTable.plain("hal", 0x8000 + POINTER, 64),)),
        replace(LONE, tables=(PointerTable.plain("hal", 0xFFFFFD, 3),)),
        replace(LONE, tables=(PointerTable.plain("no-such-codec", 0x8000 + POINTER, 1),)),
    ],
)
def test_a_profile_that_the_rom_does_not_bear_out_proves_nothing(wrong: GameProfile) -> None:
    assert start_of(made_rom(), wrong) in (None, "content")


def test_a_wrong_profile_leaves_the_demo_as_it_is_without_one() -> None:
    with rom_path() as path:
        rom = Rom.load(path)

    class NoGames(Plugins):
        def games(self) -> tuple[GameProfile, ...]:
            return ()

    wrong = replace(
        LONE,
        titles=("*",),
        decoders=(Decoder(snes_address=0x008152, codec="lz1"),),
        tables=(PointerTable.plain("lz1", 0x8AB7, 49), PointerTable.plain("hal", 0x9000, 200)),
    )
    without = Workspace(rom, NoGames())
    misled = Workspace(rom, Plugins([Games(wrong)]))
    assert without.game is None
    assert misled.game is not None
    assert misled.game.match.profile is wrong
    assert len(misled.game.notes) == 2
    assert misled.blocks() == without.blocks()
    blocks = {block.offset: block.start for block in without.blocks()}
    assert all(blocks[block["offset"]] == "pointer" for block in truth()["blocks"])


def test_the_demos_own_profile_knows_every_block() -> None:
    with rom_path() as path:
        workspace = Workspace.open(path)
    game = workspace.game
    assert game is not None
    assert game.match.profile.name == "Halscope's demo"
    assert game.starts["hal"].tolist() == sorted(block["offset"] for block in truth()["blocks"])
    assert game.notes == ()
    described = game.describe()
    assert described["decoders"] == [{"address": "00:8152", "codec": "hal", "edge": "wrap"}]
    assert described["known_starts"] == {"hal": len(truth()["blocks"])}


def test_a_known_hash_says_which_of_our_codecs_to_look_for_and_keeps_third_party_ones() -> None:
    rom = made_rom()
    sure = replace(LONE, sha256=(rom.sha256,))
    everything = {codec.name for codec in Plugins().codecs()} - {"simcity"}
    assert {codec.name for codec in Workspace(rom, Plugins([Games(sure)])).codecs()} == {"hal"}
    assert {codec.name for codec in Workspace(rom, Plugins([Games(LONE)])).codecs()} == everything


def test_the_codec_of_a_single_game_is_looked_for_only_where_a_profile_names_it() -> None:
    rom = made_rom()
    named = replace(LONE, decoders=(*LONE.decoders, Decoder(snes_address=0x009000, codec="simcity")))
    for profiles, expected in (((), False), ((LONE,), False), ((named,), True)):
        searched = {codec.name for codec in Workspace(rom, Plugins([Games(*profiles)])).codecs()}
        assert ("simcity" in searched) is expected
        assert searched >= {"hal", "lz1", "lz2"}
    assert Workspace(rom, Plugins()).codec("simcity").name == "simcity"


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    path = tmp_path / "noise.sfc"
    path.write_bytes(make_rom(0x10000))
    assert Workspace.open(path).game is None


def rom_with_split_table(title: bytes, codec: Codec, tables: tuple[int, int, int], count: int) -> tuple[Rom, list[int]]:
    """A ROM with a decoder's code, a table in three places, and blocks that are not HAL; and the blocks' offsets."""
    image = make_rom(0x80000, title=title, seed=4)
    for decoder in (0x387E, 0x10DD):
        image[decoder : decoder + len(CODE)] = CODE
    rng = np.random.default_rng(2)
    offsets, at = [], 0x8000
    for _ in range(count):
        packed = codec.encode(b"".join(planar(frame, 4) for frame in animation(rng, 16, 8)))
        if at // 0x8000 != (at + len(packed)) // 0x8000:
            at = (at // 0x8000 + 1) * 0x8000
        image[at : at + len(packed)] = packed
        offsets.append(at)
        at += len(packed) + int(rng.integers(1, 40))
    blank = Rom.from_bytes(image)
    for number, offset in enumerate(offsets):
        for table, byte in zip(tables, blank.to_snes(offset).to_bytes(3, "little"), strict=True):
            image[table + number] = byte
    return Rom.from_bytes(image, "made.sfc"), sorted(offsets)


def proven_by_pointers(workspace: Workspace, codec: str) -> list[int]:
    return sorted(block.offset for block in workspace.blocks() if (block.codec, block.start) == (codec, "pointer"))


def test_the_shipped_profile_of_a_split_table_proves_every_block_of_it() -> None:
    """A ROM laid out as Super Mario World is: three tables of bytes at $00:B992, and blocks that are not HAL."""
    rom, offsets = rom_with_split_table(b"SUPER MARIOWORLD", lz.LZ2, (0x3992, 0x39C4, 0x39F6), 50)
    workspace = Workspace(rom, Plugins())
    assert workspace.game is not None
    assert (workspace.game.match.profile.id, workspace.game.notes) == ("super-mario-world", ())
    assert workspace.game.starts["lz2"].tolist() == offsets
    assert proven_by_pointers(workspace, "lz2") == offsets


def test_simcity_has_no_profile_and_the_game_file_of_the_page_proves_its_blocks(tmp_path: Path) -> None:
    rom, offsets = rom_with_split_table(b"SIMCITY", SIMCITY, (0x185B, 0x1862, 0x1869), 7)
    assert Workspace(rom, Plugins()).game is None, "SimCity is no HAL game"
    page = (Path(__file__).parents[2] / "docs/reference/lz-format.md").read_text("utf-8")
    (printed,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "game.toml").write_text(printed)
    (tmp_path / "made.sfc").write_bytes(rom.data.tobytes())
    workspace = Workspace.open(tmp_path / "made.sfc")
    assert workspace.game is not None
    assert workspace.game.notes == ()
    assert workspace.game.edges == {"simcity": "next-bank"}
    assert workspace.game.starts["simcity"].tolist() == offsets
    assert proven_by_pointers(workspace, "simcity") == offsets
