"""What an author of a plugin is told about a mistake, and that the mistake stays the plugin's own."""

from __future__ import annotations

import json
import logging
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Plugins, Workspace
from halscope.cli import main
from halscope.codecs.hal import HalError
from halscope.plugins import DETACH_SECONDS
from halscope.session import Session
from halscope_hooks import (
    CodecError,
    Detached,
    Host,
    HostInfo,
    JobFailed,
    Patch,
    PpuRegisters,
    SessionApi,
    Snapshot,
    Update,
    Write,
    WriteReceipt,
    hookimpl,
)
from support.plugin_folder import write_plugin
from support.roms import make_rom
from support.terminals import halscope

TIMEOUT = 60.0
FIRST = Snapshot(
    vram=np.zeros(0x10000, np.uint8),
    cgram=np.zeros(256, np.uint16),
    oam=np.zeros(544, np.uint8),
    ppu=PpuRegisters(obsel=0),
)

# Blocks of the codec "marked": "SPARKLE!", a length, and the bytes.
CODEC = """
MARK = b"SPARKLE!"
class Marked:
    name = "marked"
    def decode(self, data, offset=0):
        rom = bytes(data)
        if rom[offset:offset + 8] != MARK:
            raise CodecError("no mark", offset)
        size = int.from_bytes(rom[offset + 8:offset + 10], "little")
        return Block(np.frombuffer(rom[offset + 10:offset + 10 + size], np.uint8), 10 + size, offset)
    def encode(self, data):
        return MARK + len(bytes(data)).to_bytes(2, "little") + bytes(data)
    def scan(self, rom, *, window=0):
        rom, found, at = bytes(rom), [], -1
        while (at := rom.find(MARK, at + 1)) >= 0:
            size = int.from_bytes(rom[at + 8:at + 10], "little")
            found.append((at, 10 + size, size))
        return np.array(found, [("offset", "u4"), ("packed_size", "u4"), ("size", "u4")])
class Plugin:
    @hookimpl
    def halscope_codecs(self):
        return [Marked()]
plugin = Plugin()
"""


