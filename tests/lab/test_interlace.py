"""Sprites on a screen with OBJ interlace: the rows that each field shows, on every core."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from support import lab_truth, plain_rows
from support.cores import installed_cores
from support.lab_game import LabGame
from support.lab_truth import ROWS

SMALL, LARGE = 16, 32


@pytest.fixture(params=installed_cores())
def core(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def screen(name: str, step: int, field: int) -> NDArray[np.int64]:
    """The scene, 5 bits a channel, with every `step`th row of the sprites from row `field` on."""
    colours = lab_truth.cgram(name)
    entries = np.stack([plain_rows.bg_row(name, 1, row, 0, -1) for row in range(ROWS)])
    oam, vram = lab_truth.oam(name), lab_truth.vram(name)
    base = (dict(lab_truth.scene(name)["registers"])[0x2101] & 7) << 14
    for index in reversed(range(128)):
        x, y, tile, flags = (int(byte) for byte in oam[index * 4 : index * 4 + 4])
        size = LARGE if oam[512 + index // 4] >> index % 4 * 2 & 2 else SMALL
        for line in range(size // step):
            row = line * step + field
            row = size - 1 - row if flags & 0x80 else row
            place = y + line & 0xFF
            if place >= ROWS:
                continue
            for column in range(size):
                across = size - 1 - column if flags & 0x40 else column
                at = base + ((tile >> 4) + row // 8 & 15) * 512 + ((tile & 15) + across // 8 & 15) * 32 + row % 8 * 2
                pixel = sum(
                    (int(vram[at + 16 * (plane // 2) + plane % 2]) >> 7 - across % 8 & 1) << plane for plane in range(4)
                )
                if pixel and x + column < 256:
                    entries[place, x + column] = 128 + (flags >> 1 & 7) * 16 + pixel
    return plain_rows.rgb(colours[entries])


def test_obj_interlace_alone_shows_every_second_row_by_turns(core: str) -> None:
    fields = [screen("halves", 2, field) for field in (0, 1)]
    assert not np.array_equal(fields[0], fields[1])
    with LabGame(core) as game:
        snapshot, seen = game.go_to("halves"), []
        for _ in range(4):
            assert snapshot.picture is not None
            seen += [field for field in (0, 1) if np.array_equal(snapshot.picture >> 3, fields[field])]
            snapshot = game.host.step()
    assert seen in ([0, 1, 0, 1], [1, 0, 1, 0])
