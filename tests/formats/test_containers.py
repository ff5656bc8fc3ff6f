"""Containers of savestates are taken off, and every damage to one is reported as such."""

from __future__ import annotations

import contextlib
import gzip
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import zstandard
from halscope.formats.containers import MOST_BYTES, unwrap
from halscope.formats.dumps import load_states
from halscope_hooks import FormatError
from hypothesis import given
from hypothesis import strategies as st
from support.snes9x_state import build_state
from support.state_files import rastate, rzip

_RNG = np.random.default_rng(5)
VRAM = _RNG.bytes(0x10000)
STATE = build_state(VRAM, bytes(512), _RNG.bytes(544), registers={0x2101: 0x63})

CONTAINERS = {
    "bare": STATE,
    "gzip": gzip.compress(STATE),
    "zlib": zlib.compress(STATE),
    "zstd": zstandard.compress(STATE),
    "rastate": rastate(STATE),
    "rastate-second": rastate(STATE, before=((b"ACHV", b"12345"),)),
    "rzip": rzip(STATE),
    "rzip-rastate": rzip(rastate(STATE)),
    "rzip-small-chunks": rzip(rastate(STATE), chunk=1000),
    "rzip-zstd": rzip(rastate(STATE), version=2, pack=zstandard.compress),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_state_inside_is_found(tmp_path: Path, name: str) -> None:
    data = CONTAINERS[name]
    assert unwrap(data) == STATE
    path = tmp_path / "game.state"
    path.write_bytes(data)
    (loaded,) = load_states([path])
    assert loaded.snapshot.vram.tobytes() == VRAM
    assert loaded.snapshot.ppu.obsel == 0x63


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name != "bare"])
def test_a_truncated_container_is_refused(name: str) -> None:
    data = CONTAINERS[name]
    for end in (len(data) // 2, 21, 9):
        with pytest.raises(FormatError):
            unwrap(data[:end])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (rastate(STATE).replace(b"MEM ", b"MEMO", 1), "no MEM block"),
        (rastate(STATE)[:12] + b"\xff\xff\xff\x00" + rastate(STATE)[16:], "more than the file"),
        (b"#RZIPv\x01#" + struct.pack("<IQ", 1, MOST_BYTES + 1), "no state has more"),
        (b"#RZIPv\x01#" + struct.pack("<IQ", 0, 10), "no state has more"),
        (rzip(STATE)[:20] + struct.pack("<I", 9) + bytes(9), "damaged"),
        (rzip(STATE)[:12] + struct.pack("<Q", len(STATE) - 1) + rzip(STATE)[20:], "unpacks to"),
        (gzip.compress(bytes(MOST_BYTES + 1)), "more than"),
        (zlib.compress(bytes(MOST_BYTES + 1)), "more than"),
        (zstandard.compress(bytes(64 << 20)), "more than"),
        (gzip.compress(STATE, mtime=0)[:-9] + bytes(9), "damaged|ends early"),
    ],
    ids=["no-mem", "block", "total", "chunk", "zlib", "size", "gzip-bomb", "zlib-bomb", "zstd-bomb", "gzip"],
)
def test_damage_is_named(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        unwrap(data)


def test_containers_inside_one_another_end_somewhere() -> None:
    data = STATE
    for _ in range(10):
        data = gzip.compress(data)
    with pytest.raises(FormatError, match="inside one another"):
        unwrap(data)


def test_without_zstandard_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(FormatError, match=r"halscope\[states\]"):
        unwrap(CONTAINERS["rzip-zstd"])
    assert unwrap(CONTAINERS["rzip-rastate"]) == STATE


@given(
    st.sampled_from(sorted(CONTAINERS)),
    st.lists(st.tuples(st.integers(0, 64), st.integers(0, 255)), max_size=4),
    st.integers(0, 100),
)
def test_any_damage_gives_a_state_or_a_format_error(name: str, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(CONTAINERS[name])
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(FormatError):
        assert len(unwrap(bytes(data[: len(data) - cut]))) <= MOST_BYTES


@given(st.sampled_from([b"", b"RASTATE", b"#RZIPv\x01#", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78\x9c"]), st.binary())
def test_any_bytes_behind_a_magic_are_unwrapped_or_refused(magic: bytes, data: bytes) -> None:
    with contextlib.suppress(FormatError):
        unwrap(magic + data)
