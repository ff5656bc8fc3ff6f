"""All reads of the ROM are observed where the host can, and a recorded run holds them."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.app import Game, open_game, record_game
from halscope.app._rom_reads import watch_reads
from halscope.demo import rom_path, truth
from halscope.formats.recording import RecordingReader
from support.cores import installed_cores
from support.made_host import MadeHost

CORE = installed_cores()[0]


@pytest.mark.slow
@pytest.mark.parametrize("core", [CORE])
def test_a_recorded_run_holds_the_starts_of_the_blocks_that_the_game_has_loaded(tmp_path: Path, core: str) -> None:
    starts = {block["offset"] for block in truth()["blocks"]}
    path = tmp_path / "run.hrec"
    with rom_path() as rom, open_game(Game(rom, core)) as session:
        record_game(session, path, 32, (), wram=False, picture=False, progress=lambda _done, _all: None)
    with RecordingReader(path) as reader:
        touches = [reader.touches(position) for position in range(len(reader))]
    assert len(touches) == 32
    assert all(touch.frame == frame for frame, touched in enumerate(touches) for touch in touched)
    assert len(starts & {touch.rom_offset for touched in touches for touch in touched}) >= 14  # of the title


def test_nothing_is_watched_where_the_rom_is_not_at_hand(tmp_path: Path) -> None:
    host = MadeHost()
    assert host.info.rom.path is None
    assert not watch_reads(host)
