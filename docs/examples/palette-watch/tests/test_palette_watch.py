"""Palette watch on five seconds of Halscope's demo game."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.testing import Frames, ImageCheck, PluginSession
from halscope_hooks import ExportRequest, Patch, Write
from palette_watch.plugin import REPORT_VARIABLE, PaletteWatch
from palette_watch.usage import PALETTES, Usage, is_on_screen

pytestmark = pytest.mark.halscope(recording="demo.hrec", frames=300, press=[("start", 60, 65), ("right", 200, 290)])


@pytest.fixture
def watch(halscope_session: PluginSession) -> PaletteWatch:
    found = halscope_session.plugin("palette-watch")
    assert isinstance(found, PaletteWatch)
    return found


def test_every_frame_is_counted(halscope_session: PluginSession, watch: PaletteWatch, halscope_frames: Frames) -> None:
    halscope_session.play()
    assert watch.usage.frames == len(halscope_frames)
    assert watch.usage.frames_of.any()
    assert (watch.usage.frames_of <= watch.usage.frames).all()


def test_a_frame_counts_the_palettes_of_its_visible_sprites(halscope_frames: Frames) -> None:
    usage = Usage()
    frame = halscope_frames[-1]
    usage.add(frame)
    visible = [sprite for sprite in frame.sprites if is_on_screen(sprite) and sprite.pixels.any()]
    assert visible
    assert usage.most.tolist() == [sum(one.palette == palette for one in visible) for palette in range(PALETTES)]
    assert usage.pixels_of.sum() == sum((one.pixels != 0).sum() for one in visible)


def test_the_swatches_are_the_last_frames_palettes(
    halscope_session: PluginSession, watch: PaletteWatch, halscope_image: ImageCheck
) -> None:
    halscope_session.play()
    halscope_image.check(watch.usage.swatches(), "swatches")


def test_the_report_is_written_when_the_recording_ends(
    halscope_session: PluginSession, watch: PaletteWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REPORT_VARIABLE, str(tmp_path / "report.txt"))
    halscope_session.play()
    halscope_session.close()
    written = (tmp_path / "report.txt").read_text("utf-8")
    assert written == f"{halscope_session.info.emulator}: {watch.usage.report()}"
    assert "300 frames" in written


def test_a_session_begins_anew(halscope_session: PluginSession, watch: PaletteWatch) -> None:
    assert watch.usage.frames == 0
    halscope_session.step()
    assert watch.usage.frames == 1


def test_notes_about_an_edit_say_what_is_written_where(halscope_session: PluginSession) -> None:
    halscope_session.play(3)
    patch = Patch(rom_sha256="0" * 64, rom=(Write("rom", 0x1234, b"abc"),), summary="A hat for the hero.")
    request = ExportRequest(source=b"", target=b"", copier_header=0, patch=patch)
    exporter = halscope_session.exporter(".txt")
    notes = exporter.create(request).decode()
    assert notes.startswith("A hat for the hero.\n3 bytes at $001234\n\n3 frames\n")
    assert exporter.apply(b"", notes.encode()) is None
