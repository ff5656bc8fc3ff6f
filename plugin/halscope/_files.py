"""Reading and writing files: reads are limited in size, writes are atomic."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Buffer
from pathlib import Path

from halscope_hooks import HalscopeError, UsageError


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
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(f"{output}: is the {what} itself, which is never overwritten; give another name")


def write_atomic(path: Path, data: Buffer) -> None:
    """Write the whole file or nothing: write a temporary file beside it, sync it, rename it over the target.

    Raises:
        HalscopeError: The folder is missing or not writable, or the disk is full. The temporary file is removed.
    """
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp creates private files; the result has the usual permissions
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        reason = error.strerror or str(error)
        raise HalscopeError(f"{path}: cannot be written: {reason}; nothing was changed") from error
