"""The page in a real browser: how soon it shows the game, how old its pixels are, what it costs, and what it keeps.

    python tests/benchmarks/page_figures.py [--seconds N] [--warm-up N] [--starts N] [--core CORE] [--json]

`halscope play --no-browser` runs the demo in real time in a process of its own; Chromium shows its page. Measured are

- the time from the command to the first painted frame, with a cached index and without one, and to the first sprites,
  which the demo itself shows half a second after its first frame. Halscope is as an installation has it (compiled, and
  not editable), and the browser runs already, with an empty tab that is sent to the address as soon as it is printed:
  the start of a browser is not ours. It has none of the page's files. The median of `--starts`
- the age of the pixels: from the moment when the game's thread has a snapshot to the browser's animation frame after
  the one that painted it
- updates a second that the page paints, and that a client takes which draws nothing: where these differ, the browser
  is the limit, which draws with the processor here
- processor time of the server's thread for an update, in shares of one processor at 60 updates a second
- growth after the warm-up, a minute in which the index is made and each view and buffer is used once: resident memory
  of the process of `play` (without the core's), and of the page its heap and the buffers that it holds, each after a
  collection. Both are sampled every few seconds, as they go up and down with the frames that wait: "grown" is the
  median of the last fifth of the samples less that of the first. What ten minutes would add is the slope of all
  samples (the median of the slopes of all pairs). `--seconds 600` watches the ten minutes themselves; the samples'
  medians by the minute are printed too

Linux alone. On a machine that is busy with other things the times are those of a busy machine; processor time is less
so. A target that is not met is marked.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from websockets.sync.client import connect
from websockets.typing import Origin

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from halscope.demo import rom_path
from halscope.hosts.libretro import find_core
from support.as_installed import as_installed
from support.figures import machine

TESTS = Path(__file__).resolve().parents[1]
PATIENCE = 120.0
FRAMES_A_SECOND = 60.0988
SERVER = "halscope inspector"
TARGETS = {
    "first frame, s": 2.0,
    "first frame with a cached index, s": 1.0,
    "age, 95 in 100 ms": 50.0,
    "server, share of a CPU at 60": 0.10,
    "server grown, MB": 5.0,
    "page grown, MB": 5.0,
    "server grows in 10 min, MB": 5.0,
    "page grows in 10 min, MB": 5.0,
}

# Notes [number of the frame, wall clock] once the browser has shown what the page painted.
WATCHED = """
window.painted = [];
let newest = -1, shown = -1;
const Real = WebSocket, send = Real.prototype.send;
window.WebSocket = class extends Real {
  constructor(...all) {
    super(...all);
    this.addEventListener("message", ({ data }) => {
      if (typeof data === "string") return;
      const length = new DataView(data).getUint32(0, true);
      newest = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))).frame;
    });
  }
};
Real.prototype.send = function (text) {
  if (text === '{"type":"seen"}' && newest !== shown) {
    const frame = (shown = newest);
    requestAnimationFrame(() => window.painted.push([frame, performance.timeOrigin + performance.now()]));
  }
  return send.call(this, text);
};
const look = () => {
  if (document.querySelector(".sprites li canvas")) window.listed = performance.timeOrigin + performance.now();
  else requestAnimationFrame(look);
};
look();"""


@dataclass
class Counts:
    """What the process of `play` says of itself: frames, resident bytes, and processor seconds by thread."""

    frames: int
    resident: int
    threads: dict[str, float]
    came: list[tuple[int, float]]


class Game:
    """`play` in a process of its own. Without a command, one that answers lines on its input."""

    def __init__(
        self,
        rom: Path,
        core: Path,
        cache: Path,
        home: Path,
        command: Sequence[object] = (sys.executable, TESTS / "support" / "counted_play.py"),
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.began = time.time()
        self.process = subprocess.Popen(
            [*map(str, command), "play", str(rom), "--core", str(core), "--no-browser"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment, "PYTHONUNBUFFERED": "1", "XDG_CACHE_HOME": str(cache), "XDG_DATA_HOME": str(home)},
            text=True,
        )
        assert self.process.stderr is not None
        said = ""
        for line in self.process.stderr:
            said += line
            if found := re.search(r"http://\S+", line):
                self.address = found[0]
                return
        raise SystemExit(f"play has ended:\n{said}")

    def counts(self) -> Counts:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("all\n")
        self.process.stdin.flush()
        return Counts(**json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        self.process.terminate()  # not SIGINT: a shell has its background jobs ignore that
        self.process.communicate(timeout=PATIENCE)


@contextlib.contextmanager
def playing(game: Game) -> Iterator[Game]:
    """Play within the block."""
    try:
        yield game
    finally:
        game.end()


def empty(browser: Browser) -> Page:
    """Return a tab that will note what it paints."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENCE * 1000)
    page.add_init_script(WATCHED)
    return page


def started(browser: Browser, folder: Path, rom: Path, core: Path, starts: int) -> dict[str, float]:
    """Return the seconds from the command to the first frame and the first sprites on the page."""
    python, environment = as_installed(folder / "installed")
    cache, home = folder / "cache of starts", folder / "data of starts"
    found: dict[str, list[float]] = {}
    for _ in range(starts):
        for kind in ("", " with a cached index"):
            if not kind:
                shutil.rmtree(cache, ignore_errors=True)
            page = empty(browser)
            game = Game(rom, core, cache, home, [python, "-m", "halscope"], environment)
            with playing(game):
                page.goto(game.address, wait_until="commit")
                page.wait_for_function("() => window.painted.length > 0 && window.listed")
                frame, sprites = page.evaluate("() => [window.painted[0][1], window.listed]")
                found.setdefault(f"first frame{kind}, s", []).append(frame / 1000 - game.began)
                found.setdefault(f"first sprites{kind}, s", []).append(sprites / 1000 - game.began)
                page.wait_for_function("() => !document.querySelector('.progress')")
                time.sleep(3)  # the index is written
                page.close()
    return {name: float(np.median(seconds)) for name, seconds in found.items()}


