"""What a page is told about frames adds up to their memories, and an unchanged memory is not sent."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
from halscope import decode_frame
from halscope.inspector._frames import FrameStream
from halscope.ppu.compose import compose_screen
from halscope_hooks import RASTER_DTYPE, Changes, PpuRegisters, Snapshot, Update
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.made_host import made_snapshot
from support.probe_rom import expected_registers


class Reader:
    """Takes in messages as the page does."""

    def __init__(self) -> None:
        self.memories: dict[str, NDArray[np.uint8]] = {
            "vram": np.zeros(0x10000, np.uint8),
            "cgram": np.zeros(512, np.uint8),
            "oam": np.zeros(544, np.uint8),
        }
        self.ppu: dict[str, int | None] = {}

    def take(self, message: bytes) -> dict[str, Any]:
        length = int.from_bytes(message[:4], "little")
        head: dict[str, Any] = json.loads(message[4 : 4 + length])
        at = 4 + length
        for name, offset, size in head["parts"]:
            data = np.frombuffer(message, np.uint8, size, at)
            if name == "picture" and self.memories.get("picture", data[:0]).size != 3 * math.prod(head["picture"]):
                self.memories["picture"] = np.zeros(3 * math.prod(head["picture"]), np.uint8)
            if name == "rows":
                self.memories["rows"] = data
            else:
                self.memories[name][offset : offset + size] = data
            at += size
        assert at == len(message)
        self.ppu |= head.get("ppu", {})
        return head


def update_of(snapshot: Snapshot) -> Update:
    return Update(decode_frame(snapshot), None, Changes())


@given(st.lists(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255)), max_size=20), max_size=5))
def test_the_messages_add_up_to_the_memories(steps: list[list[tuple[int, int]]]) -> None:
    stream, reader, vram = FrameStream(), Reader(), np.zeros(0x10000, np.uint8)
    for number, changes in enumerate([[], *steps]):
        for at, value in changes:
            vram[at] = value
        snapshot = dataclasses.replace(made_snapshot(number), vram=vram.copy(), ppu=PpuRegisters(obsel=number & 7))
        reader.take(stream.message(update_of(snapshot)))
        assert np.array_equal(reader.memories["vram"], snapshot.vram)
        assert np.array_equal(reader.memories["oam"], snapshot.oam)
        assert reader.ppu == dataclasses.asdict(snapshot.ppu)


def test_only_what_differs_is_sent() -> None:
    stream, reader = FrameStream(), Reader()
    first = made_snapshot(1)
    assert len(stream.message(update_of(first))) > 0x10000
    head = reader.take(stream.message(update_of(first)))
    assert head["parts"] == []
    assert "ppu" not in head
    head = reader.take(stream.message(update_of(made_snapshot(2))))
    assert [(name, offset, size) for name, offset, size in head["parts"]] == [("vram", 0, 32), ("oam", 0, 544)]


def test_changed_tiles_that_lie_together_are_one_part() -> None:
    stream, reader = FrameStream(), Reader()
    vram = np.zeros(0x10000, np.uint8)
    stream.message(update_of(dataclasses.replace(made_snapshot(0), vram=vram)))
    vram[[0x100, 0x140, 0x1000, 0xFFFF]] = 1
    head = reader.take(stream.message(update_of(dataclasses.replace(made_snapshot(0), vram=vram))))
    assert head["parts"] == [["vram", 0x100, 0x60], ["vram", 0x1000, 0x20], ["vram", 0xFFE0, 0x20]]


def test_only_the_rows_of_a_picture_that_differ_are_sent() -> None:
    stream, reader = FrameStream(), Reader()
    sizes = []
    for number, shape in enumerate([(224, 256), (224, 256), (224, 256), (448, 512), (448, 512)]):
        picture = np.full((*shape, 3), number // 3, np.uint8)
        picture[[number, 100 + number]] = 7
        snapshot = dataclasses.replace(made_snapshot(0), picture=picture)
        head = reader.take(stream.message(update_of(snapshot)))
        assert np.array_equal(reader.memories["picture"], picture.reshape(-1))
        sizes.append([size for name, _, size in head["parts"] if name == "picture"])
    whole, small, large = [3 * 224 * 256], [2 * 3 * 256] * 2, [2 * 3 * 512] * 2
    assert sizes == [whole, small, small, [3 * 448 * 512], large]


def test_a_picture_that_is_the_same_is_not_sent_again() -> None:
    stream, reader = FrameStream(), Reader()
    for copy in range(2):
        picture = np.full((224, 256, 3), 5, np.uint8)
        head = reader.take(stream.message(update_of(dataclasses.replace(made_snapshot(0), picture=picture))))
        assert ("picture" in head) == (copy == 0)


def test_what_hdma_changes_from_row_to_row_is_sent_while_it_does_and_once() -> None:
    stream, reader = FrameStream(), Reader()
    writes = np.array([(0, 0x01, 0x60), (0, 0x21, 7), (9, 0x22, 0x1F), (9, 0x22, 0), (50, 0x01, 0x62)], RASTER_DTYPE)
    ppu, cgram = expected_registers({"obsel": 0x62}), np.zeros(256, np.uint16)
    cgram[7] = 0x1F
    plain = dataclasses.replace(made_snapshot(1), ppu=ppu, cgram=cgram)
    effects = dataclasses.replace(plain, raster=writes, raster_effects="some")
    obsel = 256 + [field.name for field in dataclasses.fields(PpuRegisters)].index("obsel")
    sent = []
    for snapshot in (plain, effects, effects, dataclasses.replace(effects, raster=writes.copy()), plain, plain):
        head = reader.take(stream.message(update_of(snapshot)))
        sent.append("rows" in [name for name, _, _ in head["parts"]])
        if sent == [False, True]:
            assert head["registers"][obsel - 256] == "obsel"
            assert reader.memories["rows"].view("<u2").reshape(-1, 3).tolist() == [[0, obsel, 0x60], [50, obsel, 0x62]]
    assert sent == [False, True, False, False, True, False]
    assert reader.memories["rows"].size == 0


def pictured(number: int, *, right: bool) -> Update:
    """A frame with the emulator's picture: the composed one, or another one."""
    snapshot = dataclasses.replace(made_snapshot(number), ppu=expected_registers({"inidisp": 0x0F, "tm": 0x10}))
    shown = compose_screen(decode_frame(snapshot)).rgb
    return update_of(
        dataclasses.replace(snapshot, picture=shown if right else shown ^ np.uint8(0x80), raster_effects="none")
    )


