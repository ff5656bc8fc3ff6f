"""Questions about the edits of the running game: the list, steps through it, pictures."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, Literal

from halscope_hooks import Update, UsageError

from halscope.app import PATCH_SUFFIXES, STEP_ACTIONS, LiveEdits
from halscope.inspector._answers import previewed

if TYPE_CHECKING:
    from collections.abc import Callable

    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request
    from halscope.inspector._notices import Notices

_MOST_STEPS: Final = 256
_MOST_ID: Final = 1 << 31


def post_edits(notices: Notices, edits: LiveEdits) -> None:
    """Tell all pages what the edits are now."""
    notices.post("edits", edits.view().describe())


async def _edit_step(asker: Asker, request: Request) -> None:
    action = next((one for one in STEP_ACTIONS if one == request.text("action")), None)
    if action is None:
        raise UsageError(f"edit_step: action is none of {', '.join(STEP_ACTIONS)}")
    number = request.integer("number", 1, _MOST_ID) if action == "revert" else 0
    await _work(asker, lambda edits: edits.step(action, number))


async def _edit_picture(asker: Asker, request: Request) -> dict[str, Any]:
    step, number = request.integer("step", 0, _MOST_STEPS), request.integer("number", 1, _MOST_ID)
    picture = await _work(asker, lambda edits: edits.picture(step, number))
    png = None if picture.png is None else base64.b64encode(picture.png).decode()
    return {"png": png, "before": list(picture.before), "after": list(picture.after)}


async def _export(asker: Asker, request: Request) -> dict[str, Any]:
    suffix = next((one for one in PATCH_SUFFIXES if one == f".{request.text('format')}"), None)
    if suffix is None:
        raise UsageError("export: format is none of bps, ips")
    patch = await _work(asker, lambda edits: edits.export(suffix))
    data = base64.b64encode(patch.data).decode()
    return {"path": str(patch.path), "name": patch.path.name, "data": data, "lines": list(patch.lines)}


async def _uses(asker: Asker, request: Request) -> dict[str, Any] | None:
    vram, bpp = request.integer("vram", 0, 0xFFFF), request.integer("bpp", 2, 8)
    edits = _edits(asker)
    if bpp not in (2, 4, 8):
        raise UsageError(f"uses: bpp is {bpp}, expected 2, 4 or 8")
    depth: Literal[2, 4, 8] = bpp  # type: ignore[assignment] # compared above
    return await asker.about("uses", lambda update: edits.uses(update, vram, depth).describe(), request.id)


async def _drop(asker: Asker, request: Request) -> dict[str, Any] | None:
    name, edits = request.text("name"), _edits(asker)
    sprite = None if request.fields.get("sprite") is None else request.integer("sprite", 0, 127)
    data = asker.uploads.take(request.text("upload"))

    def put(update: Update) -> dict[str, Any]:
        done = edits.drop(update, data, name, sprite)
        return {"path": str(done.path), "sheet": f"{done.path.parent.name}/{done.path.name}", "inexact": done.inexact}

    return await asker.about("drop", put, request.id, request.frame())


def _edits(asker: Asker) -> LiveEdits:
    if asker.edits is None:
        raise UsageError("this game cannot be edited from here")
    return asker.edits


async def _work[T](asker: Asker, work: Callable[[LiveEdits], T]) -> T:
    """Do something with the edits on the session's preview pool. Raises what it raises."""
    edits = _edits(asker)
    return await previewed(asker.session, "edits", object(), lambda: work(edits))


QUESTIONS: Final[dict[str, Question]] = {
    "edit_step": _edit_step,
    "edit_picture": _edit_picture,
    "export": _export,
    "uses": _uses,
    "drop": _drop,
}
