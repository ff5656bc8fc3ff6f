"""The index on disk: it loads as it was stored, and is rebuilt if the file is damaged, foreign or in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.codecs import hal
from halscope.rom import _stored_index, cache
from halscope.rom import index as index_module
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.ranking import Found, find_families
from halscope_hooks import Codec
from hypothesis import given
from hypothesis import strategies as st
from support.truth_rom import make_truth_rom

pytestmark = pytest.mark.quick

ROM = make_truth_rom(11, size=0x20000, blocks=8).rom


class Builds:
    """Count how often an index is built."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0

        def counted(rom: Rom, codecs: Sequence[Codec], **options: Any) -> Found:
            self.count += 1
            return find_families(rom, codecs, **options)

        monkeypatch.setattr(index_module, "find_families", counted)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    return Builds(monkeypatch)


def load(folder: Path) -> RomIndex:
    return RomIndex.load_or_build(ROM, [hal.HAL], cache_dir=folder)


def the_file(folder: Path) -> Path:
    (path,) = folder.glob("index-*.bin")
    return path


def answers(index: RomIndex) -> object:
    return index.locate_vram(np.resize(ROM.data[0x1000:], 0x10000)).origins


def test_a_second_load_is_served_from_the_file_and_answers_alike(tmp_path: Path, builds: Builds) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert builds.count == 1
    assert np.array_equal(first.families, second.families)
    assert np.array_equal(first.blocks, second.blocks)
    assert answers(first) == answers(second)


def test_the_folder_is_made_and_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builds: Builds
) -> None:
    folder = tmp_path / "deep" / "cache"
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(folder))
    RomIndex.load_or_build(ROM, [hal.HAL])
    RomIndex.load_or_build(ROM, [hal.HAL])
    assert the_file(folder).is_file()
    assert builds.count == 1


