"""The guide's code runs exactly as printed, on the plugin of the preceding guide."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[2] / "docs/how-to"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (HOW_TO / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_guides_tests_pass_on_the_guides_plugin(author: pytest.Pytester) -> None:
    plugin = author.mkdir("guide") / "sparkle"
    plugin.mkdir()
    manifest = json.loads(blocks("write-a-plugin.md", "json")[0])
    (plugin / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (plugin / "sparkle.py").write_text(blocks("write-a-plugin.md", "python")[0], "utf-8")
    tests = author.path / "guide" / "tests"
    tests.mkdir()
    (tests / "test_sparkle.py").write_text(blocks("test-a-plugin.md", "python")[0], "utf-8")
    options = ("--halscope-core", "snes9x", "--halscope-record", "demo", "--halscope-update", str(tests))
    author.runpytest_inprocess(*options).assert_outcomes(passed=2)
    author.runpytest_inprocess(str(tests)).assert_outcomes(passed=2)
