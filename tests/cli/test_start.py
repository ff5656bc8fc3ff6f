"""The command starts fast, without needless imports, and Ctrl-C prints no traceback, however early."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from halscope import hal
from halscope.cli import main
from halscope.cli._arguments import parser
from halscope.cli._main import command
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter
from PIL import Image
from support.edit_scene import make_snapshot

pytestmark = pytest.mark.usefixtures("started_as_ever")

# Prints the modules that the command has loaded; on standard error, as --help has the other one.
LOADED = """
import sys
before = set(sys.modules)
from halscope.cli import main
code = main(sys.argv[1:])
print(*sorted(set(sys.modules) - before), sep="\\n", file=sys.stderr)
sys.exit(code)
"""
# What SIGINT does during the import of a module.
INTERRUPTED = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == interrupted:
            os.kill(os.getpid(), signal.SIGINT)

interrupted, sys.argv[1:] = sys.argv[1], ["scan", "no-such.sfc"]
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupting())
from halscope.cli import main
code = main()
print("the end")
sys.exit(code)
"""


def commands() -> list[str]:
    (choices,) = [action.choices for action in parser()._actions if action.dest == "command"]
    assert choices is not None
    return list(choices)


def loaded(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("halscope 0.", "usage: halscope"))
    return set(done.stderr.split())


def heavy(modules: set[str]) -> set[str]:
    """The packages of others, and the rooms."""
    light = {"halscope.cli", "halscope._output", "halscope._version"}
    rooms = {".".join(name.split(".")[:2]) for name in modules if name.startswith("halscope.")}
    return (
        modules & {"numpy", "pluggy", "PIL", "rich", "shtab", "asyncio", "platformdirs", "typing", "logging"}
    ) | rooms - light


def test_the_version_is_printed_without_a_parser_or_a_room() -> None:
    modules = loaded("--version")
    assert not heavy(modules)
    assert "argparse" not in modules
    assert len(modules) < 16, "11 when this was written; the time is measured by tests/benchmarks/test_start_speed.py"


def test_the_version_is_the_same_where_the_parser_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    short = capsys.readouterr().out
    assert main(["--version", "scan"]) == 0
    assert capsys.readouterr().out == short


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in commands())], ids=" ".join)
def test_help_is_printed_without_a_room(arguments: list[str]) -> None:
    modules = loaded(*arguments)
    assert not heavy(modules)
    assert len(modules) < 80, "64 when this was written, argparse and what it needs among them"


@pytest.mark.parametrize("name", commands())
def test_each_command_of_the_parser_is_run_by_something(name: str) -> None:
    assert callable(command(name))


def test_a_command_imports_none_of_the_others() -> None:
    code = "import sys; from halscope.cli._main import command; command('compress'); print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    others = {f"halscope.cli.{name}" for name in ("demo", "play", "scan", "inspect", "edit", "record", "doctor")}
    assert not others & set(modules.split())
    assert "halscope.cli.blocks" in modules.split()


def test_a_game_whose_core_has_a_process_of_its_own_does_not_load_what_runs_cores() -> None:
    code = "import sys, halscope.hosts.embedded; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    ).stdout.split()
    assert "halscope.hosts.embedded.host" in modules
    assert "libretro" not in modules, "a fifth of a second"


