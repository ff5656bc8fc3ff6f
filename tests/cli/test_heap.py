"""The heap of a command that runs for hours: one for all threads, so that none keeps what it once needed most."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

THREADS = """
import ctypes, sys, threading
from halscope.cli._heap import share_one_heap
if sys.argv[2] == "shared":
    share_one_heap()
gate = threading.Barrier(8)
def work():
    kept = [bytearray(5000) for _ in range(8)]
    gate.wait(60)
threads = [threading.Thread(target=work) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the system's C library is not glibc")
@pytest.mark.parametrize(("kind", "is_one"), [("shared", True), ("own", False)])
def test_all_threads_share_one_heap(tmp_path: Path, kind: str, is_one: bool) -> None:
    subprocess.run([sys.executable, "-c", THREADS, tmp_path / "heaps.xml", kind], check=True, timeout=120)
    assert ((tmp_path / "heaps.xml").read_text().count("<heap nr=") == 1) is is_one
