"""What a game was seen reading is in its recording, comes back with its frames, and damage to it is reported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from halscope.formats.recording import RecordingReader, RecordingWriter
from halscope.formats.recording._touches import MOST_TOUCHES, pack_touches, parse_touches
from halscope.hosts.recording import ReplayHost
from halscope.session import Session
from halscope_hooks import Event, FormatError, Snapshot, Touched, UsageError, capability
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.recordings import assert_same, run_of_snapshots

TOUCHES: list[list[Touched]] = [
    [],
    [Touched(1, 0x8123, 0x7FF0), Touched(1, 0x35D23, page=0x35000)],
    [],
    [Touched(3, 5, -11), Touched(3, 0x400000, codec="hal"), Touched(2, 9, codec="lz2")],
    [Touched(4, 0)],
]


def write(path: Path, snapshots: Sequence[Snapshot]) -> bytes:
    with RecordingWriter(path, emulator="test", keyframe_every=3) as writer:
        for snapshot, touches in zip(snapshots, TOUCHES, strict=True):
            writer.append(snapshot)
            writer.append_touches(touches)
    return path.read_bytes()


def test_touches_come_back_with_their_frames_in_any_order(tmp_path: Path) -> None:
    snapshots = run_of_snapshots(5, picture=False)
    write(tmp_path / "run.rec", snapshots)
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert reader.complete
        for position in (4, 0, 3, 1, 2):
            assert reader.touches(position) == TOUCHES[position]
            assert_same(snapshots[position], reader[position])
        with pytest.raises(IndexError, match="no frame 5"):
            reader.touches(5)


def test_a_replay_reports_the_touches_of_the_frames_that_it_has_stepped(tmp_path: Path) -> None:
    write(tmp_path / "run.rec", run_of_snapshots(5, picture=False))
    with ReplayHost(tmp_path / "run.rec") as host:
        tracing = capability(host, "tracing")
        assert tracing is not None
        host.step()
        host.step()
        assert tracing.take_touches() == TOUCHES[1]
        assert tracing.take_touches() == []
        tracing.watch_rom([(0, 6), (0x400000, 0x400001)])
        host.step()
        host.step()
        assert tracing.take_touches() == TOUCHES[3][:2]
        host.seek(1)
        host.step()
        tracing.watch_rom([(0, 0x800000)])
        assert tracing.take_touches() == TOUCHES[1]


def test_a_torn_recording_keeps_its_whole_frames_and_touches(tmp_path: Path) -> None:
    data = write(tmp_path / "run.rec", run_of_snapshots(5, picture=False))
    third = data.index(b"FRAM", data.index(b"TUCH"))
    torn = tmp_path / "torn.rec"
    for end, frames, touched in ((third, 2, TOUCHES[1]), (third - 1, 2, [])):
        torn.write_bytes(data[:end])
        with RecordingReader(torn) as reader:
            assert (reader.complete, len(reader)) == (False, frames)
            assert reader.touches(1) == touched


@pytest.mark.parametrize("at", [1, 4, 12, 20, 27, 30])
def test_damaged_touches_are_reported_and_the_frames_still_read(tmp_path: Path, at: int) -> None:
    data = bytearray(write(tmp_path / "run.rec", run_of_snapshots(5, picture=False)))
    place = data.index(b"TUCH")
    data[place + at] ^= 0x41
    (tmp_path / "run.rec").write_bytes(data)
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert len(list(reader)) == 5
        with pytest.raises(FormatError, match=rf"run\.rec: at offset {place:#x}: "):
            reader.touches(1)
        assert reader.touches(3) == TOUCHES[3]


@examples(200)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_bytes_end_in_another_error_than_ours(damage: list[tuple[int, int]]) -> None:
    data = bytearray(pack_touches(TOUCHES[3]))
    for at, value in damage:
        data[at % len(data)] = value
    try:
        parse_touches(bytes(data))
    except FormatError:
        pass
    else:
        assert bytes(data) == pack_touches(TOUCHES[3])


def test_what_does_not_fit_is_refused_and_the_recording_goes_on(tmp_path: Path) -> None:
    snapshots = run_of_snapshots(2, picture=False)
    many = [Touched(1, number % 0x8000) for number in range(MOST_TOUCHES + 5)]
    with RecordingWriter(tmp_path / "run.rec") as writer:
        with pytest.raises(UsageError, match="has none yet"):
            writer.append_touches([Touched(0, 1)])
        writer.append(snapshots[0])
        with pytest.raises(UsageError, match=r"run\.rec: a recording cannot hold a touch"):
            writer.append_touches([Touched(0, 1), Touched(1 << 40, 1)])
        writer.append(snapshots[1])
        writer.append_touches(many)
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert reader.touches(0) == []
        assert reader.touches(1) == many


def test_a_session_records_the_touches_of_its_host(tmp_path: Path) -> None:
    write(tmp_path / "run.rec", run_of_snapshots(5, picture=False))
    heard: list[Event] = []
    with ReplayHost(tmp_path / "run.rec") as host, Session(host, threads=False) as session:
        kept = session.subscribe(heard.append, Touched)
        session.record(tmp_path / "again.rec")
        while session.step() is not None:
            pass
        kept.close()
    assert heard == [touch for touches in TOUCHES for touch in touches]
    with RecordingReader(tmp_path / "again.rec") as reader:
        assert [reader.touches(position) for position in range(5)] == TOUCHES
