"""The shared-memory ring: frames arrive whole, foreign bytes are refused, and neither side ever waits for the other."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import halscope._codec as _codec
import numpy as np
import pytest
from halscope.hosts._ring import RingClient, RingWrite, find_rings
from halscope_hooks import HostError, HostGoneError, Outline
from hypothesis import given
from hypothesis import strategies as st
from support import taps

rings = taps.rings
CAPACITIES = {"vram": 65536, "oam": 544, "cgram": 512, "state": 5000}
HEADER_WORDS = 128


@pytest.fixture
def writer(rings: Path) -> Iterator[_codec.RingWriter]:
    writer = made(rings / "1-1.ring")
    yield writer
    writer.close()


def made(path: Path, **options: int) -> _codec.RingWriter:
    return _codec.RingWriter(path, CAPACITIES, text=b"core\0Snes9x\0content\0game.sfc\0", rom=b"\xab" * 1000, **options)


def publish(writer: _codec.RingWriter, fill: int) -> None:
    writer.publish({"vram": np.full(65536, fill, np.uint8), "oam": bytes([fill]) * 544})


def test_a_ring_is_found_with_what_its_owner_says(writer: _codec.RingWriter, rings: Path) -> None:
    (found,) = find_rings()
    assert found.path == rings / "1-1.ring"
    assert found.pid == os.getpid()
    assert found.reader == 0
    assert found.text == {"core": "Snes9x", "content": "game.sfc"}
    assert found.path.stat().st_mode & 0o777 == 0o600
    client = RingClient(found.path)
    assert client.rom() == b"\xab" * 1000
    assert find_rings()[0].reader == os.getpid()
    client.close()


def test_frames_come_in_order_and_only_their_own_parts(writer: _codec.RingWriter) -> None:
    client = RingClient(find_rings()[0].path)
    assert client.next_frame(0) is None
    for fill in range(5):
        publish(writer, fill)
    for fill in range(5):
        frame = client.next_frame(0)
        assert frame is not None
        assert (frame.number, frame.missed, set(frame.parts)) == (fill + 1, 0, {"vram", "oam"})
        assert (frame.parts["vram"] == fill).all()
        assert not frame.parts["vram"].flags.writeable
    client.close()


def test_a_slow_reader_continues_with_the_newest_frame_and_counts_the_lost(writer: _codec.RingWriter) -> None:
    client = RingClient(find_rings()[0].path)
    for fill in range(100):
        publish(writer, fill)
    frame = client.next_frame(0)
    assert frame is not None
    assert (frame.number, frame.missed) == (100, 99)
    client.close()


def test_no_frame_is_a_mixture_of_two(writer: _codec.RingWriter) -> None:
    """The writer is as fast as it can be, over two slots, so that reads are torn all the time."""
    writer.close()
    path = find_folder() / "2-2.ring"
    fast = made(path, slots=2)
    client = RingClient(path)
    stop = threading.Event()

    def run() -> None:
        fill = 0
        while not stop.is_set():
            fill = (fill + 1) % 256
            publish(fast, fill)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(300):
            frame = client.next_frame(5)
            assert frame is not None
            values = {int(part[0]) for part in frame.parts.values()}
            assert len(values) == 1
            assert all((part == part[0]).all() for part in frame.parts.values())
            assert frame.number % 256 == values.pop()
    finally:
        stop.set()
        thread.join()
        client.close()
        fast.close()


def find_folder() -> Path:
    return Path(_codec.ring_folder())


def test_a_second_halscope_is_told_which_one_is_attached(writer: _codec.RingWriter) -> None:
    path = find_rings()[0].path
    first = RingClient(path)
    with pytest.raises(HostError, match=rf"process {os.getpid()}\) is attached"):
        RingClient(path)
    second = RingClient(path, force=True)
    with pytest.raises(HostGoneError, match="taken over"):
        first.next_frame(0)
    first.close()
    publish(writer, 1)
    assert second.next_frame(0) is not None
    second.close()
    RingClient(path).close()


@pytest.mark.slow
def test_a_halscope_that_was_killed_blocks_the_next_one_for_two_seconds_at_most(writer: _codec.RingWriter) -> None:
    path = find_rings()[0].path
    code = f"from pathlib import Path; from halscope.hosts._ring import RingClient; RingClient(Path({str(path)!r}))"
    subprocess.run([sys.executable, "-c", f"{code}; import os; os.kill(os.getpid(), 9)"], check=False)
    with pytest.raises(HostError, match="attached"):
        RingClient(path)
    threading.Event().wait(2.1)
    assert not writer.reader_is_there
    assert find_rings()[0].reader == 0
    RingClient(path).close()


def test_commands_arrive_in_order_and_are_answered(writer: _codec.RingWriter) -> None:
    client = RingClient(find_rings()[0].path)
    sent = [
        client.write([RingWrite("vram", 0x1234, b"abc", b"xyz"), RingWrite("state", 7, b"q")]),
        client.show_message("saved\nhero\0.png"),
        client.draw_outlines([Outline(-3, 4, 16, 32, 0x1FF8800, "hero")]),
        client.reset(),
    ]
    assert [client.outcome(command) for command in sent] == [False] * 4
    expected = [
        (1, struct.pack("<I4I", 2, 1, 0x1234, 3, 3) + b"abcxyz" + struct.pack("<4I", 3, 7, 1, 0) + b"q"),
        (2, b"saved hero.png"),
        (3, struct.pack("<I4iI", 1, -3, 4, 16, 32, 0xFF8800)),
        (5, b""),
    ]
    for command, (kind, payload) in zip(sent, expected, strict=True):
        assert writer.take_command() == (kind, command, payload)
        writer.finish_command(command, 1)
    assert writer.take_command() is None
    assert [client.outcome(command) for command in sent] == [True] * 4
    command = client.reset()
    writer.finish_command(command, 4)
    assert "expected bytes" in str(client.outcome(command))
    client.close()


def test_commands_wrap_around_the_end_of_their_area(rings: Path) -> None:
    writer = made(rings / "3-3.ring", command_bytes=4096)
    client = RingClient(rings / "3-3.ring")
    for length in [*range(0, 600, 7), 3000, 1, 3999]:
        payload = bytes(n % 251 for n in range(length))
        command = client.load_state(payload)
        assert writer.take_command() == (4, command, payload)
    with pytest.raises(HostError, match="at once"):
        client.load_state(bytes(4096))
    client.load_state(bytes(3000))
    with pytest.raises(HostError, match="paused"):
        client.load_state(bytes(3000))
    client.close()
    writer.close()


def test_the_end_of_the_game_and_the_death_of_the_emulator_are_noticed(rings: Path) -> None:
    writer = made(rings / "1-1.ring")
    client = RingClient(rings / "1-1.ring")
    writer.close()
    with pytest.raises(HostGoneError, match="closed the game"):
        client.next_frame(2)
    client.close()
    code = (
        "import halscope._codec as c, sys, time\n"
        f"w = c.RingWriter({str(rings / '4-4.ring')!r}, {{'vram': 65536}})\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        client = RingClient(rings / "4-4.ring")
        assert client.next_frame(0.5) is None
        owner.kill()
        owner.wait()
    with pytest.raises(HostGoneError):
        client.next_frame(5)
    client.close()
    assert (rings / "4-4.ring").exists()
    assert find_rings() == []
    assert list(rings.iterdir()) == []  # what the dead one left is gone


def test_a_folder_that_others_can_enter_is_refused(rings: Path) -> None:
    rings.chmod(0o755)
    with pytest.raises(HostError, match="nobody else"):
        find_rings()


def test_files_that_are_no_rings_are_left_alone(rings: Path) -> None:
    (rings / "note.txt").write_text("mine")
    (rings / "link.ring").symlink_to(rings / "note.txt")
    assert find_rings() == []
    with pytest.raises(HostError):
        RingClient(rings / "note.txt")
    assert (rings / "note.txt").read_text() == "mine"
    with pytest.raises(HostGoneError):
        RingClient(rings / "missing.ring")


@given(st.lists(st.tuples(st.integers(0, HEADER_WORDS - 1), st.integers(0, 2**64 - 1)), min_size=1, max_size=6))
def test_a_damaged_header_is_refused_or_harmless(changes: list[tuple[int, int]]) -> None:
    """Whatever the header says: the reader refuses the file, or stays inside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "5-5.ring"
        writer = made(path)
        try:
            publish(writer, 9)
            with path.open("r+b") as file:
                for word, value in changes:
                    file.seek(word * 8)
                    file.write(value.to_bytes(8, "little"))
            try:
                client = RingClient(path, force=True)
            except HostError:
                return
            client._next = 1
            client.rom()
            try:
                frame = client.next_frame(0)
                client.reset()
                client.outcome(1)
            except HostError:
                frame = None
            assert frame is None or all(part.size <= 65536 for part in frame.parts.values())
            client.close()
        finally:
            writer.close()


@given(st.binary(max_size=200), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_garbage_in_the_command_area_is_dropped(garbage: bytes, head: int, first: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "6-6.ring"
        writer = made(path, command_bytes=4096)
        try:
            with path.open("r+b") as file:
                header = np.frombuffer(file.read(HEADER_WORDS * 8), "<u8")
                file.seek(int(header[6]))
                file.write(first.to_bytes(8, "little") + garbage)
                file.seek(27 * 8)
                file.write(head.to_bytes(8, "little"))
            for _ in range(600):
                command = writer.take_command()
                if command is None:
                    break
                assert len(command[2]) <= 4096
            assert writer.take_command() is None
            client = RingClient(path)
            number = client.reset()
            assert writer.take_command() == (5, number, b"")
            client.close()
        finally:
            writer.close()