def test_a_page_is_told_whether_frames_match_twice_a_second_and_of_each_that_stays() -> None:
    stream, reader = FrameStream(), Reader()

    def told(number: int, *, right: bool, still: bool = False) -> tuple[bool | None, list[str]]:
        head = reader.take(stream.message(pictured(number, right=right), still=still))
        return head["matches"], head.get("doubts", [])

    assert told(0, right=True) == (True, [])
    assert told(29, right=False) == (True, [])
    matches, (doubt,) = told(30, right=False)
    assert matches is False
    assert "differ from the emulator's picture" in doubt
    assert told(31, right=True) == (False, [doubt])
    assert told(32, right=True, still=True) == (True, [])
    assert told(33, right=False, still=True) == (False, [doubt])
    assert told(30, right=True) == (True, []), "an earlier state was loaded"
    bare = dataclasses.replace(made_snapshot(100), raster_effects="unknown")
    head = reader.take(stream.message(update_of(bare)))
    assert head["matches"] is None
    assert ["raster effects are unknown" in doubt for doubt in head["doubts"]] == [True]


class Counted:
    """Origins that count how often they are counted."""

    times = 0

    @property
    def located(self) -> int:
        self.times += 1
        return self.times


def test_located_tiles_are_counted_at_once_and_then_twice_a_second() -> None:
    stream, reader, origins = FrameStream(), Reader(), Counted()
    first = reader.take(stream.message(update_of(made_snapshot(0))))
    assert first["located"] is None
    found = []
    for frame in range(1, 65):
        update = replace(update_of(made_snapshot(frame)), origins=origins)  # type: ignore[arg-type]
        found.append(reader.take(stream.message(update))["located"])
    assert found[0] == 1
    assert origins.times == 3
