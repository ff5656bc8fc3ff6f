"""Recordings: snapshots in a file, lossless, seekable, and small because only what changed is kept.

docs/reference/recording.md describes the bytes.
"""

from halscope.formats.recording._file import VERSION
from halscope.formats.recording._reader import RecordingReader
from halscope.formats.recording._writer import KEYFRAME_EVERY, RecordingWriter

__all__ = ["KEYFRAME_EVERY", "VERSION", "RecordingReader", "RecordingWriter"]