class Still:
    """A host that is attached and left alone, or that does something at each step."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self.info = HostInfo("still", "a test", writable=frozenset({"vram"}), capabilities=frozenset({"driven"}))
        self._act = act

    def step(self) -> Snapshot | None:
        self._act()
        return FIRST

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        self._act()
        return WriteReceipt(done=True)

    def close(self) -> None:
        self._act()


def test_a_codec_error_takes_the_reason_first_and_says_so_to_those_who_do_not() -> None:
    error = CodecError("no mark", 0x10)
    assert (str(error), error.reason, error.offset) == ("at offset 0x10: no mark", "no mark", 0x10)
    assert CodecError("too long").offset == 0
    copy = pickle.loads(pickle.dumps(HalError("cut off", 3)))
    assert (type(copy), copy.reason, copy.offset) == (HalError, "cut off", 3)
    with pytest.raises(TypeError, match=r"CodecError\(reason, offset\): the reason is text and comes first, not 16"):
        CodecError(16, "no mark")  # type: ignore[arg-type]


@pytest.mark.parametrize("hook", ["codecs", "hosts", "exporters", "games"])
@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "returned nothing; return a list of "),
        ("7", "returned a int; return a list of "),
        ("[object()]", "returned a object, which is not a "),
        ("iter([sys.exit(4)])", "it called sys.exit(4)"),
        ("(sys.exit(4) for _ in range(2))", "it called sys.exit(4)"),
    ],
)
def test_a_hook_that_returns_no_parts_is_reported_as_that(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, hook: str, returned: str, message: str
) -> None:
    body = f"    @hookimpl\n    def halscope_{hook}(self):\n        return {returned}\n"
    code = f"import sys\nclass P:\n{body}plugin = P()\n"
    with caplog.at_level(logging.ERROR, "halscope.plugins"):
        Plugins(folders=[write_plugin(tmp_path, code)])
    assert f"plugin sparkle: halscope_{hook} failed: " in caplog.text
    assert message in caplog.text


def test_a_hook_may_return_an_empty_list(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = "class P:\n    @hookimpl\n    def halscope_codecs(self):\n        return []\nplugin = P()\n"
    Plugins(folders=[write_plugin(tmp_path, code)])
    assert caplog.text == ""


def test_what_a_part_lacks_is_named_with_what_it_has_instead(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = CODEC.replace("def decode(", "def decod(").replace(
        "    def encode(self, data):", "    def pack(self, data):"
    )
    with caplog.at_level(logging.ERROR, "halscope.plugins"):
        Plugins(folders=[write_plugin(tmp_path, code)])
    assert "a Marked, which is not a Codec: it lacks decode (it has decod), encode" in caplog.text


def marked_rom(folder: Path) -> Path:
    image = bytearray(make_rom(size=0x20000))
    tiles = np.random.default_rng(1).integers(0, 256, 640).astype(np.uint8).tobytes()
    image[0x8000 : 0x8000 + 650] = b"SPARKLE!" + (640).to_bytes(2, "little") + tiles
    path = folder / "marked.sfc"
    path.write_bytes(image)
    return path


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("!= MARK", "== MARK"), "scan lists a stream at 0x8000, decode refuses it: no mark"),
        (("np.uint8), 10 + size", "np.uint8)[1:], 10 + size"), "at 0x8000, of 650 bytes with 640 bytes of output"),
        (("np.uint8), 10 + size", "np.uint8), 9 + size"), "decode says 649 and 640"),
    ],
)
def test_a_stream_that_decode_and_scan_disagree_on_is_named_and_the_index_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, wrong: tuple[str, str], message: str
) -> None:
    rom = marked_rom(tmp_path)
    for attempt in ("first", "second"):
        caplog.clear()
        with caplog.at_level(logging.ERROR, "halscope.plugins"):
            folder = write_plugin(tmp_path / attempt, CODEC.replace(*wrong))
            Workspace.open(rom, Plugins(folders=[folder])).index()
        assert "plugin sparkle: halscope_codecs failed: ValueError: the codec marked contradicts itself" in caplog.text
        assert message in caplog.text


NOISY = """
import os, sys
print("at import")
class Loud(Marked):
    name = "loud"
    def __getattribute__(self, attribute):
        print("attribute", attribute)
        return super().__getattribute__(attribute)
    def scan(self, rom, *, window=0):
        print("scan")
        sys.stdout.write("written\\n")
        sys.stdout.flush()
        return super().scan(rom, window=window)
class Frozen:
    def __init__(self, file):
        print("opened")
        self.info = HostInfo("frozen", "a picture", capabilities=frozenset({"driven"}))
        self.left = 2
    def step(self):
        print("step")
        self.left -= 1
        return None if self.left < 0 else Snapshot(
            vram=bytes(65536), cgram=bytes(512), oam=bytes(544), ppu=PpuRegisters(obsel=0), frame=2 - self.left)
    def write(self, writes):
        print("write")
        return WriteReceipt(done=True)
    def close(self):
        print("close")
class Factory:
    name = "frozen"
    description = "two pictures"
    def open(self, request):
        return Frozen(request.file)
class Noisy:
    @hookimpl
    def halscope_codecs(self):
        print("codecs")
        return [Loud()]
    @hookimpl
    def halscope_hosts(self):
        return [Factory()]
    @hookimpl
    def halscope_attached(self, session):
        print("attached")
        self.handle = session.subscribe(lambda event: print("event", file=sys.stdout))
        session.run("talk", lambda control: print("job")).result(60)
    @hookimpl
    def halscope_snapshot(self, snapshot):
        print("snapshot")
    @hookimpl
    def halscope_update(self):
        print("update")
    @hookimpl
    def halscope_detached(self):
        print("detached")
