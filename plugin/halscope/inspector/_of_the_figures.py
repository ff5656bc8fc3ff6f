"""Questions about figures and the scene: names, merges, splits, collected animations, coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from halscope_hooks import UsageError

from halscope.app import COLLECTED_KINDS

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request

_MOST_MERGED: Final = 16


async def _name_figure(asker: Asker, request: Request) -> str | None:
    sprite, name = request.integer("sprite", 0, 127), request.text("name")
    of = asker.describer.of_figures
    return await asker.about("name_figure", lambda update: of.name(update, sprite, name), request.id, request.frame())


async def _merge_figures(asker: Asker, request: Request) -> None:
    sprites = request.fields.get("sprites")
    if not isinstance(sprites, list) or not 2 <= len(sprites) <= _MOST_MERGED:
        raise UsageError(f"merge_figures: sprites is no list of 2 to {_MOST_MERGED} sprites")
    if any(isinstance(one, bool) or not isinstance(one, int) or not 0 <= one <= 127 for one in sprites):
        raise UsageError("merge_figures: sprites is no list of numbers from 0 to 127")
    of = asker.describer.of_figures
    await asker.about("merge_figures", lambda update: of.merge(update, sprites), request.id, request.frame())


async def _split_figure(asker: Asker, request: Request) -> None:
    sprite, of = request.integer("sprite", 0, 127), asker.describer.of_figures
    await asker.about("split_figure", lambda update: of.split(update, sprite), request.id, request.frame())


async def _join_figures(asker: Asker, request: Request) -> int | None:
    of = asker.describer.of_figures
    return await asker.about("join_figures", lambda _: of.join(), request.id)


async def _collect(asker: Asker, request: Request) -> dict[str, Any] | None:
    sprite, of, session = request.integer("sprite", 0, 127), asker.describer.of_figures, asker.session
    return await asker.about("collect", lambda update: of.collect(session, update, sprite), request.id, request.frame())


async def _collected(asker: Asker, request: Request) -> dict[str, Any] | None:
    since, of = request.integer("since", 0, 1 << 20), asker.describer.of_figures
    return await asker.about("collected", lambda _: of.collected(since))


async def _end_collecting(asker: Asker, request: Request) -> None:
    of = asker.describer.of_figures
    await asker.about("end_collecting", lambda _: of.end_collecting(), request.id)


async def _export_collected(asker: Asker, request: Request) -> str | None:
    name, of = request.text("kind"), asker.describer.of_figures
    kind = next((one for one in COLLECTED_KINDS if one == name), None)
    if kind is None:
        raise UsageError(f"export_collected: kind is {name!r:.40}, expected one of {', '.join(COLLECTED_KINDS)}")
    return await asker.about("export_collected", lambda _: of.export(kind), request.id)


async def _coverage(asker: Asker, _: Request) -> dict[str, Any] | None:
    return await asker.about("coverage", asker.describer.of_figures.coverage)


async def _watch_load(asker: Asker, _: Request) -> None:
    of, session = asker.describer.of_figures, asker.session
    await asker.game(of.watch_reads)
    await asker.about("watch_load", lambda update: of.watch(session, update))


QUESTIONS: Final[dict[str, Question]] = {
    "name_figure": _name_figure,
    "merge_figures": _merge_figures,
    "split_figure": _split_figure,
    "join_figures": _join_figures,
    "collect": _collect,
    "collected": _collected,
    "end_collecting": _end_collecting,
    "export_collected": _export_collected,
    "coverage": _coverage,
    "watch_load": _watch_load,
}
