"""What the truth file says of each row: the tables hold it, and a core's picture shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from halscope_hooks import Snapshot
from numpy.typing import NDArray
from support import lab_truth, plain_hdma
from support.cores import two_cores
from support.lab_game import LabGame, channels_of
from support.lab_tour import LabTour
from support.lab_truth import ROWS
from support.plain_rows import bg_row, rgb

MOVING = "swell"
SCENES = [scene["name"] for scene in lab_truth.load_truth()["scenes"] if scene["channels"]]
STILL = [name for name in SCENES if name != MOVING]
SCROLLS = range(0x210D, 0x2115)
MATRIX = range(0x211B, 0x211F)


Read = Callable[[int], int]
PictureOf = Callable[[str], NDArray[np.uint8]]


def bus(wram: NDArray[np.uint8]) -> Read:
    """A reader of memory: LoROM and WRAM."""
    image = lab_truth.IMAGE.read_bytes()

    def read(address: int) -> int:
        if address >> 16 in (0x7E, 0x7F):
            return int(wram[address - 0x7E0000])
        return image[(address >> 16 & 0x7F) * 0x8000 + (address & 0x7FFF)]

    return read


def loaded_wram(scene: dict[str, Any]) -> NDArray[np.uint8]:
    """WRAM as the scene's loader fills it."""
    wram = np.zeros(0x20000, np.uint8)
    for kept in scene["wram"]:
        data = np.frombuffer(lab_truth.sources()[kept["block"]], np.uint8)
        wram[kept["wram_offset"] :][: len(data)] = data
    return wram


def rows_of(channels: list[dict[str, Any]], read: Read) -> dict[tuple[int, int | None], dict[int, int]]:
    """For each register and CGRAM entry that is written: the value from each row on that has a write."""
    held: dict[tuple[int, int | None], dict[int, int]] = defaultdict(dict)
    for channel in channels:
        written: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for row, register, byte in plain_hdma.writes(channel, read, ROWS):
            written[row, register].append(byte)
        for (row, register), data in written.items():
            if register in SCROLLS:
                held[register, None][row] = int.from_bytes(bytes(data), "little") & 0x3FF
            elif register in MATRIX:
                held[register, None][row] = int.from_bytes(bytes(data), "little")
            elif register == 0x2122:
                held[register, written[row, 0x2121][-1]][row] = int.from_bytes(bytes(data), "little")
            elif register != 0x2121:
                held[register, None][row] = data[-1]
    return held


@pytest.mark.parametrize("name", STILL)
def test_the_tables_hold_what_the_truth_says_of_each_row(name: str) -> None:
    scene = lab_truth.scene(name)
    held = rows_of(scene["channels"], bus(loaded_wram(scene)))
    told = {(rows["register"], rows.get("entry")): lab_truth.values(rows) for rows in scene["raster"]}
    assert told.keys() == held.keys()
    for key, changes in held.items():
        value = changes[max(changes)]  # before the first write, the frame before has left its last value
        for row in range(ROWS):
            value = changes.get(row, value)
            assert told[key][row] == value, (key, row)


