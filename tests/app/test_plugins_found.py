"""Plugins in folders and installed ones are found, checked before their code runs, and refused by name if broken."""

from __future__ import annotations

import importlib
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from halscope.app import Plugins
from halscope.plugins import Grants
from halscope_hooks import HOOK_API, PluginError, UsageError
from support.plugin_folder import HEAD, manifest, write_plugin

pytestmark = pytest.mark.quick

GOOD = """
class Plugin:
    @hookimpl
    def halscope_update(self, frame): ...
plugin = Plugin()
"""


def names(plugins: Plugins) -> list[str]:
    return [plugin.name for plugin in plugins.loaded if plugin.source != "built in"]


def test_our_own_parts_are_plugins_of_their_own_names() -> None:
    built_in = [plugin.name for plugin in Plugins().loaded]
    assert built_in == ["halscope-hosts", "halscope-codecs", "halscope-exporters", "halscope-games"]


def test_a_folder_with_a_manifest_is_a_plugin(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path, GOOD)
    (plugin,) = [one for one in Plugins(folders=[folder]).loaded if one.source == str(folder)]
    assert (plugin.name, plugin.version) == ("sparkle", "1.2.3")


def test_two_plugins_may_have_modules_of_one_name_and_sys_path_stays(tmp_path: Path) -> None:
    before = list(sys.path)
    code = "from .helper import WHO\nclass Plugin:\n    who = WHO\n    @hookimpl\n    def halscope_codecs(self):\n"
    folders = []
    for name in ("one", "two"):
        folder = write_plugin(tmp_path, code + "        raise RuntimeError(self.who)\nplugin = Plugin()\n", name)
        (folder / "helper.py").write_text(f"WHO = {name!r}\n")
        folders.append(folder)
    plugins = Plugins(folders=folders)
    assert names(plugins) == ["one", "two"]
    assert [(hook.plugin, hook.failures) for hook in plugins.hooks if hook.failures] == [("one", 1), ("two", 1)]
    assert sys.path == before
    assert "main" not in sys.modules


@pytest.mark.parametrize(
    ("code", "changes", "reason"),
    [
        (GOOD, {"hook_api": HOOK_API + 1}, "install a newer Halscope"),
        ("import no_such_module_anywhere", {}, "cannot be imported.*No module named 'no_such_module_anywhere'"),
        ("raise RuntimeError('at import')", {}, "cannot be imported.*RuntimeError: at import"),
        ("raise RuntimeError('\\ud800\\nx')", {}, r"RuntimeError: \\ud800 x"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", {}, r"E: <exception str\(\) failed>"),
        ("raise SystemExit(3)", {}, r"cannot be imported.*it called sys.exit\(3\).*main.py, line 4\)"),
        ("import sys\nsys.exit()", {}, r"cannot be imported.*it called sys.exit\(None\).*main.py, line 5\)"),
        ("1\n1\ndef broken(:", {}, r"cannot be imported.*SyntaxError: .*broken/main.py, line 6\)"),
        ("x = '\\N{no}'", {}, r"cannot be imported.*SyntaxError: .*broken/main.py, line 4\)"),
        ("if 1:\nx = 2", {}, r"cannot be imported.*IndentationError: .*broken/main.py, line 5\)"),
        ("\n\nraise RuntimeError('no')", {}, r"RuntimeError: no \(.*broken/main.py, line 6\)"),
        ("from .gone import x", {}, r"No module named .*gone' \(.*broken/main.py, line 4\)"),
        ("other = 1", {}, "cannot be imported.*has no attribute 'plugin'"),
        (GOOD, {"entry_point": "elsewhere:plugin"}, r"No module named '.*elsewhere'"),
        ("plugin = object()", {}, "has no hook; mark its functions"),
        (GOOD.replace("    @hookimpl\n", ""), {}, "halscope_update: not marked; mark it with halscope_hooks.hookimpl"),
        (GOOD + "plugin.halscope_codecs = list", {}, "halscope_codecs: not marked"),
        (GOOD.replace("Plugin()", "Plugin"), {}, "is the class Plugin; give an instance"),
        (GOOD.replace("_update", "_updaet"), {}, r"halscope_updaet is not a hook \(did you mean halscope_update\?\)"),
        (GOOD.replace("halscope_update", "detach"), {}, r"detach is not a hook \(did you mean halscope_detached\?\)"),
        (GOOD.replace("halscope_update", "halscope_x"), {}, r"halscope_x is not a hook; see docs/reference/hooks.md"),
        (GOOD.replace("frame)", "picture)"), {}, r"no argument picture; it has the arguments frame.*see docs/"),
        (GOOD.replace("frame)", "frames, origins)"), {}, r"no argument frames \(did you mean frame\?\); it has"),
        (
            GOOD.replace("_update(self, frame", "_games(self, frame"),
            {},
            "halscope_games has no argument frame; it has no",
        ),
        (GOOD.replace("    def", "    async def"), {}, "is a coroutine or generator function"),
        (GOOD.replace("@hookimpl", "@hookimpl(wrapper=True)").replace("...", "yield"), {}, "wrapper"),
        ("class P:\n    @property\n    def x(self): raise ValueError('no')\nplugin = P()", {}, "no hook|inspected"),
    ],
)
def test_a_broken_plugin_is_refused_by_name_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str, changes: dict[str, object], reason: str
) -> None:
    folders = [write_plugin(tmp_path, code, "broken", **changes), write_plugin(tmp_path, GOOD)]
    before = {*sys.modules}
    with caplog.at_level(logging.WARNING, "halscope.plugins"):
        plugins = Plugins(folders=folders)
    assert names(plugins) == ["sparkle"]
    (refused,) = plugins.refused
    assert refused.plugin == "broken"
    with pytest.raises(PluginError, match=reason):
        raise PluginError(refused.plugin, refused.reason)
    assert "plugin broken: " in caplog.text
    left = [name for name in sys.modules if "plugin_broken" in name and name not in before]
    assert not left or "imported" not in refused.reason


