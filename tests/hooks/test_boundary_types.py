"""What crosses the boundary: a snapshot is immutable and refuses other shapes, origins count what was found."""

import numpy as np
import pytest
from halscope_hooks import Origin, Snapshot, UsageError, VramOrigins


def make(**changes: object) -> Snapshot:
    fields: dict[str, object] = {
        "vram": np.zeros(0x10000, np.uint8),
        "cgram": np.zeros(256, np.uint16),
        "oam": np.zeros(544, np.uint8),
    }
    return Snapshot(**(fields | changes))  # type: ignore[arg-type]  # wrong types are what is tested


def test_a_later_change_of_the_hosts_buffer_does_not_reach_the_snapshot() -> None:
    vram = np.zeros(0x10000, np.uint8)
    snapshot = make(vram=vram)
    vram[5] = 7
    assert snapshot.vram[5] == 0
    with pytest.raises(ValueError, match="read-only"):
        snapshot.vram[5] = 1


def test_bytes_are_taken_as_little_endian_memory() -> None:
    snapshot = make(cgram=b"\x34\x12" + bytes(510))
    assert snapshot.cgram[0] == 0x1234
    assert snapshot.cgram.dtype == np.uint16


def test_a_private_read_only_array_is_not_copied() -> None:
    vram = np.zeros(0x10000, np.uint8)
    vram.flags.writeable = False
    assert make(vram=vram).vram is vram


@pytest.mark.parametrize(
    "changes",
    [
        {"vram": bytes(65535)},
        {"oam": np.zeros((544, 1), np.uint8)},
        {"cgram": np.zeros(256, np.float64)},
        {"cgram": np.full(256, 0x10000)},
        {"wram": bytes(0x10000)},
        {"picture": np.zeros((224, 256), np.uint8)},
    ],
)
def test_another_shape_or_type_is_refused_by_name(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(changes))):
        make(**changes)


def test_located_counts_the_informative_tiles_that_have_a_place() -> None:
    place = (Origin("hal", 0x8000, 32, "pointer"),)
    informative = np.array([True, True, False, True])
    assert VramOrigins((place, (), place, place), informative).located == 2
