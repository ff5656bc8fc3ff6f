"""The workers of `pytest -n` collect the same tests, each beginning with other files.

Whoever imports a test file first compiles it, which takes ten seconds for all of them. Workers that began with the same
file would all compile everything; so each compiles its share, and finds the others' shares compiled.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

_ORDER: Final = pytest.StashKey[dict[Path, int]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """In a worker that collects one whole folder: collect what is in it one by one, in an order of its own."""
    config = session.config
    worker = getattr(config, "workerinput", None)
    if worker is None or len(config.args) != 1 or not (folder := Path(config.args[0])).is_dir():
        return
    parts = sorted(path for path in folder.absolute().iterdir() if path.is_dir() or path.match("test_*.py"))
    files = [len([*path.rglob("test_*.py")]) if path.is_dir() else 1 for path in parts]
    parts = [path for path, count in zip(parts, files, strict=True) if count]
    files = [count for count in files if count]
    number, workers = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    begin = next(at for at in range(len(parts)) if sum(files[: at + 1]) * workers > sum(files) * (number % workers))
    config.stash[_ORDER] = {path: rank for rank, path in enumerate(parts)}
    config.args = [str(path) for path in (*parts[begin:], *parts[:begin])]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring the tests into the order that is the same in all workers."""
    order = config.stash.get(_ORDER, None)
    if order is not None:
        items.sort(key=lambda item: next(order[path] for path in (item.path, *item.path.parents) if path in order))
