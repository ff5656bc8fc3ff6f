"""When the page opens: for people, never for scripts."""

from __future__ import annotations

import webbrowser

import pytest
from halscope.app import Controls
from halscope.cli import _page
from halscope.cli._arguments import parser
from support.made_host import eventually


@pytest.mark.parametrize(
    ("arguments", "terminal", "served"),
    [
        ("demo", True, True),
        ("demo", False, False),
        ("demo --no-browser", False, True),
        ("demo --json", True, False),
        ("demo --out seen", True, False),
        ("demo --headless", True, False),
        ("demo --headless --json --out seen", True, False),
        ("play game.sfc", True, True),
        ("play game.sfc --watch sheets -o edit.bps", True, True),
        ("play game.sfc --watch sheets", False, False),
        ("play game.sfc --no-browser", False, True),
        ("play game.sfc --frames 3", True, False),
        ("play game.sfc --json", True, False),
        ("play game.sfc --watch sheets --headless", True, False),
        ("play game.sfc --out seen", True, False),
        ("attach nwa", True, True),
        ("attach nwa --headless", True, False),
        ("attach nwa --frames 3", True, False),
        ("attach nwa --no-browser", False, True),
    ],
)
@pytest.mark.parametrize("display", [True, False])
def test_the_page_is_for_people(
    arguments: str,
    terminal: bool,
    served: bool,
    display: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(_page, "on_terminal", lambda _stream: terminal)
    monkeypatch.setattr(_page, "has_display", lambda: display)
    monkeypatch.setattr(webbrowser, "open", lambda address: not opened.append(address))  # type: ignore[func-returns-value]
    options = parser().parse_args(arguments.split())
    with (
        _page.opened_site(options) as site,
        _page.served_page(options, site, Controls(), lambda: None, None) as inspector,
    ):
        assert (inspector is not None) == served
        said = ""

        def told(text: str) -> bool:
            nonlocal said
            said += capsys.readouterr().err
            return text in said

        if inspector is not None:
            assert eventually(lambda: told(inspector.address))  # a browser is opened on a thread
            assert opened == ([inspector.address] if display and not options.no_browser else [])
        else:
            assert (opened, capsys.readouterr().err) == ([], "")
