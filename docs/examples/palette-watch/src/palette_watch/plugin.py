"""The plugin: watches the frames of a session, and writes notes about an edit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from halscope_hooks import Exporter, ExportRequest, Frame, HostInfo, hookimpl

from palette_watch.usage import Usage

REPORT_VARIABLE: Final = "PALETTE_WATCH"
"""Environment variable with the file that the report is written to when the game or recording ends."""


class Notes:
    """Exports an edit as notes for a patch's readme: what is written where, and which palettes the game showed."""

    suffixes = (".txt",)
    description = "notes about an edit"

    def __init__(self, watch: PaletteWatch) -> None:
        self._watch = watch

    def create(self, request: ExportRequest) -> bytes:
        """One line per write, then the report."""
        lines = [request.patch.summary or "An edit."]
        lines += [f"{len(write.data)} bytes at ${write.offset:06X}" for write in request.patch.rom]
        if self._watch.usage.frames:
            lines += ["", self._watch.usage.report()]
        return "\n".join(lines).encode() + b"\n"

    def apply(self, source: bytes, data: bytes) -> None:  # noqa: ARG002 - the contract's names
        """Notes cannot be read back."""
        return


class PaletteWatch:
    """The object that `manifest.json` names. Watches one session at a time, each from zero."""

    def __init__(self) -> None:
        self.usage = Usage()

    @hookimpl
    def halscope_attached(self) -> None:
        """Start counting from zero."""
        self.usage = Usage()

    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        """Count the frame."""
        self.usage.add(frame)

    @hookimpl
    def halscope_detached(self, host: HostInfo) -> None:
        """Write the report if one was requested."""
        if (path := os.environ.get(REPORT_VARIABLE)) is not None:
            Path(path).write_text(f"{host.emulator}: {self.usage.report()}", "utf-8")

    @hookimpl
    def halscope_exporters(self) -> list[Exporter]:
        """The notes exporter."""
        return [Notes(self)]


plugin = PaletteWatch()
