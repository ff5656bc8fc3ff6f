"""Edits of the lab's scene "monsters", which has a block for each shape of pointer, and what a core shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope.inject import EditPlan
from halscope.ppu import decode_frame
from halscope.ppu.compose import compose_screen
from numpy.typing import NDArray
from support import lab_truth
from support.lab_game import LabGame

SCENE: Final = "monsters"


def monsters(truth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The blocks of the scene."""
    scene = next(scene for scene in truth["scenes"] if scene["name"] == SCENE)
    names = {piece["block"] for piece in scene["vram"] if piece["transform"] == "none"}
    return [block for block in truth["blocks"] if block["name"] in names and block["kind"] in ("tiles", "sprites")]


def assert_shown(core: str, image: NDArray[np.uint8], plan: EditPlan, names: dict[int, str], folder: Path) -> None:
    """The core has the edits in VRAM, nothing else differs there, and its picture is what we draw of them."""
    patched = folder / "patched.sfc"
    patched.write_bytes(image)
    wanted = lab_truth.vram(SCENE)
    edits = {names[block.block_offset]: block for block in plan.blocks}
    for piece in lab_truth.scene(SCENE)["vram"]:
        if piece["block"] in edits:
            data = np.frombuffer(edits[piece["block"]].new_data, np.uint8)[piece["byte_offset"] :][: piece["size"]]
            wanted[piece["vram_byte"] : piece["vram_byte"] + data.size] = data
    with LabGame(core, patched) as game:
        snapshot = game.go_to(SCENE)
    np.testing.assert_array_equal(snapshot.vram, wanted)
    ours = compose_screen(decode_frame(snapshot))
    assert snapshot.picture is not None
    np.testing.assert_array_equal(ours.rgb >> 3, snapshot.picture[: ours.rgb.shape[0]] >> 3)