# What a command may load, beside what every one that does something needs: numpy, plugins, codecs.
NEEDS = {
    "compress": set(),
    "decompress": set(),
    "scan": {"PIL", "halscope.inject", "halscope.project"},
    "locate": {"PIL", "halscope.inject", "halscope.project"},
    "extract": {"PIL", "halscope.formats", "halscope.inject", "halscope.project"},
    "inject": {"PIL", "halscope.formats", "halscope.inject", "halscope.project"},
    "inspect": {"PIL", "halscope.formats", "halscope.inject"},
    "replay": {"PIL", "asyncio", "halscope.formats", "halscope.inject", "halscope.session", "halscope.hosts"},
    "completion": {"shtab"},
}
OF_FEW = {
    *("PIL", "rich", "shtab", "asyncio", "libretro"),
    *(f"halscope.{room}" for room in ("session", "project", "hosts", "formats", "inject", "demo")),
}


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, list[object]]:
    """A call of each of these commands that runs to its end."""
    rom, raw, packed = tmp_path / "game.sfc", tmp_path / "raw", tmp_path / "packed"
    with rom_path() as path:
        rom.write_bytes(path.read_bytes())
    raw.write_bytes(bytes(64))
    packed.write_bytes(hal.encode(bytes(64)))
    sheet = tmp_path / "sheets/hal-035d23.png"
    assert main(["extract", str(rom), "0x35D23", "--out", str(tmp_path / "sheets")]) == 0
    with Image.open(sheet) as image:
        image.paste(0, (0, 0, 8, 8))
        image.save(sheet)
    dumps = []
    for name, size in (("vram.dmp", 0x10000), ("cgram.dmp", 512), ("oam.dmp", 544)):
        dumps.append(tmp_path / name)
        dumps[-1].write_bytes(bytes(size))
    with RecordingWriter(tmp_path / "run.hrec") as writer:
        writer.append(make_snapshot(bytes(64), []))
    return {
        "compress": [raw, "-o", tmp_path / "out"],
        "decompress": [packed, "0", "-o", tmp_path / "out"],
        "scan": [rom],
        "locate": [rom, raw],
        "extract": [rom, "0x35D23", "--out", tmp_path / "other"],
        "inject": [rom, sheet, "-o", tmp_path / "out.bps"],
        "inspect": [*dumps, "--obsel", "0x63", "--out", tmp_path / "sprites"],
        "replay": [tmp_path / "run.hrec"],
        "completion": ["bash"],
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", NEEDS)
def test_a_command_loads_only_what_it_needs(name: str, arguments: dict[str, list[object]]) -> None:
    command_line = [sys.executable, "-c", LOADED, name, *map(str, arguments[name])]
    done = subprocess.run(command_line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    modules = set(done.stderr.split())
    rooms = {".".join(module.split(".")[:2]) for module in modules}
    assert OF_FEW & (modules | rooms) <= NEEDS[name]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "module",
    [
        "halscope.cli._main",
        "argparse",
        "halscope.cli.scan",
        "numpy",
        "numpy._core._multiarray_umath",
        "halscope._codec",
        "halscope.app._workspace",
        "halscope.plugins._plugins",
    ],
)
def test_an_interrupt_during_an_import_ends_the_command_with_one_line(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr == "halscope: interrupted\n"
    assert done.returncode == 130


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("module", ["argparse", "numpy", "halscope._codec"])
def test_a_termination_during_an_import_ends_the_command_with_one_line(module: str) -> None:
    program = INTERRUPTED.replace("os.kill(os.getpid(), signal.SIGINT)", "os.kill(os.getpid(), signal.SIGTERM)")
    done = subprocess.run(
        [sys.executable, "-c", program, module], capture_output=True, text=True, timeout=120, check=False
    )
    if module == "argparse":  # before the handler is there the system ends the process
        assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
    else:
        assert (done.returncode, done.stderr) == (143, "halscope: terminated\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("module", ["halscope.cli", "halscope.cli._main", "argparse", "numpy"])
def test_an_interrupt_during_the_start_of_the_program_prints_no_traceback(module: str) -> None:
    program = INTERRUPTED.replace("from halscope.cli import main", "from halscope._start import program")
    program = program.replace("main()", "program()")
    done = subprocess.run(
        [sys.executable, "-c", program, module], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) in ((-signal.SIGINT, ""), (130, "halscope: interrupted\n"))


def test_nothing_is_imported_before_the_start_handles_interrupts() -> None:
    program = """
import sys
before = set(sys.modules)

class Stopping:
    def find_spec(self, name, path=None, target=None):
        if name == "halscope.cli":
            print(*sorted(set(sys.modules) - before))
            sys.exit()

sys.meta_path.insert(0, Stopping())
from halscope._start import program
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    modules = set(done.stdout.split())
    assert {name for name in modules if name.startswith("halscope")} == {"halscope", "halscope._start"}
    assert not modules & {"__future__", "signal", "enum", "typing", "re"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_at_the_very_end_is_silent() -> None:
    program = """
import atexit, os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
atexit.register(lambda: (os.kill(os.getpid(), signal.SIGINT), sum(range(1000))))
sys.argv = ["halscope", "--version"]
runpy.run_module("halscope", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("halscope ")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_who_ignores_interrupts_is_not_interrupted() -> None:
    ignoring = INTERRUPTED.replace("signal.default_int_handler)", "signal.SIG_IGN)")
    done = subprocess.run(
        [sys.executable, "-c", ignoring, "numpy"], capture_output=True, text=True, timeout=120, check=False
    )
    assert "no such file" in done.stderr
    assert done.returncode == 2


def test_the_handler_of_the_caller_is_there_again_when_the_command_has_run(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert main(["scan", "no-such.sfc"]) == 2
    assert signal.getsignal(signal.SIGINT) is before
    assert "no such file" in capsys.readouterr().err
