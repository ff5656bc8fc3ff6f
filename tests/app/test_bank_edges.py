"""Bank edges are a rule of the game's decoder: blocks across one are found, decoded and edited where it reads on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import Workspace, lz
from halscope.app import BlockOptions, Plugins, extract_blocks
from halscope.cli import main
from halscope.codecs.lz import LZ2
from halscope.games import profiles
from halscope.inject import EditedSheet, apply_patch, sheet_from_block, to_patch
from halscope.rom.edges import as_read, crossing, first_edge, is_contiguous, search_window
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope_hooks import (
    EDGE_RULES,
    CodecError,
    EdgeRule,
    GameProfile,
    InjectError,
    StartEvidence,
    hookimpl,
)
from hypothesis import given
from hypothesis import strategies as st
from support.checksums import fix
from support.drawn_art import animation, planar
from support.planning import plan_edit
from support.roms import make_rom

CODE = bytes.fromhex("c230a90080851285148516a9ff0785182220908060ea08e2")
MARIO = next(profile for profile in profiles() if profile.id == "super-mario-world")
TABLES = (0x3992, 0x39C4, 0x39F6)  # $00:B992, $00:B9C4, $00:B9F6: low bytes, high bytes, banks
BLOCKS = 50
BLANKED = 30
WRAPPED_BLANKED = 60


@dataclass(frozen=True)
class Game:
    """A ROM laid out as Super Mario World is: fifty blocks without gaps, some across the edge of a bank."""

    image: bytes
    offsets: list[int]
    sizes: list[int]

    @property
    def across(self) -> list[int]:
        """Offsets of the blocks across an edge."""
        return [at for at, size in zip(self.offsets, self.sizes, strict=True) if at // 0x8000 != (at + size) // 0x8000]


@dataclass
class Games:
    """A plugin with these profiles, which are asked before the built-in ones."""

    profiles: tuple[GameProfile, ...]

    @hookimpl(tryfirst=True)
    def halscope_games(self) -> list[GameProfile]:
        return list(self.profiles)


@pytest.fixture(scope="module")
def game() -> Game:
    image = make_rom(0x80000, title=b"SUPER MARIOWORLD", seed=4)
    image[0x387E : 0x387E + len(CODE)] = CODE
    rng = np.random.default_rng(2)
    offsets, sizes, at = [], [], 0x10000
    for _ in range(BLOCKS):
        packed = lz.encode(b"".join(planar(frame, 4) for frame in animation(rng, 40, 24)), format="lz2")
        image[at : at + len(packed)] = packed
        offsets.append(at)
        sizes.append(len(packed))
        at += len(packed)
    for number, offset in enumerate(offsets):
        address = offset // 0x8000 << 16 | offset % 0x8000 | 0x8000
        for table, byte in zip(TABLES, address.to_bytes(3, "little"), strict=True):
            image[table + number] = byte
    made = Game(bytes(fix(image, 0x7FC0)), offsets, sizes)
    assert len(made.across) >= 3
    return made


def workspace(game: Game, edge: EdgeRule | None) -> Workspace:
    (decoder,) = MARIO.decoders
    profile = replace(MARIO, id="made", sha256=(), decoders=(replace(decoder, edge=edge),))
    return Workspace(Rom.from_bytes(game.image, "made.sfc"), Plugins([Games((profile,))]))


def test_the_shipped_profiles_know_the_rules_that_disassemblies_show() -> None:
    rules = {profile.id: {decoder.edge for decoder in profile.decoders} for profile in profiles()}
    assert rules["super-mario-world"] == rules["zelda-3"] == {"next-bank"}
    assert rules["earthbound"] == rules["kirby-super-star"] == {"linear"}
    assert rules["halscope-demo"] == {"wrap"}
    assert rules["arcana"] == {None}


@pytest.mark.parametrize("edge", ["next-bank", "linear", None])
def test_blocks_across_an_edge_are_found(game: Game, edge: EdgeRule | None) -> None:
    made = workspace(game, edge)
    assert made.game is not None
    assert made.game.notes == ()
    found = {block.offset: block for block in made.blocks() if block.codec == "lz2"}
    assert set(found) >= set(game.offsets)
    assert all(found[offset].start == "pointer" for offset in game.offsets)
    assert {offset for offset, block in found.items() if block.crosses is not None} == set(game.across)


def test_a_decoder_that_wraps_reads_no_block_that_goes_on_in_the_next_bank(game: Game) -> None:
    made = workspace(game, "wrap")
    # Another codec may read something there, which the table's pointer then leads to.
    found = {block.offset for block in made.blocks(min_score=0) if block.codec == "lz2"}
    for offset in found.intersection(game.across):  # its pointer leads to what happens to be at the bank's beginning
        true = LZ2.decode(game.image, offset).data
        assert made.rom.decode(LZ2, offset).data.tobytes() != true.tobytes()
    assert found >= set(game.offsets) - set(game.across)
    assert made.index().rom.edges == {"lz2": "wrap"}


@pytest.fixture(scope="module")
def wrapping() -> Game:
    """The game, packed for a decoder that wraps: blocks one after the other within each bank, one across its end."""
    image = make_rom(0x80000, title=b"SUPER MARIOWORLD", seed=4)
    image[0x387E : 0x387E + len(CODE)] = CODE
    rng = np.random.default_rng(2)
    offsets, sizes = [], []
    for bank in (0x10000, 0x18000, 0x20000, 0x28000, 0x30000):
        at = 0x7000
        for _ in range(10):
            packed = lz.encode(b"".join(planar(frame, 4) for frame in animation(rng, 40, 12)), format="lz2")
            for number, byte in enumerate(packed):
                image[bank + (at + number) % 0x8000] = byte
            offsets.append(bank + at)
            sizes.append(len(packed))
            at = (at + len(packed)) % 0x8000
    for number, offset in enumerate(offsets):
        address = offset // 0x8000 << 16 | offset % 0x8000 | 0x8000
        for table, part in zip(TABLES, address.to_bytes(3, "little"), strict=True):
            image[table + number] = part
    return Game(bytes(fix(image, Mapping.LOROM.header_offset)), offsets, sizes)


def test_blocks_that_wrap_are_found_where_the_decoder_wraps(wrapping: Game) -> None:
    assert len(wrapping.across) == 5
    made = workspace(wrapping, "wrap")
    assert made.game is not None
    assert made.game.notes == ()
    found = {block.offset: block for block in made.blocks() if block.codec == "lz2"}
    assert set(found) >= set(wrapping.offsets)
    assert all(found[offset].start == "pointer" for offset in wrapping.offsets)
    assert {offset for offset, block in found.items() if block.crosses is not None} == set(wrapping.across)
    for offset in wrapping.across:
        data = made.rom.decode(LZ2, offset).data
        vram = np.zeros(0x10000, np.uint8)
        vram[: min(data.size, 0x8000)] = data[:0x8000]
        origins = made.index().locate_vram(vram)
        telling = [tile for tile in range(data.size // 32) if origins.informative[tile]]
        assert all(origins.at(32 * tile)[0].block_offset == offset for tile in telling)
        assert made.index().references("lz2", offset)


def test_blocks_that_wrap_are_found_without_pointers_too(wrapping: Game) -> None:
    rom = replace(Rom.from_bytes(wrapping.image), edges={"lz2": "wrap"})
    index = RomIndex.build(rom, [LZ2])
    found = {int(block["offset"]) for block in index.blocks if block["score"] >= 0.5}
    assert len(found & set(wrapping.across)) >= 4
    across = [row for row in index.blocks if rom.crossed_edge(int(row["offset"]), int(row["packed_size"]))]
    assert len([row for row in across if row["score"] >= 0.5]) <= 5
    contiguous = RomIndex.build(replace(rom, edges={"lz2": "next-bank"}), [LZ2])
    assert not {int(block["offset"]) for block in contiguous.blocks} & set(wrapping.across)


def test_a_block_that_wraps_is_edited_in_both_its_parts(wrapping: Game) -> None:
    for offset in wrapping.across:
        before = workspace(wrapping, "wrap").rom
        after = replace(
            before, data=np.frombuffer(edited(wrapping, "wrap", offset, "pointer", WRAPPED_BLANKED), np.uint8)
        )
        data, old = after.decode(LZ2, offset).data, before.decode(LZ2, offset).data
        assert not data[: 32 * WRAPPED_BLANKED].any()
        assert (data[32 * WRAPPED_BLANKED :] == old[32 * WRAPPED_BLANKED :]).all()
        others = [other for other in wrapping.offsets if other != offset]
        assert all((after.decode(LZ2, at).data == before.decode(LZ2, at).data).all() for at in others)
        changed = np.flatnonzero(after.data != before.data)
        edge = (offset // 0x8000 + 1) * 0x8000
        assert (changed < edge).all()
        assert ((changed >= edge - 0x8000) | (changed // 0x10 == 0x7FD)).all(), "the bank, and the checksum"


def test_where_the_rule_is_unknown_both_are_tried(
    wrapping: Game, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom = Rom.from_bytes(wrapping.image)
    only_wrapped = 0
    for offset in wrapping.across:
        try:
            LZ2.decode(rom.data, offset)
        except CodecError:
            only_wrapped += 1
        else:
            continue
        expected = replace(rom, edges={"lz2": "wrap"}).decode(LZ2, offset)
        stream = rom.read_stream(LZ2, offset)
        assert (stream.block.data == expected.data).all()
        assert [begin for begin, _ in stream.ranges] == [offset, offset // 0x8000 * 0x8000]
        image = bytearray(wrapping.image)
        image[0x7FC0:0x7FD5] = b"ANOTHER GAME         "
        (tmp_path / "game.sfc").write_bytes(image)
        call = ("decompress", str(tmp_path / "game.sfc"), hex(offset), "-o", str(tmp_path / "out"), "--codec", "lz2")
        assert main(call) == 0
        assert "no stream goes on in the file, so the beginning of the bank was read" in capsys.readouterr().err
        assert (tmp_path / "out").read_bytes() == expected.data.tobytes()
        sheet = sheet_from_block(rom, LZ2, offset, start="pointer")
        pixels = sheet.compose().pixels
        pixels[:] = 0
        plan = plan_edit(rom, [LZ2], EditedSheet(sheet, pixels, "block.png"))
        (note,) = [note for note in plan.notes if "bank edge" in note]
        assert "and was read on at the beginning of the bank; how the game's decoder reads on is not known" in note
    assert only_wrapped


def test_without_a_rule_only_a_pointer_proves_a_block_across_an_edge(game: Game) -> None:
    class NoGames(Plugins):
        def games(self) -> tuple[GameProfile, ...]:
            return ()

    pointed = Workspace(Rom.from_bytes(game.image, "made.sfc"), NoGames())
    assert {block.offset for block in pointed.blocks() if block.crosses is not None} >= set(game.across)
    image = bytearray(game.image)
    for table in TABLES:
        image[table : table + len(game.offsets)] = bytes(len(game.offsets))
    made = Workspace(Rom.from_bytes(bytes(fix(image, Mapping.LOROM.header_offset)), "made.sfc"), NoGames())
    assert all(block.crosses is None for block in made.blocks(min_score=0))
    assert any(stream.offset in game.across for stream in made.every_stream("lz2"))


def edited(game: Game, edge: EdgeRule | None, offset: int, start: StartEvidence, blanked: int = BLANKED) -> bytes:
    """The ROM with the first tiles of a block blanked, which leaves it smaller."""
    made = workspace(game, edge)
    sheet = sheet_from_block(made.rom, LZ2, offset, start=start)
    pixels = sheet.compose().pixels
    for cell in sheet.cells[:blanked]:
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = 0
    plan = plan_edit(made.rom, [LZ2], EditedSheet(sheet, pixels, "block.png"))
    return apply_patch(made.rom, to_patch(plan))


@pytest.mark.parametrize("edge", ["next-bank", None])
def test_a_block_across_an_edge_is_edited(game: Game, edge: EdgeRule | None) -> None:
    for offset in game.across:
        data = LZ2.decode(edited(game, edge, offset, "pointer"), offset).data
        before = LZ2.decode(game.image, offset).data
        assert not data[: 32 * BLANKED].any()
        assert before[: 32 * BLANKED].any()
        assert (data[32 * BLANKED :] == before[32 * BLANKED :]).all()


def test_a_block_that_the_game_cannot_read_is_not_edited(game: Game) -> None:
    offset = game.across[0]
    with pytest.raises(InjectError, match="it is not known whether the game reads on"):
        edited(game, None, offset, "content")
    assert edited(game, "next-bank", game.across[1], "pointer")
    with pytest.raises(InjectError, match=r"lz2 stream at|no lz2 stream"):
        edited(game, "wrap", offset, "pointer")


def test_decompress_says_that_a_block_crosses(game: Game, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom, out = tmp_path / "game.sfc", tmp_path / "out"
    offset = game.across[0]
    for title, said in ((b"SUPER MARIOWORLD     ", False), (b"ANOTHER GAME         ", True)):
        image = bytearray(game.image)
        image[0x7FC0:0x7FD5] = title
        rom.write_bytes(image)
        assert main(["decompress", str(rom), hex(offset), "-o", str(out), "--codec", "lz2", "--json"]) == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out)["crosses"] == (offset // 0x8000 + 1) * 0x8000
        assert ("rule of this game's decoder is not known" in captured.err) == said
        assert out.read_bytes() == LZ2.decode(game.image, offset).data.tobytes()


def extracted(rom: Path, offset: int, out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """Extract a block; return what the JSON, and what the text says of how it was read across an edge."""
    call = ["extract", str(rom), hex(offset), "--codec", "lz2", "--overwrite", "--out", str(out)]
    assert main([*call, "--json"]) == 0
    (sheet,) = json.loads(capsys.readouterr().out)["sheets"]
    assert main(call) == 0
    line = capsys.readouterr().out.splitlines()[0]
    found = {key: sheet[key] for key in ("crosses", "wrapped", "edge_rule") if key in sheet}
    return found, line.partition(" bank edge at ")[2].partition(", ")[2].partition(";")[0]


def test_extract_says_how_a_block_was_read_across_an_edge(
    game: Game, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, offset = tmp_path / "game.sfc", game.across[0]
    file.write_bytes(game.image)
    assert extracted(file, offset, tmp_path / "out", capsys) == (
        {"crosses": (offset // 0x8000 + 1) * 0x8000, "wrapped": False, "edge_rule": "next-bank"},
        "read on in the file by a decoder whose rule is next-bank",
    )
    inside = next(at for at in game.offsets if at not in game.across)
    assert extracted(file, inside, tmp_path / "out", capsys) == ({"crosses": None}, "")


def test_extract_says_that_a_block_was_read_around_its_bank(wrapping: Game, tmp_path: Path) -> None:
    offset = wrapping.across[0]
    options = BlockOptions(codec="lz2")
    (sheet,) = extract_blocks(workspace(wrapping, "wrap"), [offset], tmp_path, options, overwrite=False)
    assert sheet.places.endswith("read on at the beginning of the bank by a decoder whose rule is wrap")
    assert (sheet.describe()["wrapped"], sheet.describe()["edge_rule"]) == (True, "wrap")


PACKED = LZ2.encode(np.random.default_rng(8).bytes(600))


@pytest.mark.parametrize(
    ("mapping", "edge", "second"),
    [
        (Mapping.LOROM, "next-bank", 0x18000),
        (Mapping.LOROM, "linear", 0x18000),
        (Mapping.LOROM, "wrap", 0x10000),
        (Mapping.HIROM, "linear", 0x20000),
        (Mapping.HIROM, "next-bank", 0x20000),
        (Mapping.HIROM, "wrap", 0x10000),
    ],
)
def test_a_stream_is_read_on_where_its_decoder_reads_on(mapping: Mapping, edge: EdgeRule, second: int) -> None:
    window = mapping.window
    offset = 0x10000 + window - 100
    image = make_rom(0x80000, mapping)
    image[offset : offset + 100] = PACKED[:100]
    image[second : second + len(PACKED) - 100] = PACKED[100:]
    rom = replace(Rom.from_bytes(image), edges={"lz2": edge})
    block = rom.decode(LZ2, offset)
    assert block.data.tobytes() == LZ2.decode(PACKED).data.tobytes()
    assert (block.offset, block.consumed) == (offset, len(PACKED))
    assert rom.crossed_edge(offset, block.consumed) == 0x10000 + window
    if edge != "wrap":
        with pytest.raises(CodecError):
            replace(rom, edges={"lz2": "wrap"}).decode(LZ2, offset)


def test_a_stream_that_ends_before_the_edge_needs_no_rule() -> None:
    image = make_rom(0x80000)
    image[0x10000 : 0x10000 + len(PACKED)] = PACKED
    for edge in EDGE_RULES:
        assert replace(Rom.from_bytes(image), edges={"lz2": edge}).decode(LZ2, 0x10000).consumed == len(PACKED)


@given(
    st.sampled_from(list(Mapping)),
    st.sampled_from([None, *EDGE_RULES]),
    st.integers(0, 0x2FFFF),
    st.integers(1, 0x10000),
)
def test_every_rule_reads_the_same_bytes_up_to_the_edge(
    mapping: Mapping, rule: EdgeRule | None, offset: int, size: int
) -> None:
    rom = np.arange(0x30000, dtype=np.uint32).view(np.uint8)[::4].copy()
    read = as_read(rom, mapping, rule, offset)
    edge = first_edge(mapping, offset, size)
    stop = min(offset + size if edge is None else edge, len(rom))
    assert (read[: stop - offset] == rom[offset:stop]).all()
    assert bool(crossing(mapping, np.array([offset], np.uint32), np.array([size], np.uint32))[0]) == (edge is not None)
    if rule is not None and is_contiguous(mapping, rule):
        assert search_window(mapping, rule) == 0
