"""`inject FILE --at OFFSET`: raw tiles of other programs replace a block's bytes, or uncompressed ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from halscope.app import Workspace
from halscope.app._raw_edit import raw_edit
from halscope.cli import main
from halscope.demo import rom_path
from halscope.rom.image import Rom
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def demo() -> Iterator[Workspace]:
    with rom_path() as path:
        workspace = Workspace.open(path)
        workspace.index()
        yield workspace


def inject(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert main(["inject", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def block(demo: Workspace, spare: bool) -> tuple[int, bytes]:
    """A block of tiles and its bytes; `spare`: one that has bytes before its first tile."""
    for one in demo.blocks():
        data = demo.index().block((one.codec, one.offset)).data.tobytes()
        if (len(data) % 32 == 3) == spare:
            return one.offset, data
    raise AssertionError


@pytest.mark.parametrize("alone", [False, True])
def test_a_blocks_bytes_or_its_tiles_alone_come_back_into_the_rom(
    alone: bool, demo: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offset, data = block(demo, spare=True)
    edited = bytearray(data)
    edited[3 + 32 : 3 + 64] = bytes(32)
    edited[-1] = data[-1] ^ 1  # the last piece has fewer than eight bytes of its own
    file = tmp_path / "pip.4bpp"
    file.write_bytes(edited[3:] if alone else edited)
    document = inject(capsys, demo.rom.path, file, "--at", hex(offset), "-o", tmp_path / "out.sfc", "--force")
    assert [one["offset"] for one in document["blocks"]] == [offset]
    patched = Rom.load(tmp_path / "out.sfc")
    assert patched.decode(demo.codec("hal"), offset).data.tobytes() == bytes(edited)


def test_uncompressed_tiles_are_written_as_they_are(
    demo: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = next(
        at for at in range(0x7FF00, 0x20000, -64) if not demo.index().proven_streams(((at, at + 83),))
    )  # no block is there
    (tmp_path / "a.gfx").write_bytes(bytes(range(83)))
    inject(capsys, demo.rom.path, tmp_path / "a.gfx", "--at", at, "--codec", "raw", "-o", tmp_path / "out.sfc")
    assert Rom.load(tmp_path / "out.sfc").data[at : at + 83].tobytes() == bytes(range(83))


@pytest.mark.parametrize(
    ("name", "size", "options", "code", "says"),
    [
        ("a.4bpp", 64, (), 2, "raw tiles do not say where they belong; give --at OFFSET"),
        ("a.4bpp", 64, ("--at", "{block}"), 1, "64 bytes, but the hal block at"),
        ("a.4bpp", 64, ("--at", "{block}", "--codec", "lz3"), 2, "lz3"),
        ("a.4bpp", 64, ("--codec", "raw"), 2, "give --at OFFSET too"),
        ("a.4bpp", 64, ("--at", "0x7fff0", "--codec", "raw"), 2, "64 bytes at 0x7fff0"),
        ("a.4bpp", 4, ("--at", "0x100", "--codec", "raw"), 2, "give 8 bytes or more"),
        ("a.4bpp", 64, ("--at", "0x800000"), 2, "past the end"),
        ("a.4bpp", 64, ("--at", "0x100", "--everywhere"), 2, "--everywhere is for sheets and palettes; raw tiles"),
        ("a.4bpp", 64, ("a.png", "--at", "0x100"), 2, "--at is the place of one file of raw tiles, but 2 files"),
        ("a.aseprite", 64, (), 1, "is Aseprite's own file, which is not read; export it as PNG"),
    ],
)
def test_what_cannot_be_placed_is_refused_in_one_line(
    name: str,
    size: int,
    options: tuple[str, ...],
    code: int,
    says: str,
    demo: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    offset, _ = block(demo, spare=True)
    (tmp_path / name).write_bytes(bytes(size))
    words = [option.replace("{block}", hex(offset)) for option in options]
    out = tmp_path / "out.bps"
    assert main(["inject", str(demo.rom.path), str(tmp_path / name), *words, "-o", str(out)]) == code
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not out.exists()


@given(st.data())
def test_any_bytes_become_changes_that_give_exactly_them(
    demo: Workspace, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, 0x4000))
    new = data.draw(st.binary(min_size=8, max_size=200))
    keep = data.draw(st.integers(0, len(new)))
    new = demo.rom.data[at : at + keep].tobytes() + new[keep:]
    file = tmp_path_factory.getbasetemp() / "any.bin"
    file.write_bytes(new)
    image = bytearray(demo.rom.data[: at + len(new)].tobytes())
    for change in raw_edit(demo, file, at, "raw").changes:
        place = change.origin.block_offset
        assert demo.rom.data[place : place + len(change.old)].tobytes() == change.old
        image[place : place + len(change.new)] = change.new
    assert bytes(image[at:]) == new
