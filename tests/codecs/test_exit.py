"""A program that exits while daemon threads are in C++ exits quietly. Each case is a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUARD = ROOT / ".ci" / "gil-guard"

PROGRAM = """
import threading, time
import numpy as np
from halscope import PpuRegisters, Snapshot, decode_frame, hal
from halscope.codecs import lz
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping

rng = np.random.default_rng(0)
oam = np.zeros(544, np.uint8)
oam[512:] = 0xAA  # all large, 64×64: so much that the GIL is released
vram, cgram = rng.integers(0, 256, 0x10000, np.uint8), np.zeros(256, np.uint16)
snapshot = Snapshot(vram=vram, cgram=cgram, oam=oam, ppu=PpuRegisters(obsel=0xA3))
noise = rng.integers(0, 256, 0x40000, np.uint8)
packed = bytes([0b111_001_11, 255, 0xA5]) * 60 + b"\\xff"  # runs of 1024 bytes
rom = Rom.from_bytes(noise.tobytes(), "rom", mapping=Mapping.LOROM)

CALLS = {
    "decode_frame": lambda: decode_frame(snapshot),
    "decode": lambda: (hal.decode(packed), lz.decode(packed)),
    "encode": lambda: hal.encode(noise[:3000]),
    "scan": lambda: hal.scan(noise),
    "index": lambda: RomIndex.build(rom, [hal.HAL, lz.LZ2]),
}

def call_again_and_again(call):
    began.release()
    while True:
        call()

began = threading.Semaphore(0)
for _ in range(3):
    threading.Thread(target=call_again_and_again, args=(CALLS[sys.argv[1]],), daemon=True).start()
for _ in range(3):
    began.acquire()
time.sleep(0.05)
garbage = [[n] for n in range(300_000)]  # finalizing takes a while, in which threads come back for the GIL
"""


@pytest.mark.slow
@pytest.mark.parametrize("call", ["decode_frame", "decode", "encode", "scan", "index"])
def test_exiting_while_daemon_threads_are_in_native_code_does_not_abort(call: str) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", "import sys" + PROGRAM, call],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="the lint is a bash script")
def test_the_lint_accepts_our_sources_and_refuses_a_plain_release_or_acquire(tmp_path: Path) -> None:
    def lint(folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([GUARD, folder], capture_output=True, text=True, check=False)

    assert subprocess.run([GUARD], check=False).returncode == 0
    assert ".ci/gil-guard" in (ROOT / ".ci" / "lint").read_text()
    for number, plain in enumerate(
        (
            "std::optional<py::gil_scoped_release> unlocked;",
            "const pybind11::gil_scoped_acquire locked;",
            'module.def("f", &f, py::call_guard<py::gil_scoped_release>());',
            "static py::gil_safe_call_once_and_store<T> storage;",
            "PyThreadState* state = PyEval_SaveThread();",
            "Py_BEGIN_ALLOW_THREADS",
            "const PyGILState_STATE state = PyGILState_Ensure();",
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "fine.cpp").write_text("const GilReleased unlocked;\n")
        assert lint(folder).returncode == 0
        (folder / "plain.cpp").write_text(f"int before;\n{plain}\n")
        refused = lint(folder)
        assert refused.returncode == 1
        assert "plain.cpp:2:" in refused.stdout
        assert "GilReleased" in refused.stderr
    (tmp_path / "0" / "plain.cpp").unlink()
    (tmp_path / "0" / "module.py").write_text("_, number = np.unique(a, return_inverse=True)\n")
    assert lint(tmp_path / "0").returncode == 0
    (tmp_path / "0" / "module.py").write_text("different = np.unique(a)\n")
    refused = lint(tmp_path / "0")
    assert refused.returncode == 1
    assert "module.py:1:" in refused.stdout
    assert "np.bincount" in refused.stderr
