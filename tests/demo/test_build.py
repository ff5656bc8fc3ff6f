"""The sources build exactly the committed image, and its blocks hold the art."""

from __future__ import annotations

import importlib
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from halscope import demo
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.hal_reference import decode

SOURCE = Path(__file__).resolve().parents[2] / "plugin" / "halscope" / "demo" / "source"


@pytest.fixture(scope="module", autouse=True)
def _source_on_the_path() -> Any:
    sys.path.insert(0, str(SOURCE))
    yield
    sys.path.remove(str(SOURCE))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ca65") is None, reason="ca65 is not installed (apt install cc65)")
def test_a_rebuild_gives_the_committed_image_byte_for_byte(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["build.py", "--check"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:  # in this process, which keeps the art for the next test
        runpy.run_path(str(SOURCE / "build.py"), run_name="__main__")
    assert not ended.value.code, capsys.readouterr().err


@pytest.mark.slow
def test_every_block_decodes_to_what_the_art_says() -> None:
    blocks = importlib.import_module("demobuild.image").all_blocks()[0]
    records = {record["name"]: record for record in demo.truth()["blocks"]}
    assert set(records) == {block.name for block in blocks}
    with demo.rom_path() as path:
        image = path.read_bytes()
    for block in blocks:
        assert decode(image, records[block.name]["offset"]).data == block.data, block.name


def test_the_raw_sheet_is_the_art() -> None:
    data, frames = importlib.import_module("demobuild.blocks").raw_sheet()
    (record,) = demo.truth()["raw"]
    with demo.rom_path() as path:
        image = path.read_bytes()
    assert image[record["offset"] : record["offset"] + record["size"]] == data
    assert record["frames"] == frames


def packed(data: bytes) -> bytes:
    stream = importlib.import_module("demobuild.packer").Packer(data).pack()
    assert isinstance(stream, bytes)
    return stream


@examples(60)
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=6), st.integers(1, 90)), max_size=12))
def test_the_packer_is_undone_by_a_decoder_that_knows_nothing_of_it(pieces: list[tuple[bytes, int]]) -> None:
    data = b"".join(piece * times for piece, times in pieces)
    stream = packed(data)
    assert decode(stream) == (data, len(stream))


@pytest.mark.parametrize("size", [1, 31, 32, 33, 64, 65, 1024, 1025, 2048, 2049])
def test_the_packer_writes_counts_at_their_limits(size: int) -> None:
    for data in (bytes(size), bytes(n & 0xFF for n in range(size)), b"ab" * size):
        assert decode(packed(data)).data == data
