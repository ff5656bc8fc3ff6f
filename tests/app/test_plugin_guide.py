"""The guide's plugin loads exactly as printed on the page, and does what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from halscope.app import Plugins
from halscope.ppu import decode_frame
from halscope_hooks import ExportRequest, Patch, PpuRegisters, Snapshot, Write

PAGE = (Path(__file__).parents[2] / "docs/how-to/write-a-plugin.md").read_text("utf-8")


def block(after: str) -> str:
    """The first block of code behind a line of the page."""
    found = re.search(re.escape(after) + r".*?```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, after
    return found[1]


def guide_plugin(folder: Path) -> Plugins:
    (folder / "sparkle").mkdir()
    (folder / "sparkle/manifest.json").write_text(block("`sparkle/manifest.json`:"))
    (folder / "sparkle/sparkle.py").write_text(block("`sparkle/sparkle.py`:"))
    plugins = Plugins(folders=[folder / "sparkle"])
    assert plugins.refused == ()
    return plugins


def test_the_guides_plugin_counts_sprites(tmp_path: Path) -> None:
    plugins = guide_plugin(tmp_path)
    snapshot = Snapshot(
        vram=np.full(0x10000, 0x55, np.uint8),
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
        ppu=PpuRegisters(obsel=0),
    )
    plugins.dispatch("halscope_update", frame=decode_frame(snapshot))
    (report,) = [hook for hook in plugins.hooks if hook.hook == "halscope_update"]
    assert (report.plugin, report.calls, report.failures) == ("sparkle", 1, 0)


def test_the_guides_plugin_writes_listings(tmp_path: Path) -> None:
    exporter = guide_plugin(tmp_path).exporter(Path("edit.asm"))
    patch = Patch("", (Write("rom", 0x1234, b"\x12\xab"),))
    listing = exporter.create(ExportRequest(b"", b"", 0, patch))
    assert listing == b"norom\n; 2 bytes\norg $001234\ndb $12,$AB\n"
    assert exporter.apply(b"", listing) is None


def test_the_guides_other_pieces_are_what_they_should_be() -> None:
    permissions: dict[str, Any] = json.loads("{" + block("To write into the game").strip() + "}")
    assert permissions == {"permissions": ["live-writes"]}
    assert 'sparkle = "sparkle.plugin:plugin"' in block("Make a package")