plugin = Noisy()
"""


def test_what_a_plugin_prints_is_not_in_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(write_plugin(tmp_path, CODEC + NOISY))
    rom = str(marked_rom(tmp_path))
    assert main(["scan", rom, "--json", "--min-score", "0", "--plugin", folder]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["blocks"], "one document, and nothing else"
    assert all(word in err for word in ("at import", "codecs", "attribute name", "scan", "written"))
    assert main(["play", rom, "--frames", "2", "--json", "--host", "frozen", "--plugin", folder]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["frame"] for line in out.splitlines()] == [1, 2]
    words = ("opened", "step", "attached", "event", "job", "snapshot", "update", "close", "detached")
    assert [word for word in words if f"{word}\n" not in err] == []


def test_other_threads_do_not_print_into_the_json_either(capsys: pytest.CaptureFixture[str]) -> None:
    from halscope._output import command_output

    with command_output():
        print("the command's own")
        thread = threading.Thread(target=print, args=("another thread's",))
        thread.start()
        thread.join(TIMEOUT)
    assert capsys.readouterr() == ("the command's own\n", "another thread's\n")
    print("after it")
    assert capsys.readouterr().out == "after it\n"


RAW = """
import atexit, ctypes, os, subprocess, sys, threading
libc = ctypes.CDLL(None)
os.write(1, b"written at import\\n")
atexit.register(lambda: os.write(1, b"written at exit\\n"))
atexit.register(lambda: print("printed at exit"))
class Writing:
    @hookimpl
    def halscope_codecs(self):
        os.write(1, b"written in a hook\\n")
        print("around sys.stdout", file=sys.__stdout__, flush=True)
        subprocess.run(["echo", "from a child"])
        libc.puts(b"from C")  # in a pipe it stays in C's own buffer until the process exits
        thread = threading.Thread(target=os.write, args=(1, b"from a thread\\n"))
        thread.start()
        thread.join()
        return []
plugin = Writing()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the plugin calls the C library and a program of POSIX")
def test_what_a_plugin_writes_around_python_is_not_in_the_json(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path, RAW)
    arguments = ("scan", marked_rom(tmp_path), "--json", "--plugin", folder)
    done = halscope(*arguments)
    assert done.returncode == 0, done.stderr
    assert "blocks" in json.loads(done.stdout)
    words = ("written at import", "written in a hook", "around sys.stdout", "from a child", "from a thread", "from C")
    assert [word for word in (*words, "written at exit", "printed at exit") if f"{word}\n" not in done.stderr] == []


@pytest.mark.skipif(sys.platform == "win32", reason="the plugin calls the C library and a program of POSIX")
def test_standard_output_is_the_callers_again_after_a_command(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path, RAW)
    program = f"""
import os
from halscope.cli import main
print("before")
main(["scan", {str(marked_rom(tmp_path))!r}, "--json", "--plugin", {str(folder)!r}])
print("after", flush=True)
os.write(1, b"raw\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    first, document, *rest = done.stdout.splitlines()
    assert first == "before"
    assert "blocks" in json.loads(document)
    assert rest[:2] == ["after", "raw"]


EXITS = {
    "decode": (CODEC.replace("rom = bytes(data)\n        if", "raise SystemExit(5)\n        if"), "decompress"),
    "encode": (CODEC.replace("return MARK + len", "raise SystemExit(5)\n        return MARK + len"), "compress"),
}


@pytest.mark.parametrize("part", EXITS)
def test_a_codec_that_exits_is_an_error_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    code, command = EXITS[part]
    data = marked_rom(tmp_path)
    if command == "compress":
        data.write_bytes(b"data")
    place = ["0x8000"] if command == "decompress" else []
    plugin = ["--plugin", str(write_plugin(tmp_path, code))]
    assert main([command, str(data), *place, "-o", str(tmp_path / "out"), "--codec", "marked", *plugin]) == 1
    assert "the codec marked of plugin sparkle failed: it called sys.exit(5)" in capsys.readouterr().err


class Busy:
    """Runs a job and subscribes; both fail as they are told to."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self.failures: list[tuple[str, str]] = []

    @hookimpl
    def halscope_attached(self, session: SessionApi) -> None:
        self._handle = session.subscribe(self._see, Update)
        session.run("count", lambda control: self._act())

    def _see(self, event: object) -> None:
        self._act()

    @hookimpl
    def halscope_job_failed(self, job: str, plugin: str) -> None:
        self.failures.append((job, plugin))


