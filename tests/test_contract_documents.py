"""The documents and the manifest say what the code does: a hook or a key without its line fails here."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import halscope
import halscope_hooks
import jsonschema
import pytest
from halscope.app import Plugins
from halscope.demo import truth
from halscope.inject.builders import BLOCK_COLUMNS
from halscope_hooks import hookspecs

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
HOOKS = {name: spec for name, spec in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("halscope_")}


def load(name: str) -> Any:
    return json.loads((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_documented_with_its_arguments(name: str) -> None:
    lines = (ROOT / "docs/reference/hooks.md").read_text("utf-8").splitlines()
    row = next((line for line in lines if line.startswith(f"| `{name}` |")), None)
    assert row is not None, f"docs/reference/hooks.md has no row for {name}"
    assert re.findall(r"`(\w+)`", row.split("|")[2]) == list(inspect.signature(HOOKS[name]).parameters)
    thread, delivery = statement(name)
    assert [cell.strip() for cell in row.split("|")[4:6]] == [thread, delivery]


def statement(name: str) -> tuple[str, str]:
    """What a hookspec's one line says of its thread and its delivery."""
    line = inspect.getdoc(HOOKS[name]) or ""
    assert "\n" not in line, f"{name}: a line each"
    found = re.fullmatch(r".+\. Thread: (host|tap|start|own|any)\. Delivery: (every|newest|once)\.", line)
    assert found, f"{name} does not say its thread and its delivery"
    return found[1], found[2]


@pytest.mark.parametrize("name", HOOKS)
def test_each_hooks_thread_and_delivery_are_tested(name: str) -> None:
    tests = (ROOT / "tests/app/test_hook_threads.py").read_text("utf-8")
    thread, delivery = statement(name)
    assert f'@holds("{name}", thread="{thread}", delivery="{delivery}")' in tests


def test_the_reference_names_no_hook_that_is_not_there() -> None:
    text = (ROOT / "docs/reference/hooks.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(halscope_\w+)` \|", text, re.MULTILINE)) == set(HOOKS)


def test_the_manifest_fits_its_schema_and_its_package() -> None:
    manifest = load("manifest.json")
    jsonschema.Draft202012Validator(load("manifest.schema.json")).validate(manifest)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert manifest["version"] == project["version"] == halscope.__version__
    assert manifest["hook_api"] == halscope_hooks.HOOK_API


def test_the_manifest_names_the_hosts_that_there_are() -> None:
    assert [host["id"] for host in load("manifest.json")["hosts"]] == [host.name for host in Plugins().hosts()]


MEMORY_WORDS = {
    **{name: name.upper() for name in ("rom", "vram", "cgram", "oam", "wram", "iram")},
    "bwram": "BW-RAM",
    "ppu": "registers",
    "cpu": "registers",
    "picture": "picture",
}


@pytest.mark.parametrize("host", load("manifest.json")["hosts"], ids=lambda host: host["id"])
def test_the_guide_says_of_each_host_what_the_manifest_says(host: dict[str, Any]) -> None:
    """What it reads and writes, how it is switched on, and where it was really run."""
    text = (ROOT / "docs/how-to/attach.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| \[?`{host['id']}`.*\|$", text, re.MULTILINE)
    *_, reads, writes, switched_on_by, run_on = (cell.strip() for cell in row.strip("|").split(" | "))
    for cell, memories in ((reads, host["memory"]), (writes, host["writes"])):
        named = set(re.findall("|".join(set(MEMORY_WORDS.values())), cell))
        assert named == {MEMORY_WORDS[memory] for memory in memories}
    assert host["switched_on_by"] in re.sub(r"\[(.*?)\]\(.*?\)", r"\1", switched_on_by)
    assert run_on == host["run_on"]


@pytest.mark.parametrize(
    "change",
    [{"id": "Not An Id"}, {"hook_api": "1"}, {"entry_point": "no colon"}, {"permissions": ["root"]}, {"extra": 1}],
)
def test_the_schema_refuses_a_wrong_manifest(change: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(load("manifest.schema.json"))
    assert not validator.is_valid(load("manifest.json") | change)


def test_the_entry_point_can_be_imported() -> None:
    module, _, name = load("manifest.json")["entry_point"].partition(":")
    assert hasattr(__import__(module, fromlist=[name]), name)


def test_the_tutorial_names_a_block_of_the_demo_rom() -> None:
    text = (ROOT / "docs/tutorial/first-edit.md").read_text("utf-8")
    (offset,) = re.findall(r"extract game\.sfc (0x\w+) --out", text)
    (lead,) = re.findall(r"skips the (\d+) bytes before this block's first tile", text)
    block = next(block for block in truth()["blocks"] if block["offset"] == int(offset, 16))
    assert block["lead"] == int(lead)
    assert block["layout"] == "strip"
    assert block["frame_width"] * block["frames"] == 8 * BLOCK_COLUMNS, "the default does not slice the figures"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page}: {target}"
