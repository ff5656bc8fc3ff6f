"""Ctrl-C at any line of a recording's writer leaves a recording that can be continued, closed and read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import halscope.formats.recording
import numpy as np
import pytest
from halscope.formats.recording import RecordingReader, RecordingWriter
from halscope_hooks import Snapshot, UsageError
from support.recordings import ROM, assert_same, raster_writes

CODE = str(Path(halscope.formats.recording.__file__).parent)


def interrupted(call: Callable[[], object], line: int) -> bool:
    """Call with a KeyboardInterrupt before the n-th line of our code; returns whether the call had that many lines."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(CODE):
            return None
        if event == "line":
            lines += 1
            if lines == line:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def run() -> list[Snapshot]:
    rng = np.random.default_rng(0)
    return [
        Snapshot(
            vram=np.full(0x10000, frame, np.uint8),
            cgram=np.zeros(256, np.uint16),
            oam=np.zeros(544, np.uint8),
            frame=frame,
            rom=ROM,
            iram=np.full(0x800, frame, np.uint8) if frame < 3 else None,
            raster=raster_writes(rng, 5 * frame),
        )
        for frame in range(5)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("position", [0, 2, 3])
def test_an_interrupted_append_leaves_a_whole_frame_or_none(tmp_path: Path, position: int) -> None:
    snapshots, line, kept = run(), 0, set()
    going_on = True
    while going_on:
        line += 1
        with RecordingWriter(tmp_path / "run.rec") as writer:
            for snapshot in snapshots[:position]:
                writer.append(snapshot)
            going_on = interrupted(lambda at=writer: at.append(snapshots[position]), line)  # type: ignore[misc]
            is_in = len(writer) == position + 1
            for snapshot in snapshots[position + 1 :]:
                writer.append(snapshot)
        assert check(tmp_path / "run.rec", snapshots, position) == 4 + is_in
        kept.add(is_in)
    assert line > 30
    assert kept == {False, True}


def check(path: Path, snapshots: list[Snapshot], position: int) -> int:
    """The frames are there, with or without this one, both by the index and by the chunks themselves."""
    with RecordingReader(path) as reader:
        assert reader.complete
        by_index = list(reader)
    path.write_bytes(path.read_bytes()[:-1])
    with RecordingReader(path) as reader:
        assert not reader.complete
        by_chunks = list(reader)
    expected = [*snapshots[:position], *snapshots[position + (len(by_index) == 4) :]]
    for read in (by_index, by_chunks):
        for original, one in zip(expected, read, strict=True):
            assert_same(original, one)
    return len(by_index)


def test_an_interrupted_close_can_be_called_again(tmp_path: Path) -> None:
    snapshots, line = run(), 0
    going_on = True
    while going_on:
        line += 1
        writer = RecordingWriter(tmp_path / "run.rec")
        for snapshot in snapshots:
            writer.append(snapshot)
        going_on = interrupted(writer.close, line)
        writer.close()
        assert check(tmp_path / "run.rec", snapshots, 5) == 5
    assert line > 10


def test_a_writer_that_is_disowned_writes_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    writer = RecordingWriter(path)
    writer.append(run()[0])  # a few hundred bytes, all still in the file's buffer
    writer.disown()
    writer.disown()
    writer.close()
    assert path.read_bytes() == b""
    with pytest.raises(UsageError, match="closed"):
        writer.append(run()[0])