def divide() -> object:
    return 1 // 0


def leave() -> object:
    return sys.exit(2)


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("act", [divide, leave])
def test_the_failure_of_a_plugins_job_or_callback_names_the_plugin(threads: bool, act: Callable[[], object]) -> None:
    busy, host = Busy(act), Still()
    failed: list[JobFailed] = []
    session = Session(host, threads=threads, dispatch=Plugins([busy]).dispatch)
    handle = session.subscribe(failed.append, JobFailed)  # type: ignore[arg-type]  # it gets this kind alone
    with session:
        until = time.monotonic() + TIMEOUT
        while len({failure.job for failure in failed}) < 2:
            assert time.monotonic() < until
            session.submit(FIRST)
            session.pump()
            time.sleep(0.001)
    handle.close()
    names = {failure.job: failure.plugin for failure in failed}
    assert names == {"plugin Busy-1: count": "Busy-1", "subscription plugin Busy-1": "Busy-1"}
    assert set(busy.failures) == set(names.items())


class Hanging:
    """Does not return from its last hook until it may."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    @hookimpl
    def halscope_detached(self) -> None:
        self.begun.set()
        self.go_on.wait(TIMEOUT * 10)


class Polite:
    """Notes that it was told."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    @hookimpl
    def halscope_detached(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [False, True])
def test_a_plugin_that_hangs_when_it_is_detached_is_named_and_left_behind(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, threads: bool
) -> None:
    assert DETACH_SECONDS == 5.0, "as the documents say"
    monkeypatch.setattr("halscope.plugins._plugins.DETACH_SECONDS", 0.3)
    hanging, before, after, host = [Hanging(), Hanging()], Polite(), Polite(), Still()
    plugins = Plugins([before, *hanging, after])
    last: list[Detached] = []
    session = Session(host, threads=threads, dispatch=plugins.dispatch)
    handle = session.subscribe(last.append, Detached)  # type: ignore[arg-type]  # it gets this kind alone
    session.start()
    began = time.monotonic()
    with caplog.at_level(logging.ERROR, "halscope.plugins"):
        session.close("that is all")
    assert 0.3 < time.monotonic() - began < TIMEOUT
    assert (before.reasons, after.reasons) == (["that is all"], ["that is all"])
    assert [event.reason for event in last] == ["that is all"]
    for number in (2, 3):
        assert f"plugin Hanging-{number}: halscope_detached has not returned after 0." in caplog.text
    for one in hanging:
        assert one.begun.is_set()
        one.go_on.set()
    del handle


def test_the_host_itself_is_told_of_its_end_on_its_own_thread() -> None:
    class Hooked(Still):
        ended: int | None = None

        @hookimpl
        def halscope_detached(self) -> None:
            Hooked.ended = threading.get_ident()

    host: Host = Hooked()
    with Session(host, dispatch=Plugins().dispatch) as session:
        session.apply(Patch("", (), (Write("vram", 0, b"x"),)))
    assert Hooked.ended == threading.get_ident()


@pytest.mark.slow
def test_doctor_fails_for_a_refused_plugin_that_was_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "halscope.app._doctor_cores.available_cores", list
    )  # starting them is slow, and tested elsewhere
    assert main(["doctor", "--json", "--plugin", str(write_plugin(tmp_path, "plugin = 1", "bad"))]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["plugin bad"]["state"] == "fail"
