"""Recordings: files of snapshots, lossless and seekable, kept small by storing only what changed.

The file format is described in docs/reference/recording.md.
"""

from halscope.formats.recording._file import MAGIC, VERSION
from halscope.formats.recording._frames import PassedFrame
from halscope.formats.recording._optional import trimmed
from halscope.formats.recording._reader import RecordingReader
from halscope.formats.recording._spool import ByteRing, SnapshotSpool
from halscope.formats.recording._writer import KEYFRAME_EVERY, RecordingWriter

__all__ = [
    "KEYFRAME_EVERY",
    "MAGIC",
    "VERSION",
    "ByteRing",
    "PassedFrame",
    "RecordingReader",
    "RecordingWriter",
    "SnapshotSpool",
    "trimmed",
]
