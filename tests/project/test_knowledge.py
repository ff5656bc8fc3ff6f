"""What is learnt about a game: merging copies is order-independent, and no file with knowledge is ever lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from halscope.app import Workspace
from halscope.demo import rom_path
from halscope.project import (
    MOST_PALETTES,
    FigureName,
    FigureSplit,
    Knowledge,
    KnowledgeFile,
    ProvenStart,
    RomLabel,
    SeenPalette,
    data_folder,
    knowledge_from_json,
    knowledge_to_json,
    merge,
)
from halscope_hooks import FormatError, HalscopeError, StartEvidence, UsageError
from hypothesis import given
from hypothesis import strategies as st
from platformdirs import user_data_path

HASH, OTHER = "0" * 64, "1" * 64
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)

# Few values, so that two copies contradict each other often.
codecs, offsets = st.sampled_from(["hal", "lz2"]), st.integers(0, 2)
proven: st.SearchStrategy[StartEvidence] = st.sampled_from(["traced", "pointer"])
figures = st.sampled_from(["a", "b", "c", "d", "e"])
moments = st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours))
few = st.lists(st.integers(0, 3), max_size=3).map(tuple)
stretches = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 4)).map(lambda one: (one[0], one[0] + one[1])), max_size=4
).map(tuple)
copies = st.builds(
    Knowledge,
    st.just(HASH),
    st.lists(
        st.builds(ProvenStart, codecs, offsets, proven, few, callers=few, buffers=few, writers=few), max_size=4
    ).map(tuple),
    st.lists(
        st.builds(SeenPalette, codecs, st.just(0), st.tuples(st.integers(0, 30)), st.integers(1, 4)), max_size=40
    ).map(tuple),
    st.lists(st.builds(FigureName, figures, st.sampled_from(["", "Pip", "Jelly"]), moments), max_size=4).map(tuple),
    st.lists(st.lists(figures, max_size=3).map(tuple), max_size=3).map(tuple),
    few,
    st.lists(st.builds(RomLabel, offsets, st.sampled_from(["Pip", "Jelly"]), moments), max_size=4).map(tuple),
    stretches,
    stretches,
)


@given(copies, copies)
def test_it_does_not_matter_which_copy_is_joined_to_which(a: Knowledge, b: Knowledge) -> None:
    assert merge(a, b) == merge(b, a)


@given(copies, copies, copies)
def test_it_does_not_matter_which_copies_meet_first(a: Knowledge, b: Knowledge, c: Knowledge) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(copies, copies)
def test_joining_what_is_known_already_changes_nothing(a: Knowledge, b: Knowledge) -> None:
    both = merge(a, b)
    assert merge(a, a) == a
    assert merge(both, a) == merge(both, b) == both
    assert merge(a, Knowledge(HASH)) == a


@given(copies)
def test_knowledge_comes_back_from_json_as_it_was(known: Knowledge) -> None:
    assert knowledge_from_json(knowledge_to_json(known), "test") == known
    assert hash(knowledge_from_json(knowledge_to_json(known).encode(), "test")) == hash(known)


def test_the_stronger_evidence_wins_and_the_places_of_equal_evidence_unite() -> None:
    pointed = Knowledge(HASH, (ProvenStart("hal", 1, "pointer", (9, 5)),))
    again = Knowledge(HASH, (ProvenStart("hal", 1, "pointer", (7,)), ProvenStart("hal", 2, "pointer")))
    assert merge(pointed, again).starts == (
        ProvenStart("hal", 1, "pointer", (5, 7, 9)),
        ProvenStart("hal", 2, "pointer"),
    )
    called = [ProvenStart("hal", 1, "traced", callers=(n, 9), buffers=(n,), writers=(7,)) for n in (2, 1)]
    assert Knowledge(HASH, tuple(called)).starts == (
        ProvenStart("hal", 1, "traced", callers=(1, 2, 9), buffers=(1, 2), writers=(7,)),
    )
    traced = Knowledge(HASH, (ProvenStart("hal", 1, "traced", (3,)),))
    assert merge(merge(pointed, traced), again).starts[0] == ProvenStart("hal", 1, "traced", (3,))


def test_the_later_name_wins_and_of_two_at_once_the_greater_and_a_name_can_be_taken_away() -> None:
    early = Knowledge(HASH, names=(FigureName("f", "Zoe", NOON),))
    late = Knowledge(HASH, names=(FigureName("f", "Ann", NOON + timedelta(seconds=1)),))
    at_once = Knowledge(HASH, names=(FigureName("f", "Bob", NOON + timedelta(seconds=1)),))
    assert merge(early, late).names == late.names
    assert merge(at_once, late).names == at_once.names
    gone = Knowledge(HASH, names=(FigureName("f", "", NOON + timedelta(hours=1)),))
    assert merge(merge(gone, early), late).names == gone.names


def test_joined_figures_that_share_one_are_one_figure() -> None:
    first = Knowledge(HASH, merges=(("a", "b"), ("c", "d"), ("x",)))
    assert first.merges == (("a", "b"), ("c", "d"))
    assert merge(first, Knowledge(HASH, merges=(("d", "b"), ("y", "z")))).merges == (("a", "b", "c", "d"), ("y", "z"))


def test_the_later_label_of_a_place_wins_and_executed_stretches_unite() -> None:
    early = Knowledge(HASH, labels=(RomLabel(7, "GFX_A", NOON),), executed=((3, 5), (9, 12)))
    late = Knowledge(HASH, labels=(RomLabel(7, "GFX_B", NOON + timedelta(hours=1)),), executed=((5, 9), (20, 21)))
    both = merge(early, late)
    assert both.labels == late.labels
    assert both.executed == ((3, 12), (20, 21))
    again = knowledge_from_json(knowledge_to_json(both), "test")
    assert (again.labels, again.executed, again.read) == (both.labels, both.executed, ())


def test_knowledge_of_the_version_before_labels_is_read() -> None:
    older = json.loads(knowledge_to_json(Knowledge(HASH, (ProvenStart("hal", 1, "traced"),))))
    for name in ("read_padding", "labels", "executed", "read", "splits", "read_colours"):
        del older[name]
    assert knowledge_from_json(json.dumps(older | {"version": 3}), "test").starts == (ProvenStart("hal", 1, "traced"),)


def test_the_latest_wish_to_split_a_figure_counts() -> None:
    early, late = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
    split = Knowledge(HASH, splits=(FigureSplit("hal-000001/8x8-000", True, early),))
    whole = Knowledge(HASH, splits=(FigureSplit("hal-000001/8x8-000", False, late),))
    both = merge(split, whole)
    assert both == merge(whole, split) == merge(both, both)
    assert [one.is_split for one in both.splits] == [False]
    assert knowledge_from_json(knowledge_to_json(both), "test") == both


def test_knowledge_of_the_version_before_splits_is_read() -> None:
    older = json.loads(knowledge_to_json(Knowledge(HASH, (ProvenStart("hal", 1, "traced"),))))
    del older["splits"], older["read_colours"]
    assert knowledge_from_json(json.dumps(older | {"version": 4}), "test").starts == (ProvenStart("hal", 1, "traced"),)


def test_places_where_colours_were_read_unite_and_the_version_before_them_is_read() -> None:
    first, second = (Knowledge(HASH).has_read_colours(places) for places in ((5, 3), (3, 9)))
    both = merge(first, second)
    assert both == merge(second, first) == knowledge_from_json(knowledge_to_json(both), "test")
    assert both.read_colours == (3, 5, 9)
    older = json.loads(knowledge_to_json(both))
    del older["read_colours"]
    assert knowledge_from_json(json.dumps(older | {"version": 5}), "test") == Knowledge(HASH)
    with pytest.raises(UsageError, match="knowledge: -1 where"):
        Knowledge(HASH).has_read_colours([-1])


@pytest.mark.parametrize("edges", [[1], [3, 3], [1, 4, 2, 5]])
def test_stretches_that_are_none_are_refused(edges: list[int]) -> None:
    text = json.loads(knowledge_to_json(Knowledge(HASH))) | {"executed": edges}
    with pytest.raises(FormatError, match='"executed" is no list of ascending starts and ends'):
        knowledge_from_json(json.dumps(text), "test")


def test_the_palettes_seen_most_are_kept() -> None:
    known = Knowledge(HASH)
    for shade in range(2 * MOST_PALETTES):
        known = known.saw([("hal", 5, (0, shade))])
    for _ in range(3):
        known = known.saw([("hal", 5, (0, 1)), ("hal", 5, (0, 2)), ("hal", 6, (0, 1))])
    of_block = [palette for palette in known.palettes if palette.block_offset == 5]
    assert len(of_block) == MOST_PALETTES
    assert [(palette.colours, palette.times) for palette in of_block[:3]] == [((0, 1), 4), ((0, 2), 4), ((0, 0), 1)]
    assert [palette.times for palette in known.palettes if palette.block_offset == 6] == [3]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Knowledge(HASH, (ProvenStart("hal", 1, "content"),)), "'content' where one of traced, pointer"),
        (lambda: Knowledge(HASH, (ProvenStart("A B", 1, "traced"),)), "'A B' where a codec's name"),
        (lambda: Knowledge(HASH, (ProvenStart("hal", 1 << 24, "traced"),)), "16777216 where a whole number"),
        (
            lambda: Knowledge(HASH, (ProvenStart("hal", 1, "traced", callers=(1 << 24,)),)),
            "16777216 where a whole number",
        ),
        (
            lambda: Knowledge(HASH, palettes=(SeenPalette("hal", 1, (0x8000,)),)),
            "a list whose item 0 is a whole number",
        ),
        (lambda: Knowledge(HASH, palettes=(SeenPalette("hal", 1, ()),)), "a list of 1 to 256"),
        (lambda: Knowledge(HASH, merges=(("a" * 201, "b"),)), "where at most 200 characters"),
        (lambda: Knowledge(HASH, names=(FigureName("f", "n", NOON.replace(tzinfo=None)),)), "has no time zone"),
        (lambda: Knowledge(HASH, labels=(RomLabel(1, "a\nb", NOON),)), "where at most 200 printable characters"),
        (lambda: Knowledge(HASH, executed=((5, 5),)), "a stretch of the ROM from 5 to 5"),
        (lambda: merge(Knowledge(HASH), Knowledge(OTHER)), f"{HASH} cannot be merged with that of the ROM {OTHER}"),
    ],
)
def test_what_cannot_be_known_is_refused(make: Callable[[], Knowledge], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def start(offset: int) -> Callable[[Knowledge], Knowledge]:
    return lambda known: merge(known, Knowledge(known.rom_sha256, (ProvenStart("hal", offset, "traced"),)))


def test_each_rom_has_a_file_that_grows(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    home = KnowledgeFile(HASH, folder)
    assert home.load() == Knowledge(HASH)
    assert not folder.exists()
    home.update(start(1))
    KnowledgeFile(HASH, folder).update(start(2))
    KnowledgeFile(OTHER, folder).update(start(3))
    assert [one.block_offset for one in home.load().starts] == [1, 2]
    assert home.update(lambda known: known) == home.load()
    assert sorted(path.name for path in folder.iterdir()) == [f"knowledge-{rom}.json" for rom in (HASH, OTHER)]


def test_what_another_process_overwrote_is_written_again(tmp_path: Path) -> None:
    home = KnowledgeFile(HASH, tmp_path)
    home.update(start(1))
    home.path.write_text(knowledge_to_json(start(2)(Knowledge(HASH))))
    home.update(start(3))
    assert [one.block_offset for one in home.load().starts] == [1, 2, 3]


def test_a_file_that_was_read_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    mine, other = KnowledgeFile(HASH, tmp_path), KnowledgeFile(HASH, tmp_path)
    written = mine.update(start(1))
    assert mine.load() is written
    assert mine.update(start(1)) is written
    other.update(start(2))
    assert [one.block_offset for one in mine.load().starts] == [1, 2]
    assert mine.load() is mine.load()


def test_what_is_known_already_is_not_written(tmp_path: Path) -> None:
    home = KnowledgeFile(HASH, tmp_path)
    home.update(start(1))
    before = home.path.stat().st_mtime_ns, home.path.stat().st_ino
    home.update(start(1))
    assert (home.path.stat().st_mtime_ns, home.path.stat().st_ino) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\x00\xff", "is not valid JSON"),
        (b"{}", '"format" is missing'),
        (knowledge_to_json(Knowledge(HASH))[:-20].encode(), "is not valid JSON"),
        (knowledge_to_json(Knowledge(HASH)).replace('"version":6', '"version":0').encode(), '"version" is 0'),
        (knowledge_to_json(Knowledge(OTHER)).encode(), f"belongs to another ROM, whose SHA-256 is {OTHER}"),
        (
            knowledge_to_json(Knowledge(HASH, (ProvenStart("hal", 1, "traced"),)))
            .replace("traced", "content")
            .encode(),
            "'content' where one of traced, pointer is expected",
        ),
    ],
)
def test_a_damaged_file_is_kept_beside_and_the_next_one_starts_anew(tmp_path: Path, text: bytes, reason: str) -> None:
    for number in (1, 2):
        home = KnowledgeFile(HASH, tmp_path)
        home.path.write_bytes(text)
        aside = tmp_path / f"knowledge-{HASH}.damaged-{number}.json"
        with pytest.raises(FormatError, match=reason) as failure:
            home.update(start(1))
        assert str(home.path) in str(failure.value)
        assert f"it is kept as {aside}" in str(failure.value)
        assert aside.read_bytes() == text
        home.update(start(1))
        assert home.load().starts


def test_a_damaged_file_that_cannot_be_renamed_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = KnowledgeFile(HASH, tmp_path)
    home.path.write_bytes(b"damaged")

    def refuse(path: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)  # root, as in containers, may rename anything
    for _ in range(2):
        with pytest.raises(FormatError, match=r"it was left there because it cannot be renamed \(Permission denied\)"):
            home.update(start(1))
        assert home.path.read_bytes() == b"damaged"


def test_a_file_of_a_newer_version_is_neither_moved_nor_overwritten(tmp_path: Path) -> None:
    home = KnowledgeFile(HASH, tmp_path)
    text = json.dumps({"format": "halscope-knowledge", "version": 7, "secrets": []})
    home.path.write_text(text)
    with pytest.raises(
        FormatError, match="written by a newer Halscope, as version 7; this one reads 1 to 6: update it"
    ):
        home.update(start(1))
    assert home.path.read_text() == text
    assert list(tmp_path.iterdir()) == [home.path]


def test_a_folder_that_cannot_be_made_is_named_with_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HalscopeError, match=r"file.*HALSCOPE_DATA_DIR|file.*cannot be read"):
        KnowledgeFile(HASH, tmp_path / "file" / "folder").update(start(1))


def test_it_lies_in_the_users_data_folder_unless_a_variable_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALSCOPE_DATA_DIR", str(tmp_path))
    assert data_folder() == tmp_path
    with rom_path() as path:
        workspace = Workspace.open(path)
    workspace.knowledge.update(start(1))
    (file,) = tmp_path.iterdir()
    assert file.name == f"knowledge-{workspace.rom.sha256}.json"
    assert Workspace(workspace.rom, workspace.plugins).knowledge.load().starts == (ProvenStart("hal", 1, "traced"),)
    monkeypatch.delenv("HALSCOPE_DATA_DIR")
    assert data_folder() == user_data_path("halscope")


@given(st.binary(max_size=100) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_anything_else_is_refused_by_one_kind_of_error(text: str | bytes) -> None:
    with pytest.raises(FormatError):
        knowledge_from_json(text, "x")
