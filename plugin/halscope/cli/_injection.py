"""What `inject` and `palette` print of a patch that they made, as text and as JSON."""

from __future__ import annotations

from typing import Any

from halscope_hooks import RAW_CODEC

from halscope.app import Injection, block_fill, pointer_line
from halscope.cli._common import print_json
from halscope.cli._output import say


def tell_injection(done: Injection, *, json: bool) -> int:
    """Print what was written, or would be. Return the exit code, 0."""
    if json:
        print_json(_described(done))
    else:
        _say_done(done)
    return 0


def _described(done: Injection) -> dict[str, Any]:
    """Return the JSON form."""
    return {
        **({} if done.file is None else done.file.describe()),
        **done.describe(),
        "blocks": [
            {
                "codec": block.codec,
                "offset": block.block_offset,
                "start": block.start,
                "packed_size": block.old_packed_size,
                "new_packed_size": len(block.new_packed),
                "tiles": block.tiles,
                "colours": block.colours,
            }
            for block in done.plan.blocks
        ],
        "notes": [*done.plan.notes, *done.room.notes, *(() if done.file is None else done.file.notes)],
    }


def _say_done(done: Injection) -> None:
    name = "dry run" if done.file is None else str(done.file.path)
    say(f"{name}: {done.patch.summary}")
    for line in () if done.file is None else done.file.lines():
        say(f"{name}: {line}")
    for block in done.plan.blocks:
        if block.codec != RAW_CODEC:
            say(f"{name}: {block_fill(block, done.room)}")
    if done.file is None:
        for write in done.describe()["writes"]:
            say(f"{name}: {write['size']} bytes at {write['offset']:#x}: {write['what']}")
    for one in done.room.pointers:
        say(f"{name}: {pointer_line(one)}")
    for line in (*done.plan.notes, *done.room.notes):
        say(f"note: {line}")
    for line in done.room.risks:
        say(f"risk: {line}")
