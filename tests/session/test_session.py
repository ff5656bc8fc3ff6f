"""The inline session: snapshots are decoded, a closed session stays closed, and recordings use the live path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.formats.recording import RecordingWriter
from halscope.hosts.recording import ReplayHost
from halscope.session import Session
from halscope_hooks import HostError, Patch, PpuRegisters, Snapshot, VramOrigins, Write
from numpy.typing import NDArray


def snapshot(frame: int, obsel: int | None = 0x63) -> Snapshot:
    noise = np.random.default_rng(frame)
    return Snapshot(
        vram=noise.integers(0, 256, 0x10000, np.uint8),
        cgram=noise.integers(0, 0x8000, 256, np.uint16),
        oam=noise.integers(0, 256, 544, np.uint8),
        ppu=PpuRegisters(obsel=obsel),
        frame=frame,
    )


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "two.hrec"
    with RecordingWriter(path) as writer:
        for frame in range(2):
            writer.append(snapshot(frame))
    return path


def test_a_replayed_snapshot_decodes_as_the_live_one(recording: Path) -> None:
    with Session(ReplayHost(recording), owns_host=True) as session:
        for frame in range(2):
            update = session.step()
            live = session.feed(snapshot(frame))
            assert update is not None
            for replayed, direct in zip(update.frame.sprites, live.frame.sprites, strict=True):
                np.testing.assert_array_equal(replayed.pixels, direct.pixels)
        assert session.step() is None


def test_origins_are_asked_for_with_the_snapshots_vram(recording: Path) -> None:
    asked: list[NDArray[np.uint8]] = []

    def locate(vram: NDArray[np.uint8]) -> VramOrigins:
        asked.append(vram)
        return VramOrigins(((),) * 2048, np.zeros(2048, np.bool_))

    with Session(ReplayHost(recording), owns_host=True, locate=locate) as session:
        update = session.step()
    assert update is not None
    assert update.origins is not None
    np.testing.assert_array_equal(asked[0], snapshot(0).vram)


def test_unknown_obsel_gives_a_reason_instead_of_sprites(recording: Path) -> None:
    with Session(ReplayHost(recording), owns_host=True) as session:
        update = session.feed(snapshot(0, obsel=None))
    assert update.frame.sprites == ()
    assert "OBSEL" in (update.frame.sprites_unknown or "")


def test_a_host_that_cannot_write_refuses_and_no_plugin_hears_of_a_patch(recording: Path) -> None:
    heard: list[str] = []
    session = Session(ReplayHost(recording), owns_host=True, dispatch=lambda hook, /, **_: heard.append(hook))
    with session, pytest.raises(HostError):
        session.apply(Patch("0" * 64, (), (Write("vram", 0, b"x"),)))
    assert "halscope_patch_ready" not in heard


def test_a_closed_session_steps_no_more_and_closing_twice_is_one_close(recording: Path) -> None:
    heard: list[tuple[str, object]] = []
    session = Session(
        ReplayHost(recording), owns_host=True, dispatch=lambda hook, /, **a: heard.append((hook, a.get("reason")))
    )
    session.close("gone")
    session.close("again")
    assert [entry for entry in heard if entry[0] == "halscope_detached"] == [("halscope_detached", "gone")]
    with pytest.raises(HostError, match="closed"):
        session.step()


def test_an_error_inside_closes_the_host_and_says_why(recording: Path) -> None:
    heard: list[object] = []
    with (
        pytest.raises(KeyError),
        Session(ReplayHost(recording), owns_host=True, dispatch=lambda _hook, /, **a: heard.append(a.get("reason"))),
    ):
        raise KeyError("lost")
    assert heard[-1] == "KeyError: 'lost'"
