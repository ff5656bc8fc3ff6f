"""A run says which of its pictures are true, how much of its graphics is known, and what to do about the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from halscope import decode_frame
from halscope.app._coverage_text import coverage_json, coverage_lines
from halscope.app._doubts import doubts, judged_doubts
from halscope.app._moment_sheet import write_moment_sheet
from halscope.app._pictures import write_frame_pictures
from halscope.app._run_truth import SAMPLED, RunTruth
from halscope.cli import main
from halscope.export._canvas import ACCENT, DIM, fitted
from halscope.formats.recording import RecordingWriter
from halscope.ppu import with_match
from halscope.ppu.compose import compose_screen
from halscope.ppu.coverage import REASONS, Coverage
from halscope_hooks import Changes, Snapshot, Update, VramOrigins
from PIL import Image
from support.ppu_states import add_layers, add_sprites, noise
from support.written_words import is_written

NOWHERE = VramOrigins([()] * 2048, np.ones(2048, np.bool_))
Kind = Literal["right", "wrong", "none"]


def snapshot_of(
    picture: Kind, frame: int = 0, *, effects: Literal["none", "some", "unknown"] = "none", sprites: int = 128
) -> Snapshot:
    """A state with the emulator's picture: the composed one, another one, or none."""
    rng = np.random.default_rng(3)
    state = noise(rng)
    add_layers(state, rng, 1)
    add_sprites(state, rng, sprites)
    plain = replace(state.snapshot(), frame=frame, raster_effects=effects)
    if picture == "none":
        return plain
    rgb = compose_screen(decode_frame(plain)).rgb
    return replace(plain, picture=rgb if picture == "right" else rgb ^ np.uint8(0x80))


def update_of(snapshot: Snapshot, origins: VramOrigins | None = None) -> Update:
    return Update(decode_frame(snapshot), origins, Changes())


def test_a_proven_frame_has_no_doubts() -> None:
    frame = decode_frame(snapshot_of("right", effects="unknown"))
    assert doubts(frame) == (), "it is compared where it was not"
    assert len(judged_doubts(frame)) == 1
    assert with_match(frame).matches is True
    assert judged_doubts(with_match(frame)) == ()


def test_a_frame_that_differs_or_may_differ_says_so() -> None:
    (differs,) = doubts(decode_frame(snapshot_of("wrong")))
    assert "differ from the emulator's picture" in differs
    assert len(doubts(with_match(decode_frame(snapshot_of("wrong", effects="unknown"))))) == 2
    (unknown,) = doubts(with_match(decode_frame(snapshot_of("none", effects="unknown"))))
    assert "raster effects are unknown" in unknown
    (lost,) = doubts(with_match(decode_frame(snapshot_of("none", effects="some"))))
    assert "raster effects are missing" in lost
    late = replace(snapshot_of("wrong"), ages={"picture": 1})
    assert "a frame ahead" in doubts(with_match(decode_frame(late)))[0]
    assert doubts(decode_frame(snapshot_of("none"))) == ()


def test_a_contact_sheet_marks_the_frames_that_may_be_wrong(tmp_path: Path) -> None:
    kinds: list[tuple[Kind, Literal["none", "unknown"]]] = [
        *(("right", "none"), ("wrong", "none"), ("none", "none"), ("none", "unknown"), ("wrong", "unknown"))
    ]
    with RecordingWriter(tmp_path / "run.hrec") as writer:
        for number, (picture, effects) in enumerate(kinds):
            writer.append(snapshot_of(picture, number, effects=effects))
    with Image.open(write_moment_sheet(tmp_path / "run.hrec", 1, tmp_path)) as image:
        image.load()
    sheet = np.asarray(image.convert("RGB"))
    outlines = [(sheet[58, 14 + at * 144 : 146 + at * 144] == ACCENT).all() for at in range(len(kinds))]
    assert outlines == [False, True, False, True, True]
    below = sheet[60 + 112 + 18 + 16 :]  # a line for each of the two reasons
    assert len(below) == 8 + 18 * 2
    assert [(line == ACCENT).all(axis=2).any() for line in (below[4:22], below[22:40])] == [True, True]
    captions = ["frame 0", "frame 1 [1]", "frame 2", "frame 3 [2]", "frame 4 [1] [2]"]
    for at, (caption, marked) in enumerate(zip(captions, outlines, strict=True)):
        place = 16 + at * 144, 60 + 112 + 3
        assert is_written(image, place, caption, 12, ACCENT if marked else DIM), caption
    reasons = doubts(with_match(decode_frame(snapshot_of("wrong", effects="unknown"))))
    for number, reason in enumerate(reasons, 1):
        place = 8, len(sheet) - 40 + 18 * (number - 1)
        assert is_written(image, place, fitted(f"[{number}] {reason}", 12, image.width - 16), 12, ACCENT)


