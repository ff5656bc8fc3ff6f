"""Dumps are recognised by their size and combined by their names; missing ones are reported."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.dumps import load_states
from halscope_hooks import FormatError, UsageError
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.examples import examples
from support.snes9x_state import build_state

_RNG = np.random.default_rng(0)
VRAM, CGRAM, OAM = _RNG.bytes(0x10000), _RNG.integers(0, 0x8000, 256).astype("<u2").tobytes(), _RNG.bytes(544)


def put(folder: Path, **files: bytes) -> list[Path]:
    paths = []
    for name, data in files.items():
        path = folder / name.replace("__", " - ").replace("_dot_", ".")
        path.write_bytes(data)
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    ("names", "stem"),
    [
        (("Game - SnesVideoRam.dmp", "Game - SnesCgRam.dmp", "Game - SnesSpriteRam.dmp"), "Game"),
        (("Game.SnesVideoRam.dmp", "Game.SnesCgRam.dmp", "Game.SnesSpriteRam.dmp"), "Game"),
        (("Game_VRAM.dmp", "Game_CGRAM.dmp", "Game_OAM.dmp"), "Game"),
        (("my game-vram.bin", "my game-cgram.bin", "my game-oam.bin"), "my game"),
        (("a", "b", "c"), "a"),
        (("vram.bin", "cgram.bin", "oam.bin"), "vram"),
    ],
)
def test_dumps_of_one_state_are_put_together(tmp_path: Path, names: tuple[str, str, str], stem: str) -> None:
    paths = [tmp_path / name for name in names]
    for path, data in zip(paths, (VRAM, CGRAM, OAM), strict=True):
        path.write_bytes(data)
    (state,) = load_states(paths)
    assert state.name == stem
    assert set(state.files) == set(paths)
    assert state.snapshot.vram.tobytes() == VRAM
    assert state.snapshot.cgram.astype("<u2").tobytes() == CGRAM
    assert state.snapshot.oam.tobytes() == OAM
    assert state.snapshot.ppu.obsel is None


@pytest.mark.parametrize("pattern", ["{game}-{memory}.bin", "{memory}_{game}.dmp", "{game} (1).Snes{memory}.dmp"])
def test_two_states_are_kept_apart_in_the_order_given(tmp_path: Path, pattern: str) -> None:
    names = [
        pattern.format(game=game, memory=memory) for memory in ("vram", "cgram", "oam") for game in ("second", "first")
    ]
    data = [VRAM, VRAM[::-1], CGRAM, CGRAM, OAM, OAM]
    for name, content in zip(names, data, strict=True):
        (tmp_path / name).write_bytes(content)
    states = load_states([tmp_path / name for name in names], obsel=0x63)
    assert [state.name.removesuffix(" (1)") for state in states] == ["second", "first"]
    assert states[1].snapshot.vram.tobytes() == VRAM[::-1]
    assert [state.snapshot.ppu.obsel for state in states] == [0x63, 0x63]


def dumps(folder: Path, *names: str) -> list[Path]:
    """Dumps of the memories that their names begin or end with."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(
            next(data for word, data in (("vram", VRAM), ("cgram", CGRAM), ("oam", OAM)) if word in str(path))
        )
    return paths


@pytest.mark.parametrize("name", ["{}.bin", "game-{}.bin"])
def test_each_folder_has_a_state_of_its_own_where_their_files_have_the_same_names(tmp_path: Path, name: str) -> None:
    names = [f"{folder}/{name.format(memory)}" for folder in "ab" for memory in ("vram", "cgram", "oam")]
    one, other = load_states(dumps(tmp_path, *names))
    assert {path.parent.name for path in one.files} == {"a"}
    assert {path.parent.name for path in other.files} == {"b"}


def test_one_state_may_lie_in_several_folders(tmp_path: Path) -> None:
    (state,) = load_states(dumps(tmp_path, "vram/game.bin", "cgram/game.bin", "oam/game.bin"))
    assert len(state.files) == 3


def test_dumps_of_two_moments_are_not_mixed(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"before-.*: the dumps of OAM \(544 bytes\) are missing"):
        load_states(dumps(tmp_path, "before-vram.bin", "before-cgram.bin", "after-oam.bin"))


def test_a_missing_memory_is_named_with_its_size(tmp_path: Path) -> None:
    (path,) = put(tmp_path, game_vram_dot_bin=VRAM)
    with pytest.raises(FormatError, match=r"CGRAM \(512 bytes\) and OAM \(544 bytes\) are missing"):
        load_states([path])


def test_the_same_memory_twice_is_refused(tmp_path: Path) -> None:
    paths = put(tmp_path, game_vram_dot_bin=VRAM, game_VideoRam_dot_dmp=VRAM)
    with pytest.raises(UsageError, match="second VRAM"):
        load_states(paths)


@pytest.mark.parametrize("packed", [False, True])
def test_a_snes9x_state_is_recognised_packed_or_not(tmp_path: Path, packed: bool) -> None:
    state = build_state(VRAM, CGRAM, OAM, registers={0x2101: 0x63})
    (path,) = put(tmp_path, game_dot_000=gzip.compress(state) if packed else state)
    (loaded,) = load_states([path], obsel=0x00)
    assert loaded.name == "game"
    assert loaded.snapshot.vram.tobytes() == VRAM
    assert loaded.snapshot.cgram.astype("<u2").tobytes() == CGRAM
    assert loaded.snapshot.oam.tobytes() == OAM
    assert loaded.snapshot.ppu.obsel == 0x63  # the state overrides the user


@examples(100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=600) | st.binary(max_size=300).map(lambda tail: b"\x1f\x8b" + tail))
def test_other_files_are_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "something.bin"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"something\.bin"):
        load_states([path])


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    (path,) = put(tmp_path, bomb_dot_state=gzip.compress(bytes(64 << 20)))
    with pytest.raises(FormatError, match="more than 16777216 bytes"):
        load_states([path])


def test_missing_files_and_no_files_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.bin"):
        load_states([tmp_path / "gone.bin"])
    with pytest.raises(UsageError, match="no files"):
        load_states([])
