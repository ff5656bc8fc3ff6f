"""`play` takes some frames of a game that runs by its own clock together, where nobody needs each at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from halscope.app import Controls
from halscope.app._game_run import GATHERED, run_in_real_time
from halscope.session import Session
from halscope_hooks import Capability, HostInfo, Snapshot, Write, WriteReceipt
from support.made_host import made_snapshot

FRAMES = 7


class RunningHost:
    """It has a frame whenever it is asked for one."""

    def __init__(self, *abilities: Capability) -> None:
        self.info = HostInfo("running", "a game by its own clock", capabilities=frozenset(abilities))
        self._frames = itertools.count()

    def poll(self, _timeout: float) -> Snapshot | None:
        return made_snapshot(next(self._frames))

    def write(self, _writes: Iterable[Write]) -> WriteReceipt:
        return WriteReceipt(done=True)

    def pause(self) -> None:
        """Nothing is done here."""

    resume = step_frame = close = pause

    def set_speed(self, _factor: float) -> None:
        """Nothing is done here."""


@pytest.mark.parametrize(
    ("abilities", "speeds", "rests"),
    [
        (("pushing", "paced"), [1.0] * FRAMES, [0.09, 0.09]),
        (("pushing", "paced"), [1.0] * 6 + [3.0], [0.09, 0.03]),
        (("pushing", "paced"), [0.0] + [1.0] * 6, [0.09]),  # as fast as possible at first
        (("pushing",), [1.0] * FRAMES, []),  # it may hold frames back until they are asked for
    ],
)
def test_it_rests_while_the_game_runs_some_frames(
    abilities: tuple[Capability, ...], speeds: list[float], rests: list[float]
) -> None:
    rested: list[float] = []
    controls = Controls()
    with Session(RunningHost(*abilities), owns_host=True) as session:
        frames = run_in_real_time(session, (), controls=controls, rest=rested.append)
        for number, snapshot in zip(range(FRAMES), frames, strict=False):
            assert snapshot.frame == number, "none is left out"
            controls.speed = speeds[number]
        next(frames)
    assert [round(seconds, 2) for seconds in rested] == rests
    assert len(rests) <= -(-FRAMES // GATHERED)
