"""Plugins are isolated: a failing one is named, and the others continue."""

from __future__ import annotations

import logging
from collections.abc import Buffer
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Plugins, plugin
from halscope.formats.recording import RecordingWriter
from halscope.hosts.recording import ReplayHost
from halscope.session import Session
from halscope_hooks import Block, CancelSignal, Codec, Frame, HostInfo, PpuRegisters, Snapshot, hookimpl
from numpy.typing import NDArray


class Watcher:
    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def halscope_attached(self, host: HostInfo) -> None:
        self.seen.append(f"attached {host.name}")

    @hookimpl
    def halscope_snapshot(self, snapshot: Snapshot) -> None:
        self.seen.append(f"snapshot {snapshot.frame}")

    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        self.seen.append(f"decoded {len(frame.sprites)}")

    @hookimpl
    def halscope_detached(self, reason: str) -> None:
        self.seen.append(f"detached: {reason}")

    @hookimpl
    def halscope_job_failed(self, job: str, error: BaseException) -> None:
        self.seen.append(f"failed: {job}: {error}")


class Failing:
    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        raise RuntimeError(f"cannot look at frame {frame.snapshot.frame}")


class Reversed:
    """A third-party codec: the length, then the bytes in reverse."""

    name = "reversed"

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        size = bytes(data)[offset]
        out = np.frombuffer(bytes(data)[offset + 1 : offset + 1 + size][::-1], np.uint8)
        return Block(out, size + 1, offset)

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        return bytes([len(bytes(data))]) + bytes(data)[::-1]

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[np.void]:
        return np.zeros(0, [("offset", "u4"), ("packed_size", "u4"), ("size", "u4")])


class Bringer:
    @hookimpl
    def halscope_codecs(self) -> list[Codec]:
        return [Reversed()]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "three.hrec"
    with RecordingWriter(path) as writer:
        for frame in range(3):
            writer.append(
                Snapshot(
                    vram=np.zeros(0x10000, np.uint8),
                    cgram=np.zeros(256, np.uint16),
                    oam=np.zeros(544, np.uint8),
                    ppu=PpuRegisters(obsel=0),
                    frame=frame,
                )
            )
    return path


def test_a_plugin_sees_a_session_from_beginning_to_end(recording: Path) -> None:
    watcher = Watcher()
    with Session(ReplayHost(recording), owns_host=True, dispatch=Plugins([watcher]).dispatch) as session:
        while session.step() is not None:
            pass
    frames = [f"{what} {n}" for n in range(3) for what in ("snapshot", "decoded")]
    frames = [line if line.startswith("snapshot") else "decoded 128" for line in frames]
    assert watcher.seen == ["attached recording", *frames, "detached: closed"]


def test_a_failing_plugin_is_named_and_the_others_go_on(recording: Path, caplog: pytest.LogCaptureFixture) -> None:
    for plugins in ([Failing(), Watcher()], [Watcher(), Failing()]):
        watcher = next(one for one in plugins if isinstance(one, Watcher))
        with (
            caplog.at_level(logging.ERROR, "halscope.plugins"),
            Session(ReplayHost(recording), owns_host=True, dispatch=Plugins(plugins).dispatch) as session,
        ):
            session.step()
        assert "decoded 128" in watcher.seen
        assert any("cannot look at frame 0" in line and line.startswith("failed: plugin ") for line in watcher.seen)
        assert "halscope_update failed" in caplog.text
        assert "Traceback" in caplog.text


def test_a_third_party_codec_stands_behind_the_built_in_ones() -> None:
    ours = [codec.name for codec in Plugins().codecs()]
    assert ours[0] == "hal"
    assert [codec.name for codec in Plugins([Bringer()]).codecs()] == [*ours, "reversed"]
    assert [codec.name for codec in plugin.halscope_codecs()] == ours
