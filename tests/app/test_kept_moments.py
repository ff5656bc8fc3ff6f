"""Kept moments: their bounds, and that nothing that was kept is lost without a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.app import changed_sprites
from halscope.app._kept_moments import KeptMoments
from halscope.ppu import compare_snapshots, decode_frame
from halscope_hooks import UsageError
from support.made_host import made_snapshot


def test_a_full_folder_refuses_a_moment_with_the_numbers_and_keeps_what_it_has(tmp_path: Path) -> None:
    kept = KeptMoments(lambda: tmp_path, most=3)
    names = [kept.keep(made_snapshot(1), b"state"), kept.keep(made_snapshot(1)), kept.keep(made_snapshot(2))]
    with pytest.raises(
        UsageError, match=r"is full: it holds 3 moments of 0 MiB \(3, or 512 MiB, are the most\); delete"
    ):
        kept.keep(made_snapshot(3))
    assert (
        sorted(one.name for one in kept.list()) == sorted(names) == ["frame-000001", "frame-000001-2", "frame-000002"]
    )
    assert kept.state(names[0]) == b"state"
    kept.delete(names[1])
    assert kept.keep(made_snapshot(1)) == names[1]
    kept.delete(names[0])
    assert not list(tmp_path.glob(f"{names[0]}.*"))  # its state neither
    with pytest.raises(UsageError, match="there is no moment"):
        kept.delete("../frame-000002")


def test_the_size_of_moments_is_bounded_with_their_states(tmp_path: Path) -> None:
    kept = KeptMoments(lambda: tmp_path, most_bytes=100_000)
    kept.keep(made_snapshot(1), bytes(50_000))
    kept.keep(made_snapshot(2))
    assert kept.describe()["bytes"] == sum(file.stat().st_size for file in tmp_path.iterdir()) > 50_000
    kept.keep(made_snapshot(3), bytes(60_000))
    with pytest.raises(UsageError, match="is full"):
        kept.keep(made_snapshot(4))
    assert len(kept.list()) == 3


def test_a_moment_that_was_deleted_by_another_hand_does_not_count(tmp_path: Path) -> None:
    kept = KeptMoments(lambda: tmp_path, most=1)
    (tmp_path / f"{kept.keep(made_snapshot(1))}.hrec").unlink()
    assert kept.keep(made_snapshot(1)) == "frame-000001"


def test_sprites_that_differ_are_known_by_what_differs_of_them() -> None:
    base = made_snapshot(0)
    oam = np.zeros(544, np.uint8)
    oam[1:512:4] = 240
    # Four sprites of 8x8 on the screen, each with its own tile and palette; OBSEL ($2101) 0: their tiles begin at 0.
    for index in range(4):
        oam[4 * index : 4 * index + 4] = (20 * index, 10, 2 * index, 2 * index)
    before = replace(base, oam=oam, ppu=replace(base.ppu, obsel=0))
    moved, vram, cgram = oam.copy(), before.vram.copy(), before.cgram.copy()
    moved[0] = 5
    vram[32 * 2] ^= 0xFF  # the tile of sprite 1
    cgram[128 + 16 * 2 + 3] = 0x7FFF  # a colour of sprite 2
    cgram[128 + 16 * 3] = 0x7FFF  # of sprite 3 the one that no sprite shows
    after = replace(before, oam=moved, vram=vram, cgram=cgram)
    found = compare_snapshots(before, after)
    marks = [changed_sprites(decode_frame(one), found) for one in (before, after)]
    assert [tuple(one) for one in marks[0]] == [
        (0, 0, 10, 8, 8, True, False, False),
        (1, 20, 10, 8, 8, False, True, False),
        (2, 40, 10, 8, 8, False, False, True),
    ]
    assert marks[1][0].x == 5
    assert marks[1][1:] == marks[0][1:]