def test_nothing_is_imported_of_a_plugin_whose_manifest_is_wrong(tmp_path: Path) -> None:
    mark = tmp_path / "imported"
    code = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n" + GOOD
    assert Plugins(folders=[write_plugin(tmp_path, code, permissions=["root"])]).refused
    assert not mark.exists()
    Plugins(folders=[write_plugin(tmp_path / "good", code)])
    assert mark.exists()


def test_an_id_that_is_taken_is_refused(tmp_path: Path) -> None:
    plugins = Plugins(folders=[write_plugin(tmp_path / "a", GOOD), write_plugin(tmp_path / "b", GOOD)])
    assert names(plugins) == ["sparkle"]
    assert "already has this id" in plugins.refused[0].reason
    assert "already has this id" in Plugins(folders=[write_plugin(tmp_path, GOOD, "halscope-hosts")]).refused[0].reason


def test_a_folder_without_a_manifest_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"contains no manifest\.json"):
        Plugins(folders=[tmp_path])


def test_an_object_that_is_handed_in_and_broken_is_an_error() -> None:
    with pytest.raises(PluginError, match="has no hook"):
        Plugins([object()])


def install(site: Path, code: str = GOOD, entry: str = "sparkle.plugin:plugin", **changes: Any) -> None:
    """What a package installer leaves behind."""
    package = site / "sparkle"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(HEAD + code)
    (package / "manifest.json").write_text(json.dumps(manifest(**({"entry_point": "sparkle.plugin:plugin"} | changes))))
    info = site / "sparkle-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sparkle\nVersion: 1.2.3\n")
    (info / "entry_points.txt").write_text(f"[halscope]\nsparkle = {entry}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.partition(".")[0] == "sparkle"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def test_an_installed_plugin_is_found_by_its_entry_point(site: Path) -> None:
    install(site)
    plugins = Plugins(entry_points=True)
    assert names(plugins) == ["sparkle"], plugins.refused
    assert plugins.loaded[-1].source == "entry point sparkle of sparkle 1.2.3"
    assert names(Plugins()) == []
    for name in [name for name in sys.modules if name.partition(".")[0] == "sparkle"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("changes", "entry", "reason"),
    [
        ({"hook_api": 99}, "sparkle.plugin:plugin", "install a newer Halscope"),
        ({"entry_point": "sparkle.other:plugin"}, "sparkle.plugin:plugin", "make them equal"),
        ({}, "not_installed.plugin:plugin", "not_installed: is not installed"),
        ({}, "json.tool:plugin", "json: contains no manifest.json"),
    ],
)
def test_an_installed_plugin_is_checked_without_importing_it(
    site: Path, changes: dict[str, Any], entry: str, reason: str
) -> None:
    install(site, "raise SystemExit('was imported')", entry, **changes)
    plugins = Plugins(entry_points=True)
    assert names(plugins) == []
    assert reason in plugins.refused[0].reason
    assert not plugins.refused[0].named
    assert "sparkle" not in sys.modules


@pytest.mark.slow
def test_the_command_takes_a_folder_and_names_what_it_refuses(tmp_path: Path) -> None:
    good, bad = write_plugin(tmp_path, GOOD, "good"), write_plugin(tmp_path, "plugin = 1", "bad")
    packed, data = tmp_path / "packed", tmp_path / "data"
    data.write_bytes(bytes(100))
    command = [sys.executable, "-m", "halscope", "compress", str(data), "-o", str(packed)]
    done = subprocess.run(
        [*command, "--plugin", str(good), "--plugin", str(bad)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "plugin bad: has no hook" in done.stderr
    assert "plugin bad: cannot be loaded" in done.stderr
    assert "good" not in done.stderr
    assert not packed.exists()
    done = subprocess.run([*command, "--plugin", str(good)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    trace = os.environ | {"HALSCOPE_TRACE_HOOKS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=trace)
    assert "halscope-codecs: halscope_codecs() returned <" in done.stderr
    done = subprocess.run([*command, "--plugin", str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "contains no manifest.json" in done.stderr


def test_a_plugin_with_a_manifest_gets_nothing_that_was_not_granted(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path, GOOD, permissions=["live-writes", "network"])
    (plugin,) = [one for one in Plugins(folders=[folder], grants=Grants(["network"])).loaded if one.asked]
    assert plugin.granted == {"network"}
