"""The command in the process of the test, where it does not matter that it has a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from pathlib import Path
from typing import Any

from halscope.cli import main


def halscope(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as `support.terminals.halscope` does, without a second to start Python and import everything.

    Args:
        arguments: What follows `halscope` on the command line.
        cwd: The folder that it is run in; by default the current one.
    """
    command = [*map(str, arguments)]
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    out, errors = streams
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors), contextlib.chdir(cwd or Path.cwd()):
        code = main(command)
    printed = [stream.buffer.getvalue().decode() for stream in streams]
    return subprocess.CompletedProcess(command, code, *printed)


def json_of(*arguments: object) -> Any:
    """What the command prints as JSON; it must succeed."""
    done = halscope(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
