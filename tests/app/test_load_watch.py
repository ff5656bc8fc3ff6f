"""What a game reads before tiles arrive, as `LoadWatch` tells it."""

from __future__ import annotations

from halscope.app._load_watch import LoadWatch
from halscope.session import Session
from halscope_hooks import Snapshot, Touched
from support.made_host import MadeRemote, made_snapshot


def frame(number: int, units: dict[int, int]) -> Snapshot:
    """A frame with these bytes in units of VRAM, beside what `made_snapshot` has in the first two."""
    made = made_snapshot(number)
    vram = made.vram.copy()
    for unit, value in units.items():
        vram[32 * unit] = value
    return Snapshot(vram=vram, cgram=made.cgram, oam=made.oam, ppu=made.ppu, frame=number)


def test_a_load_is_told_with_the_reads_before_it_and_only_the_units_that_have_changed_since_the_beginning() -> None:
    emulator = MadeRemote()
    with Session(emulator) as session:
        emulator.send(frame(1, {7: 1}))
        begun = session.step()
        assert begun is not None
        watch = LoadWatch(session, begun)
        emulator.touches.append(Touched(2, 0x1234))
        emulator.send(frame(2, {7: 1, 9: 3}))  # the first update of a subscriber counts everything as changed
        session.step()
        emulator.send(frame(3, {7: 1, 9: 3, 10: 5}))
        session.step()
        told = watch.describe((7, 9, 10))
        assert told["loads"] == [
            {"frame": 2, "units": [9], "reads": [0x1234]},
            {"frame": 3, "units": [10], "reads": [0x1234]},
        ]
        assert (told["frame"], told["reads"]) == (1, 1)
        watch.close()
        emulator.send(frame(4, {7: 1, 9: 3, 10: 6}))
        session.step()
        assert watch.describe((10,))["loads"] == [{"frame": 3, "units": [10], "reads": [0x1234]}]
