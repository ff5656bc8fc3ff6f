"""The interpreter exits while sessions are open, normally, by sys.exit or by Ctrl-C: quickly, with the right exit code
and output, and with complete recordings."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue

import pytest
from halscope.formats.recording import RecordingReader
from halscope.session import Session
from support.made_host import WAIT, MadeHost

TESTS = Path(__file__).parents[1]

SCRIPT = """
import sys, threading, time
from pathlib import Path
from queue import SimpleQueue
sys.path.insert(0, {tests!r})
from halscope.codecs.hal import HAL
from halscope.demo import rom_path
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.session import Session
from support.made_host import MadeHost

with rom_path() as path:
    rom = Rom.load(path)

def build(context):
    while not context.token.cancelled:  # a long scan: C++ is running at exit
        RomIndex.build(rom, [HAL], cancel=context.token.native)

host = MadeHost()
session = Session(host, threads=True, workers=3)
session.start()
kept = [
    session.subscribe(lambda event: None, delivery="own"),
    session.subscribe(lambda event: sum(range(20000)), delivery="own"),
    session.collect(lambda snapshot: None),
]
session.record(Path({recording!r}))
for number in range(3):
    session.run(str(number), build)
for frame in range(60):
    session.tick()
print("ready", flush=True)
"""

ENDINGS = {
    "end": ("", 0),
    "exit": ("sys.exit(3)", 3),
    "error": ("raise SystemExit('bye')", 1),
    "thread": ("threading.Thread(target=time.sleep, args=(0.2,)).start()", 0),
    "gone": ("del host", 0),
    "dropped": ("del session", 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_program_ends_with_a_live_session(tmp_path: Path, ending: str) -> None:
    last, code = ENDINGS[ending]
    recording = tmp_path / "run.hrec"
    script = SCRIPT.format(tests=str(TESTS), recording=str(recording)) + last
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=3 * WAIT, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert "Fatal" not in done.stderr, done.stderr
    with RecordingReader(recording) as reader:
        assert reader.complete
        assert len(reader) == 60


CLOSING = """
class Told:
    def __call__(self, event):
        if isinstance(event, Detached):
            time.sleep(0.3)
            print(event.reason, flush=True)

told = session.subscribe(Told(), delivery="own")
threading.Thread(target=session.close, args=("by a thread",), daemon=True).start()
while session.state is not State.STOPPED:
    time.sleep(0.001)
"""


@pytest.mark.slow
def test_the_end_of_the_program_waits_for_a_thread_that_closes_a_session(tmp_path: Path) -> None:
    recording = tmp_path / "run.hrec"
    head = "from halscope_hooks import Detached\nfrom halscope.session import State\n"
    script = head + SCRIPT.format(tests=str(TESTS), recording=str(recording)) + CLOSING
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=3 * WAIT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["ready", "by a thread"]
    with RecordingReader(recording) as reader:
        assert reader.complete


@pytest.mark.slow
def test_ctrl_c_ends_the_session_and_the_program(tmp_path: Path) -> None:
    recording = tmp_path / "run.hrec"
    script = (
        SCRIPT.format(tests=str(TESTS), recording=str(recording))
        + "\nwith session:\n    for _ in range(600):\n        time.sleep(0.1)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=3 * WAIT)
    assert program.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1, "of the KeyboardInterrupt in the main thread, and no other"
    assert errors.rstrip().endswith("KeyboardInterrupt")
    with RecordingReader(recording) as reader:
        assert reader.complete


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
def test_every_thread_leaves_ctrl_c_to_the_main_one() -> None:
    # A SIGINT that another thread takes does not wake a main thread that sleeps.
    deaf: SimpleQueue[tuple[str, bool]] = SimpleQueue()

    def note(who: str) -> None:
        deaf.put((who, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())))

    host = MadeHost()
    with Session(host, threads=True) as session:
        kept = [
            session.subscribe(lambda _event: note("subscriber"), delivery="own"),
            session.collect(lambda _snapshot: note("tap")),
        ]
        session.run("work", lambda _context: note("codec")).result(WAIT)
        session.preview("work", lambda _context: note("preview"), key=0).result(WAIT)
        session.tick()
        heard: set[tuple[str, bool]] = set()
        while {who for who, _ in heard} != {"subscriber", "tap", "codec", "preview"}:
            heard.add(deaf.get(timeout=WAIT))
        assert all(is_deaf for _, is_deaf in heard), heard
        assert len(kept) == 2
