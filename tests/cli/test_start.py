"""The command starts fast, without needless imports, and Ctrl-C prints no traceback, however early."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from halscope.cli._arguments import parser
from halscope.cli._main import command

# Prints the modules that are loaded once the command has run; on standard error, as --help has the other one.
LOADED = """
import sys
from halscope.cli import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
sys.exit(code)
"""
# What SIGINT does during the import of a module.
INTERRUPTED = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupting())
from halscope.cli import main
code = main(["scan", "no-such.sfc"])
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
    light = {"halscope.cli", "halscope._version"}
    rooms = {".".join(name.split(".")[:2]) for name in modules if name.startswith("halscope.")}
    return (modules & {"numpy", "pluggy", "PIL", "tqdm", "platformdirs", "typing", "logging"}) | rooms - light


def test_the_version_is_printed_without_a_parser_or_a_room() -> None:
    modules = loaded("--version")
    assert not heavy(modules)
    assert "argparse" not in modules


def test_the_version_is_the_same_where_the_parser_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    from halscope.cli import main

    assert main(["--version"]) == 0
    short = capsys.readouterr().out
    assert main(["--version", "scan"]) == 0
    assert capsys.readouterr().out == short


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in commands())], ids=" ".join)
def test_help_is_printed_without_a_room(arguments: list[str]) -> None:
    assert not heavy(loaded(*arguments))


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
    ],
)
def test_an_interrupt_during_an_import_ends_the_command_with_one_line(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr == "halscope: interrupted\n"
    assert done.returncode == 130


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_who_ignores_interrupts_is_not_interrupted() -> None:
    ignoring = INTERRUPTED.replace("signal.default_int_handler)", "signal.SIG_IGN)")
    done = subprocess.run(
        [sys.executable, "-c", ignoring, "numpy"], capture_output=True, text=True, timeout=120, check=False
    )
    assert "no such file" in done.stderr
    assert done.returncode == 2


def test_the_handler_of_the_caller_is_there_again_when_the_command_has_run(capsys: pytest.CaptureFixture[str]) -> None:
    from halscope.cli import main

    before = signal.getsignal(signal.SIGINT)
    assert main(["scan", "no-such.sfc"]) == 2
    assert signal.getsignal(signal.SIGINT) is before
    assert "no such file" in capsys.readouterr().err
