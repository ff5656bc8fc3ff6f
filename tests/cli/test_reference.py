"""The reference of the commands lists every command and every option, and no others."""

import argparse
import re
from pathlib import Path

import pytest
from halscope.cli._arguments import parser

TEXT = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text("utf-8")


def commands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = [a.choices for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(choices)


def actions(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """The arguments of a command, and of the commands below it."""
    found = list(command._actions)
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [below for one in action.choices.values() for below in actions(one)]
    return found


def test_the_parser_of_one_command_is_the_whole_ones() -> None:
    whole = commands()
    for name, expected in whole.items():
        (choices,) = [a.choices for a in parser(name)._actions if isinstance(a, argparse._SubParsersAction)]
        assert choices[name].format_help() == expected.format_help()
        assert len(choices) <= 2, "the others cost time"
    assert parser("no command").format_help() == parser().format_help()


def section(name: str) -> str:
    """The part of the reference under the heading that names the command."""
    for part in TEXT.split("\n## ")[1:]:
        heading, _, body = part.partition("\n")
        if name in heading.split(", "):
            return body
    raise AssertionError(f"docs/reference/commands.md has no section for {name}")


@pytest.mark.parametrize("name", commands())
def test_each_option_is_documented(name: str) -> None:
    apart = ("demo", "cache", "completion")
    body = section(name) + (section("plugins") + section("roms") if name not in apart else "")
    for action in actions(commands()[name]):
        for option in action.option_strings:
            if option.startswith("--") and option not in ("--help", "--output"):
                assert option in body, f"{name}: {option} is not in the reference"


@pytest.mark.parametrize("name", commands())
def test_no_option_is_documented_that_is_not_there(name: str) -> None:
    known = {option for one in commands().values() for action in actions(one) for option in action.option_strings}
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", section(name))) <= known
