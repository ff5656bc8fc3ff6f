"""The site that serves the page: before there is anything to show, and under the address that a browser knows."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys

import pytest
from halscope.inspector import PORTS, Site
from halscope.inspector._bundle import bundled
from support.made_host import eventually
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

# Prints the modules that serving the page needs.
SERVES = "import sys; from halscope.inspector import Site; Site().close(); print(*sys.modules)"


def test_the_page_is_served_without_what_looks_at_a_game() -> None:
    modules = subprocess.run(
        [sys.executable, "-c", SERVES], capture_output=True, text=True, timeout=120, check=True
    ).stdout.split()
    rooms = {name.split(".")[1] for name in modules if name.startswith("halscope.")}
    assert rooms <= {"inspector", "app", "_output", "_processes"}
    assert not {"numpy", "halscope.app._painting"} & set(modules)


def test_a_site_takes_the_first_of_its_ports_that_is_free() -> None:
    with Site((*PORTS, 0)) as first, Site((first.port, 0)) as second:
        assert second.port not in (first.port, 0)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", second.port, timeout=60)) as asked:
            asked.request("GET", "/")
            assert asked.getresponse().status == 200
        with pytest.raises(OSError, match="in use"):
            Site((first.port,))


def test_a_page_that_waits_is_told_why_no_game_comes() -> None:
    with Site() as site:
        origin, token = site.address.split("/#")
        address = f"{origin.replace('http', 'ws')}/live?token={token}"
        with connect(address, origin=Origin(origin), open_timeout=60) as page:
            assert eventually(lambda: site.pages == 1)
            site.close("\N{MULTIPLICATION SIGN} " * 100)  # more than a WebSocket takes
            with pytest.raises(ConnectionClosed) as ended:
                page.recv(timeout=60)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.reason.startswith("\N{MULTIPLICATION SIGN} \N{MULTIPLICATION SIGN}")


MAIN = """// The first.
import { a, f as g } from "./parts/one.js";
import {
  b,
} from "./two.js";
import h, { x } from "other";
import "./parts/silent.js";
export class Main {}
"""


def test_modules_become_one_in_the_order_in_which_a_browser_runs_them() -> None:
    modules = {
        "main.js": MAIN.replace("h, { x }", "h"),
        "parts/one.js": 'import { b } from "../two.js";\nexport const a = b;\nexport async function f() {}\n',
        "parts/silent.js": "run();\n",
        "two.js": 'import { y } from "other";\nexport const b = y;\n',
        "unused.js": "never();\n",
    }
    found = bundled(modules, "main.js", "whole.js")
    whole = found["whole.js"]
    order = [whole.index(f'modules["{name}"] =') for name in ("two.js", "parts/one.js", "parts/silent.js", "main.js")]
    assert order == sorted(order)
    assert whole.startswith('import * as other0 from "other";\n')
    assert 'const { a, f: g } = modules["parts/one.js"];' in whole
    assert "const h = other0.default;" in whole
    assert "return { Main };" in whole
    assert "never" not in whole
    assert set(found) == {*modules, "whole.js"} - {"unused.js"}
    assert found["parts/one.js"] == (
        'import { modules } from "./../whole.js";\nexport const { a, f } = modules["parts/one.js"];\n'
    )


@pytest.mark.parametrize(
    ("main", "why"),
    [
        (MAIN, "main.js: import h, { x }"),
        ("export let n = 1;\n", "main.js: export let"),
        ("export { n };\n", "main.js: export {"),
        ('import { m } from "./two.js";\nexport const n = m;\n', "circle: main.js -> two.js -> main.js"),
    ],
)
def test_what_cannot_become_one_is_refused(main: str, why: str) -> None:
    others = {
        "parts/one.js": "export const a = 1;\nexport const f = 2;\n",
        "parts/silent.js": "",
        "two.js": 'import { n } from "./main.js";\nexport const m = n;\n' if "m }" in main else "export const b = 1;\n",
    }
    with pytest.raises(ValueError, match=why.replace("{", r"\{")):
        bundled({"main.js": main, **others}, "main.js", "whole.js")
