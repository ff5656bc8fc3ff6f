"""A command that is forked from a prepared process is what Python would have started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import prepared

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        prepared.prepared is None, reason="only workers have a prepared process (tests/run, pytest -n 2)"
    ),
]


def run(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "halscope", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, timeout=120)


def test_a_forked_command_says_and_writes_what_a_started_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for how in ("forked", "started"):
        if how == "started":
            monkeypatch.setattr(prepared, "prepared", None)
        folder = tmp_path / how
        folder.mkdir()
        (folder / "raw").write_bytes(bytes(range(100)))
        done = [
            run("compress", "raw", "-o", "packed", cwd=folder),
            run("scan", "raw", cwd=folder),
            run("compress", "--nonsense", cwd=folder),
            run("--version", cwd=folder, PYTHONIOENCODING="ascii"),  # started either way
        ]
        assert [one.returncode for one in done] == [0, 1, 2, 0]
        found.append(([(one.stdout, one.stderr) for one in done], (folder / "packed").read_bytes()))
    assert found[0] == found[1]


def test_it_is_a_child_with_the_streams_and_the_group_that_were_asked_for(tmp_path: Path) -> None:
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "halscope", "attach", "mesen2", "--headless"],
            cwd=tmp_path, stdout=said, stderr=said, process_group=0,
        )  # fmt: skip
        try:
            status = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            assert b"support.prepared" in Path(f"/proc/{process.pid}/cmdline").read_bytes(), "it was not forked"
            assert int(status[1]) == os.getpid()
            while os.getpgid(process.pid) != process.pid:
                assert process.poll() is None
        finally:
            process.send_signal(signal.SIGKILL)
            assert process.wait(60) == -signal.SIGKILL