def test_each_frame_is_compared_unless_only_some_are_to_be_and_it_is_said_how_many() -> None:
    thorough, sampling = RunTruth(), RunTruth(compare_every=SAMPLED)
    for number in range(SAMPLED + 2):
        update = update_of(snapshot_of("wrong" if number == SAMPLED else "right", number), NOWHERE)
        one, other = thorough.look(update).describe(), sampling.look(update).describe()
        assert one["matches"] is (number != SAMPLED)
        assert other["matches"] == (one["matches"] if number % SAMPLED == 0 else None)
        assert ("coverage" in one, "coverage" in other) == (number % SAMPLED == 0,) * 2
    for truth, compared in ((thorough, SAMPLED + 2), (sampling, 3)):
        truth.finish()
        assert truth.describe()["compared"] == compared
        assert truth.describe()["differing"] == 1
        assert truth.lines()[0] == (
            f"{compared} of {SAMPLED + 2} decoded frames compared with the emulator's picture: 1 differs, the first is "
            f"frame {SAMPLED}: something changed while it was drawn"
        )
        assert truth.describe()["decoded"] == SAMPLED + 2
        assert truth.describe()["coverage"]["frames"] == 3


def test_frames_that_were_not_compared_are_never_said_to_match() -> None:
    every_third = RunTruth(compare_every=3)
    judged = [every_third.look(update_of(snapshot_of("right", number))).describe() for number in range(5)]
    assert [one["matches"] for one in judged] == [True, None, None, True, None]
    every_third.finish()  # the last one is compared too
    assert every_third.lines() == ["3 of 5 decoded frames compared with the emulator's picture: all equal"]

    nothing = RunTruth()
    nothing.look(update_of(snapshot_of("none")))
    assert nothing.lines() == ["none of 1 decoded frame was compared with the emulator's picture: there is none"]
    late = RunTruth()
    late.look(update_of(replace(snapshot_of("wrong"), ages={"picture": 1})))
    assert late.lines()[0].endswith("was compared with the emulator's picture: not enough is known of them")
    assert RunTruth().lines() == []


def test_without_an_index_there_is_no_coverage_and_doubts_are_counted() -> None:
    truth = RunTruth()
    truth.look(update_of(snapshot_of("none", effects="unknown")))
    truth.finish()
    _, line = truth.lines()
    assert line.startswith("1 of 1 checked frames: raster effects are unknown")
    assert "coverage" not in truth.describe()


def test_coverage_in_words_names_each_reason_once_with_its_share() -> None:
    counts = {reason: 10 * n for n, reason in enumerate(REASONS, 1)}
    lines = coverage_lines(Coverage(counts, {"known": 999, "wram": 1}, frames=7))
    assert lines[0] == (
        "coverage of 7 frames: the place in the ROM is known of 2.8 % of 360 sprite pixels and of 99.9 % of 1000 "
        "background tiles"
    )
    assert len(lines) == len(REASONS)
    (staged,) = [line for line in lines if "unpacked or converted in WRAM" in line]
    assert staged.startswith("  16.7 % of the sprite pixels, 0.1 % of the background tiles: ")
    assert coverage_lines(Coverage({}, {}))[0] == "coverage of 1 frame: no graphics were on the screen"
    assert "not counted" in coverage_lines(Coverage({}, {}, uncounted="OBSEL is not known"))[-1]


def test_coverage_as_json_has_the_reasons_as_keys() -> None:
    document = coverage_json(Coverage({"known": 5}, {"plain": 2}, 3, "why"))
    assert document == {
        "frames": 3,
        "sprite_pixels": {"known": 5},
        "layer_tiles": {"plain": 2},
        "uncounted": "why",
    }


@pytest.mark.slow
def test_pictures_of_a_doubtful_frame_carry_the_doubt(tmp_path: Path) -> None:
    sizes: dict[str, list[tuple[int, int]]] = {"right": [], "wrong": []}
    kinds: tuple[Kind, Kind] = ("right", "wrong")
    for picture in kinds:
        for path in write_frame_pictures(update_of(snapshot_of(picture, sprites=3)), None, tmp_path, picture):
            with Image.open(path) as image:
                sizes[picture].append(image.size)
    assert [width for width, _ in sizes["right"]] == [width for width, _ in sizes["wrong"]]
    assert all(right[1] < wrong[1] for right, wrong in zip(sizes["right"], sizes["wrong"], strict=True))


@pytest.mark.parametrize("options", [(), ("--json",), ("--frame", "1"), ("--frame", "1", "--json")])
def test_replay_says_which_frames_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    path = tmp_path / "run.hrec"
    with RecordingWriter(path, emulator="test") as writer:
        writer.append(snapshot_of("right", 0))
        writer.append(snapshot_of("wrong", 1))
    assert main(["replay", str(path), *options]) == 0
    out = capsys.readouterr().out
    if "--json" in options:
        documents = [json.loads(line) for line in out.splitlines()]
        assert [one["matches"] for one in documents] == ([False] if "--frame" in options else [True, False])
        assert documents[-1]["doubts"]
    else:
        frames = "1 of 1 decoded frame" if options else "2 of 2 decoded frames"
        assert f"{frames} compared with the emulator's picture: 1 differs, the first is frame 1:" in out