def without_sprites(name: str) -> NDArray[np.bool_]:
    """The pixels that no sprite's box covers. All shown sprites of the lab are small 16, large 32 pixels in size."""
    free = np.ones((ROWS, 256), np.bool_)
    oam = lab_truth.oam(name)
    for index in range(128 if oam.any() else 0):
        x, y = oam[index * 4], oam[index * 4 + 1]
        size = 32 if oam[512 + index // 4] >> index % 4 * 2 & 2 else 16
        free[int(y) : int(y) + size, int(x) : int(x) + size] = False
    return free


@pytest.fixture(params=two_cores())
def core(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def picture_of(core: str, lab_tour: Callable[[str], LabTour]) -> PictureOf:
    def shown(name: str) -> NDArray[np.uint8]:
        picture = lab_tour(core).snapshot(name).picture
        assert picture is not None
        return np.right_shift(picture, 3, dtype=np.uint8)

    return shown


def test_each_row_of_the_bay_is_scrolled_as_told(picture_of: PictureOf) -> None:
    shown = picture_of("bay")
    front, back = lab_truth.row_values("bay", 0x210D), lab_truth.row_values("bay", 0x210F)
    assert len(set(front)) == 5
    assert len(set(back)) > 5
    colours = lab_truth.cgram("bay")
    for row in range(ROWS):
        upper, lower = bg_row("bay", 1, row, front[row], -1), bg_row("bay", 2, row, back[row], -1)
        assert np.array_equal(shown[row], rgb(colours[np.where(upper, upper, lower)])), row


def test_each_row_of_the_lake_has_its_own_colours(picture_of: PictureOf) -> None:
    shown, free = picture_of("lake"), without_sprites("lake")
    seen = 0
    for row in range(ROWS):
        expected = rgb(lab_truth.cgram("lake", row)[bg_row("lake", 1, row, 0, -1)])
        assert np.array_equal(shown[row][free[row]], expected[free[row]]), row
        seen += int(free[row].sum())
    assert seen > 40_000


def test_each_row_of_the_forest_is_lit_and_uncovered_as_told(picture_of: PictureOf) -> None:
    shown, free = picture_of("forest"), without_sprites("forest")
    dark = dict(lab_truth.scene("forest")["registers"])[0x2132] & 31
    x, colours = np.arange(256), lab_truth.cgram("forest")
    edges = [lab_truth.row_values("forest", register) for register in range(0x2126, 0x212A)]
    lit = uncovered = 0
    for row in range(ROWS):
        left_1, right_1, left_2, right_2 = (values[row] for values in edges)
        light, gap = (left_1 <= x) & (x <= right_1), (left_2 <= x) & (x <= right_2)
        eyes = np.where(gap, bg_row("forest", 2, row, 0, -1), 0)
        trees = rgb(colours[bg_row("forest", 1, row, 0, -1)])
        trees = np.where(light[:, None], trees, np.maximum(trees - dark, 0))
        expected = np.where(eyes[:, None] != 0, rgb(colours[eyes]), trees)
        assert np.array_equal(shown[row][free[row]], expected[free[row]]), row
        lit, uncovered = lit + int(light.sum()), uncovered + int((eyes != 0).sum())
    assert lit > 10_000
    assert uncovered > 100


def test_each_row_of_the_plaza_is_in_its_mode_and_scaled_as_told(picture_of: PictureOf) -> None:
    shown, free = picture_of("plaza"), without_sprites("plaza")
    registers, vram, colours = written_twice("plaza"), lab_truth.vram("plaza"), lab_truth.cgram("plaza")
    modes = lab_truth.row_values("plaza", 0x2105)
    across, down = lab_truth.row_values("plaza", 0x211B), lab_truth.row_values("plaza", 0x211E)
    left, top = (registers[scroll] - registers[centre] for scroll, centre in ((0x210D, 0x211F), (0x210E, 0x2120)))
    horizon = modes.index(7)
    assert len(set(across[horizon:])) > 60
    for row in range(ROWS):
        if row < horizon:
            index = bg_row("plaza", 1, row, registers[0x210D], registers[0x210E])
        else:
            # The products of the scroll and of the line lose their lowest six bits.
            x = (across[row] * left & ~63) + across[row] * np.arange(256) + (registers[0x211F] << 8) >> 8
            y = (down[row] * top & ~63) + (down[row] * (row + 1) & ~63) + (registers[0x2120] << 8) >> 8
            x, y = x & 0x3FF, y & 0x3FF
            tile = vram[(y // 8 * 128 + x // 8) * 2].astype(np.int64)
            index = vram[tile * 128 + (y % 8 * 8 + x % 8) * 2 + 1].astype(np.int64)
        assert np.array_equal(shown[row][free[row]], rgb(colours[index])[free[row]]), row


def written_twice(name: str) -> dict[int, int]:
    """The 16-bit values of the registers that a scene's loader writes twice."""
    held: dict[int, int] = {}
    for register, value in lab_truth.scene(name)["registers"]:
        held[register] = value << 8 | held.get(register, 0) >> 8
    return held


def test_each_row_of_the_split_has_its_map_and_windows(picture_of: PictureOf) -> None:
    shown, free, x = picture_of("split"), without_sprites("split"), np.arange(256)
    colours, seen = lab_truth.cgram("split"), 0
    maps, masks = lab_truth.row_values("split", 0x2107), lab_truth.row_values("split", 0x212C)
    edges = [lab_truth.row_values("split", register) for register in range(0x2126, 0x212A)]
    for row in range(ROWS):
        left_1, right_1, left_2, right_2 = (values[row] for values in edges)
        masked = (x < left_1) | (x > right_1) | (left_2 <= x) & (x <= right_2)
        index = np.where(masked | (masks[row] & 1 == 0), 0, bg_row("split", 1, row, 0, -1, maps[row]))
        assert np.array_equal(shown[row][free[row]], rgb(colours[index])[free[row]]), row
        seen += int(np.count_nonzero(index))
    assert seen > 10_000


def test_the_interrupt_acts_from_the_row_that_the_truth_says(picture_of: PictureOf) -> None:
    shown = picture_of("interrupt")
    for row, scroll in enumerate(lab_truth.row_values("interrupt", 0x210D)):
        colours = lab_truth.cgram("interrupt", row)
        assert np.array_equal(shown[row], rgb(colours[bg_row("interrupt", 1, row, scroll, -1)])), row


def test_sprites_change_their_tiles_at_the_split(picture_of: PictureOf) -> None:
    shown, free = picture_of("split"), without_sprites("split")
    colours, ducks, fish = rgb(lab_truth.cgram("split"))[128:], range(1, 8), range(8, 15)
    boxes = [np.s_[70:102], np.s_[150:182]]
    for rows, own, foreign in zip(boxes, (ducks, fish), (fish, ducks), strict=True):
        pixels = {tuple(pixel) for pixel in shown[rows][~free[rows]].tolist()}
        assert {tuple(colours[entry].tolist()) for entry in own} <= pixels
        assert not {tuple(colours[entry].tolist()) for entry in list(foreign)[2:5]} & pixels


def test_moving_tables_and_pictures_follow_their_phases(core: str) -> None:
    scene, colours = lab_truth.scene(MOVING), lab_truth.cgram(MOVING)
    phases = {rows["register"]: rows["phase"] for rows in scene["raster"]}
    seen, late = set(), set()
    with LabGame(core) as game:
        snapshot = game.go_to(MOVING)
        before = None
        for _ in range(6):
            assert snapshot.wram is not None
            channels = channels_of(MOVING, snapshot)
            held = rows_of(channels, bus(snapshot.wram))
            now = {}
            for register, variable in phases.items():
                now[register] = lab_truth.row_values(MOVING, register, phase=game.variable(snapshot, variable))
                changes = held[register, None]
                value, found = changes[0], []
                for row in range(ROWS):
                    value = changes.get(row, value)
                    found.append(value)
                assert found == now[register], f"${register:04X}"
            seen.add(channels[1]["table_address"])
            if before is not None:
                late.add([picture_is(snapshot, rows, colours) for rows in (now, before)].index(True))
            before, snapshot = now, game.host.step()
    assert len(seen) == 2
    assert len(late) == 1, "the picture is always this frame's, or always the one before's"


def picture_is(snapshot: Snapshot, rows: dict[int, list[int]], colours: NDArray[np.uint16]) -> bool:
    """Whether the picture shows both layers with these scrolls."""
    assert snapshot.picture is not None
    front, back = rows[0x210D], rows[0x210F]
    for row in range(ROWS):
        upper, lower = bg_row(MOVING, 1, row, front[row], -1), bg_row(MOVING, 2, row, back[row], -1)
        if not np.array_equal(snapshot.picture[row] >> 3, rgb(colours[np.where(upper, upper, lower)])):
            return False
    return True