def heap(page: Page) -> int:
    """Return the bytes that the page holds after a collection: in scripts, in the document, in buffers."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    found: dict[str, int] = session.send("Runtime.getHeapUsage")
    session.detach()
    return int(sum(found[name] for name in ("usedSize", "embedderHeapUsedSize", "backingStorageSize")))


SAMPLE_SECONDS = 5.0
UNDRAWN_SECONDS = 10.0


def slope(samples: list[tuple[float, int]]) -> float:
    """Return by how much samples (seconds, bytes) grow in ten minutes, in MB."""
    found = [(b - a) / (until - since) for n, (since, a) in enumerate(samples) for until, b in samples[n + 1 :]]
    return float(np.median(found)) * 600 / 1e6 if found else 0.0


def grown(samples: list[tuple[float, int]]) -> float:
    """Return by how much samples have grown, in MB."""
    some = -(-len(samples) // 5)
    return float(np.median([b for _, b in samples[-some:]]) - np.median([b for _, b in samples[:some]])) / 1e6


def by_the_minute(samples: list[tuple[float, int]]) -> list[float]:
    """Return the median of the samples of each minute, in MB."""
    minutes = range(int(samples[-1][0] // 60) + 1)
    found = [[size for when, size in samples if when // 60 == minute] for minute in minutes]
    return [round(float(np.median(one)) / 1e6, 1) for one in found if one]


def measured(browser: Browser, game: Game, seconds: float, warm_up: float) -> dict[str, Any]:
    """Watch a game that runs for some time."""
    page = empty(browser)
    page.goto(game.address)
    page.wait_for_selector(".sprites li")
    time.sleep(warm_up)
    page.evaluate("() => void window.painted.splice(0)")
    before, kept = game.counts(), heap(page)
    began, server, heaps = time.monotonic(), [(0.0, before.resident)], [(0.0, kept)]
    painted: list[tuple[int, float]] = []
    came = dict(before.came)
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(SAMPLE_SECONDS, left))
        after = game.counts()
        painted += page.evaluate("() => window.painted.splice(0)")  # what it notes is not the page's own
        came |= after.came
        now = time.monotonic() - began
        server.append((now, after.resident))
        heaps.append((now, heap(page)))
    ages = [when - came[frame] * 1000 for frame, when in painted if frame in came]
    updates = len(ages)
    spent = {name: value - before.threads.get(name, 0.0) for name, value in after.threads.items()}
    page.close()
    return {
        "updates a second": updates / seconds,
        "age, median ms": float(np.percentile(ages, 50)),
        "age, 95 in 100 ms": float(np.percentile(ages, 95)),
        "server, share of a CPU at 60": spent[SERVER] / updates * FRAMES_A_SECOND,
        "server grown, MB": grown(server),
        "page grown, MB": grown(heaps),
        "server grows in 10 min, MB": slope(server),
        "page grows in 10 min, MB": slope(heaps),
        "server by the minute, MB": by_the_minute(server),
        "page by the minute, MB": by_the_minute(heaps),
    }


def counted(game: Game, seconds: float) -> float:
    """Return how many updates a second a client takes that draws nothing."""
    origin, token = game.address.split("/#")
    address = f"{origin.replace('http', 'ws')}/live?token={token}"
    with connect(address, origin=Origin(origin), compression=None, max_size=None) as page:
        updates, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            if isinstance(page.recv(timeout=PATIENCE), bytes):
                page.send('{"type":"seen"}')
                updates += 1
    return updates / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it is watched (60)")
    parser.add_argument("--warm-up", type=float, default=60.0, help="seconds before that, in which it runs too (60)")
    parser.add_argument("--starts", type=int, default=3, help="how often the start is measured, of either kind (3)")
    parser.add_argument("--core", help="a libretro core, by path or name")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    core, chromium = find_core(options.core), shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, rom_path() as rom, sync_playwright() as playwright:
        cache, home = Path(name) / "cache", Path(name) / "data"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=PATIENCE * 1000)
        browser.new_page().close()
        found |= started(browser, Path(name), rom, core, options.starts)
        with playing(Game(rom, core, cache, home)) as game:
            found |= measured(browser, game, options.seconds, options.warm_up)
            found["updates a second without drawing"] = counted(game, min(options.seconds, UNDRAWN_SECONDS))
        browser.close()
    if options.json:
        print(json.dumps(found))
        return
    print(f"{machine()}; {core.name}; {options.seconds:g} s; {os.getloadavg()[0]:.0f} processes wanted a processor")
    for what, figure in found.items():
        if isinstance(figure, list):
            print(f"{what:36} {' '.join(f'{one:g}' for one in figure)}")
            continue
        most = TARGETS.get(what, figure)
        print(f"{what:36} {figure:8.3f}{'' if figure <= most else f'  NOT MET: {most:g}'}")


if __name__ == "__main__":
    main()