def test_nothing_but_the_index_is_left_in_the_folder(tmp_path: Path) -> None:
    load(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("place", ["front", "header", "middle", "end"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, builds: Builds, place: str) -> None:
    expected = answers(load(tmp_path))
    path = the_file(tmp_path)
    image = bytearray(path.read_bytes())
    image[{"front": 3, "header": 40, "middle": len(image) // 2, "end": len(image) - 1}[place]] ^= 0x10
    path.write_bytes(image)
    assert answers(load(tmp_path)) == expected
    assert builds.count == 2
    load(tmp_path)
    assert builds.count == 2  # the damaged file was replaced


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.5, 0.999])
def test_a_torn_file_is_noticed(tmp_path: Path, builds: Builds, keep: float) -> None:
    load(tmp_path)
    path = the_file(tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    load(tmp_path)
    assert builds.count == 2


def test_a_foreign_file_and_a_folder_in_its_place_only_lose_the_cache(tmp_path: Path, builds: Builds) -> None:
    load(tmp_path)
    path = the_file(tmp_path)
    path.write_bytes(b"PK\x03\x04" + bytes(5000))
    load(tmp_path)
    assert builds.count == 2
    path.unlink()
    path.mkdir()
    load(tmp_path)
    load(tmp_path)
    assert builds.count == 4


def test_another_format_another_rom_and_other_codecs_have_other_files(
    tmp_path: Path, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path)
    changed = ROM.data.copy()
    changed[0x1FFFF] ^= 1
    RomIndex.load_or_build(Rom.from_bytes(changed.tobytes(), "changed"), [hal.HAL], cache_dir=tmp_path)
    RomIndex.load_or_build(ROM, [], cache_dir=tmp_path)
    monkeypatch.setattr(_stored_index, "FORMAT", _stored_index.FORMAT + 1)
    load(tmp_path)
    assert builds.count == 4
    assert len(list(tmp_path.iterdir())) == 4


def test_the_right_name_with_another_key_inside_is_not_believed(tmp_path: Path, builds: Builds) -> None:
    load(tmp_path)
    path = the_file(tmp_path)
    assert cache.store(path, "another key", {"families": np.zeros(3, np.uint8)})
    load(tmp_path)
    assert builds.count == 2


def test_arrays_that_do_not_belong_together_are_not_believed(tmp_path: Path, builds: Builds) -> None:
    first = load(tmp_path)
    path = the_file(tmp_path)
    header_size = int.from_bytes(path.read_bytes()[16:24], "little")
    key = json.loads(path.read_bytes()[24 : 24 + header_size])["key"]
    arrays = {"families": first.families, "outputs": np.zeros(9, np.uint8), "bounds": np.zeros(2, np.uint32)}
    arrays |= {"buckets": np.zeros(2, np.uint32), "positions": np.zeros(0, np.uint32)}
    assert cache.store(path, key, arrays)
    load(tmp_path)
    assert builds.count == 2


@pytest.mark.parametrize("field", ["codec", "start"])
def test_starts_that_name_no_codec_or_no_evidence_are_not_believed(tmp_path: Path, builds: Builds, field: str) -> None:
    first = load(tmp_path)
    path = the_file(tmp_path)
    header_size = int.from_bytes(path.read_bytes()[16:24], "little")
    key = json.loads(path.read_bytes()[24 : 24 + header_size])["key"]
    families = first.families.copy()
    families[field][-1] = 9
    assert cache.store(path, key, {**first._arrays(), "families": families})
    assert answers(load(tmp_path)) == answers(first)
    assert builds.count == 2


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root and Windows may write everywhere")
def test_a_folder_that_cannot_be_written_only_loses_the_cache(tmp_path: Path, builds: Builds) -> None:
    tmp_path.chmod(0o500)
    load(tmp_path)
    assert builds.count == 1


def test_a_file_where_the_folder_should_be_only_loses_the_cache(tmp_path: Path, builds: Builds) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    load(blocked)
    assert builds.count == 1
    assert blocked.read_bytes() == b""


SECOND_PROCESS = """
import sys
from pathlib import Path
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
index = RomIndex.load_or_build(Rom.load(sys.argv[1]), [hal.HAL], cache_dir=Path(sys.argv[2]))
print(len(index.families), index.families.tobytes().hex()[:4000])
"""


@pytest.mark.slow
def test_processes_that_build_at_once_all_get_the_index(tmp_path: Path) -> None:
    rom, folder = tmp_path / "rom.sfc", tmp_path / "cache"
    rom.write_bytes(ROM.data.tobytes())
    command = [sys.executable, "-c", SECOND_PROCESS, str(rom), str(folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    index = load(folder)
    assert printed == {f"{len(index.families)} {index.families.tobytes().hex()[:4000]}\n"}
    assert len(list(folder.iterdir())) == 1


def test_a_file_that_is_replaced_while_it_is_in_use_stays_valid_for_its_user(tmp_path: Path) -> None:
    load(tmp_path)
    mapped = load(tmp_path)
    expected = answers(mapped)
    path = the_file(tmp_path)
    replacement = tmp_path / "new"
    replacement.write_bytes(b"something else")
    replacement.replace(path)
    assert answers(mapped) == expected


def test_only_the_newest_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT_FILES", 3)
    for number in range(5):
        path = tmp_path / f"index-{number}.bin"
        assert cache.store(path, "key", {"array": np.arange(number)})
        os.utime(path, (number, number))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index-2.bin", "index-3.bin", "index-4.bin"]


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_no_cache(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("cache") / "index-x.bin"
    path.write_bytes(data)
    assert cache.load(path, "key") is None


@given(st.data())
def test_arrays_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    shapes = data.draw(st.lists(st.tuples(st.sampled_from(["u1", "<u4", "<f4"]), st.integers(0, 300)), max_size=5))
    arrays = {f"array {k}": np.arange(size).astype(kind) for k, (kind, size) in enumerate(shapes)}
    path = tmp_path_factory.mktemp("cache") / "index-x.bin"
    assert cache.store(path, "key", arrays)
    stored = cache.load(path, "key")
    assert stored is not None
    assert list(stored) == list(arrays)
    for name, array in arrays.items():
        assert stored[name].dtype == array.dtype
        assert np.array_equal(stored[name], array)
        assert not stored[name].flags.writeable
    assert cache.load(path, "another key") is None


def test_a_fresh_index_is_built_and_stored_whatever_the_cache_has(tmp_path: Path, builds: Builds) -> None:
    load(tmp_path)
    before = the_file(tmp_path).stat().st_mtime_ns
    RomIndex.load_or_build(ROM, [hal.HAL], cache_dir=tmp_path, fresh=True)
    assert builds.count == 2
    assert the_file(tmp_path).stat().st_mtime_ns > before
    load(tmp_path)
    assert builds.count == 2


def test_the_cache_lists_what_it_has_and_clears_nothing_else(tmp_path: Path) -> None:
    assert cache.files(tmp_path / "none") == []
    load(tmp_path)
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    damaged = tmp_path / "index-0.bin"
    damaged.write_bytes(b"noise")
    os.utime(damaged, (1, 1))
    first, second = cache.files(tmp_path)
    assert first.about == {"rom": ROM.name, "title": ROM.title, "sha256": ROM.sha256, "codecs": ["hal"]}
    assert first.size == first.path.stat().st_size
    assert (second.path, second.about) == (damaged, {})
    assert {file.path for file in cache.clear(tmp_path)} == {first.path, damaged}
    assert list(tmp_path.iterdir()) == [other]
    assert cache.clear(tmp_path) == []


@given(st.binary(max_size=100), st.integers(0, 200))
def test_any_header_can_be_listed(tmp_path_factory: pytest.TempPathFactory, data: bytes, length: int) -> None:
    folder = tmp_path_factory.mktemp("cache")
    (folder / "index-1.bin").write_bytes(b"HALSCOPE INDEX\r\n" + length.to_bytes(8, "little") + data)
    (file,) = cache.files(folder)
    assert isinstance(file.about, dict)
