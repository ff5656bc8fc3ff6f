"""A manifest is accepted, or refused with the key, the value and what is valid; nothing else happens."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from halscope.plugins import Manifest, parse_manifest, read_manifest
from halscope_hooks import HOOK_API, UsageError
from hypothesis import given
from hypothesis import strategies as st
from support.plugin_folder import manifest

SCHEMA = json.loads((Path(__file__).parents[2] / "manifest.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def parse(value: object) -> Manifest:
    return parse_manifest(json.dumps(value).encode(), "m.json")


def test_a_good_manifest_says_what_the_plugin_is() -> None:
    found = parse(
        manifest(
            name="Sparkle",
            entry_point="sparkle.parts.main:the_plugin",
            permissions=["network", "live-writes"],
            python=">=3.8",
            hosts=[{"id": "mine", "memory": ["vram"], "writes": []}],
        )
    )
    assert (found.id, found.version, found.name) == ("sparkle", "1.2.3", "Sparkle")
    assert (found.module, found.attribute) == ("sparkle.parts.main", "the_plugin")
    assert found.permissions == ("network", "live-writes")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": None}, r'm.json: "id" is missing; it needs id, version, hook_api, entry_point'),
        ({"id": "Sparkle"}, r'"id" is "Sparkle"; it must be a name of lower-case'),
        ({"id": "a" * 65}, r'"id" is "a{10,}.*at most 64 long'),
        ({"version": "1.0"}, r'"version" is "1.0"; it must be a version like "1.0.0"'),
        ({"version": 1}, r'"version" is 1; it must be'),
        ({"hook_api": True}, r'"hook_api" is true; it must be a whole number'),
        ({"hook_api": 0}, r'"hook_api" is 0; it must be a whole number of 1 or more'),
        ({"hook_api": HOOK_API + 1}, r'"hook_api" is \d+, this Halscope has version \d+; install a newer Halscope'),
        ({"entry_point": "main"}, r'"entry_point" is "main"; it must be module:object'),
        ({"entry_point": "../up:plugin"}, r'"entry_point" is "../up:plugin"; it must be'),
        (
            {"permissions": ["root"]},
            r'"permissions" is \["root"\]; it must be a list of some of live-writes, rom-writes',
        ),
        ({"permissions": "network"}, r'"permissions" is "network"; it must be a list'),
        ({"permissions": ["network", "network"]}, r"without duplicates"),
        ({"python": ">=9.9"}, r'"python" is >=9.9, this is 3\.\d+; run Halscope with a newer Python'),
        ({"python": "3.12"}, r'"python" is "3.12"; it must be the oldest supported Python'),
        ({"nmae": "x"}, r'"nmae" is not a manifest key; the keys are .*name'),
        ({"hosts": [{"id": "h", "memory": []}]}, r'"hosts\[0\].writes" is missing'),
        ({"hosts": [{"id": "h", "memory": ["apu"], "writes": []}]}, r'"hosts\[0\].memory" is \["apu"\]; it must be'),
        ({"hosts": [1]}, r'"hosts" is \[1\]; it must be a list of objects'),
    ],
)
def test_a_wrong_key_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(manifest(**changes))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON: line 1, column 1"),
        (b'{"id": "x",}', "is not JSON: line 1, column 1"),
        (b"\xff\xfe{}", "is not UTF-8"),
        (b"[1, 2]", "holds .1, 2.; a manifest is an object"),
        (b'{"id": "a", "id": "b"}', 'the key "id" appears twice'),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"hook_api": ' + b"1" * 5000 + b"}", "a number is too long"),
    ],
)
def test_what_is_no_manifest_at_all_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_manifest(data, "m.json")


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_manifest(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_bytes(b" " * 100_000)
    with pytest.raises(UsageError, match="larger than"):
        read_manifest(tmp_path / "manifest.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*SCHEMA["properties"], "other"])
LIKELY = st.one_of(
    JSON,
    st.sampled_from(["sparkle", "1.0.0", 1, 1.0, 2, "main:plugin", ">=3.12", [], ["network"], [{}], "", "A", "a:b"]),
    st.lists(st.sampled_from(["network", "rom-writes", "root"]), max_size=3),
    st.lists(
        st.fixed_dictionaries(
            {"id": st.sampled_from(["h", "H"]), "memory": st.lists(st.sampled_from(["rom", "apu"]), max_size=2)},
            optional={"writes": st.just(["vram"]), "more": st.just(1)},
        ),
        max_size=2,
    ),
)


@given(JSON)
def test_any_json_is_a_manifest_or_a_usage_error(value: Any) -> None:
    with contextlib.suppress(UsageError):
        assert parse(value).id


@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_a_usage_error(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"^m\.json: "):
        parse_manifest(data, "m.json")


@given(st.dictionaries(KEYS, LIKELY, max_size=4), st.sets(st.sampled_from(sorted(manifest())), max_size=1))
def test_what_is_taken_and_what_the_schema_takes_are_the_same(changes: dict[str, Any], without: set[str]) -> None:
    value = {key: item for key, item in (manifest() | changes).items() if key not in without}
    try:
        parse(value)
    except UsageError as error:
        taken = "this Halscope has version" in str(error) or "with a newer Python" in str(error)
    else:
        taken = True
    assert taken == VALIDATOR.is_valid(json.loads(json.dumps(value)))
