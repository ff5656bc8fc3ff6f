"""Reading and writing files: reads are limited in size, writes are atomic."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Buffer, Mapping
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError, UsageError

_TEMPORARY: Final = re.compile(r"\..{1,32}\.[0-9a-f]{16}")
"""Name of a file that was not yet whole."""


def read_limited(path: Path, limit: int, what: str) -> bytes:
    """Return the file's bytes.

    Args:
        path: The file.
        limit: Largest size that such a file may have, in bytes.
        what: What the file is to the user ("ROM", "PNG"), for the message.

    Raises:
        UsageError: The file is missing, a directory, unreadable or too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; give the path of a {what}") from None
    except IsADirectoryError:
        raise UsageError(f"{path}: is a directory; give the path of a {what}") from None
    except ValueError:  # a NUL, which a path that an emulator reports may have
        raise UsageError(f"{str(path)!r}: is not the name of a file; give the path of a {what}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read as a {what}: {error.strerror or error}") from error
    if len(data) > limit:
        raise UsageError(f"{path}: larger than {limit} bytes, which no {what} is; give another file")
    return data


def refuse_same(output: Path, source: Path, what: str) -> None:
    """Refuse to overwrite the input file.

    Args:
        output: The file to be written.
        source: The file that is read.
        what: What the source is to the user ("ROM"), for the message.

    Raises:
        UsageError: Both paths name the same file.
    """
    try:
        same = output.samefile(source)
    except OSError:  # one of them does not exist or cannot be looked at: whoever opens it says so
        return
    if same:
        raise UsageError(f"{output}: is the {what} itself, which is never overwritten; give another name")


def write_atomic(path: Path, data: Buffer) -> None:
    """Write the whole file or nothing: write a temporary file beside it, sync it, rename it over the target.

    Raises:
        HalscopeError: The folder is missing or not writable, or the disk is full. The temporary file is removed, after
            an interrupt too.
    """
    write_all_atomic({path: data})


def write_all_atomic(files: Mapping[Path, Buffer]) -> None:
    """Write several files like `write_atomic`: none takes its place before all are on the disk.

    Raises:
        HalscopeError: One cannot be written; none was changed.
    """
    temporaries: dict[Path, Path] = {}
    path = Path()
    try:
        try:
            for path, data in files.items():
                # Not a whole name: the target's may be as long as the file system allows.
                temporaries[path] = path.parent / f".{path.name[:32]}.{os.urandom(8).hex()}"
                with temporaries[path].open("xb") as file:  # not mkstemp, whose files are private
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            for path, temporary in temporaries.items():
                temporary.replace(path)
        except BaseException:
            for temporary in temporaries.values():
                with contextlib.suppress(OSError):
                    temporary.unlink()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise HalscopeError(f"{path}: cannot be written: {reason}; nothing was changed") from error


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on the disk, where the system can do that (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_temporaries(folder: Path) -> None:
    """Remove what processes that were killed while they wrote a file have left in a folder."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name):
                path.unlink()
