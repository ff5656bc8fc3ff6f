"""`halscope project`: edits in a folder, from the command line, without an emulator and with one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import LiveEdits, LiveProject, Workspace
from halscope.cli import main
from halscope.demo import rom_path
from halscope.export import bps, ips
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet
from halscope.project import Knowledge, KnowledgeFile, Project, ProvenStart
from halscope.rom.image import Rom
from halscope.session import Session
from support.demo_game import DemoGame
from support.made_host import eventually
from support.painting import paint_one_colour
from support.rebuilt_rom import TILES, Build, build, noisy

FROG = 0x35D23
SETTLE = 40
"""Frames into a scene after which it stands still enough to be compared."""
HUD_LINES = 32
"""Lines with the coin counter, which depends on what was played before."""
PATIENCE = 60.0
FREE = 0x31000
"""Where the free space of a made ROM begins, after all that it holds."""


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's ROM, `game.sfc`, and an edited sheet of its frogs, `frog.png`."""
    folder = tmp_path_factory.mktemp("painted")
    with rom_path() as path:
        shutil.copy(path, folder / "game.sfc")
    assert main(["extract", str(folder / "game.sfc"), hex(FROG), "--out", str(folder)]) == 0
    for suffix in (".png", ".json"):
        (folder / f"hal-{FROG:06x}{suffix}").rename(folder / f"frog{suffix}")
    paint_one_colour(folder / "frog.png")
    return folder


@pytest.fixture
def here(painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with these files, in which the commands run."""
    shutil.copytree(painted, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, list[str]]]:
    """Run a command; returns its code, what it printed, and its lines on standard error."""

    def call(*arguments: object) -> tuple[int, str, list[str]]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        done = capsys.readouterr()
        return code, done.out, done.err.strip().splitlines()

    return call


Run = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def hack(here: Path, run: Run) -> Path:
    """A project with the edit of the frogs."""
    assert run("project", "new", "hack", "--rom", "game.sfc")[0] == 0
    code, _, errors = run("inject", "game.sfc", "frog.png", "--project", "hack")
    assert (code, errors) == (0, [])
    return here / "hack"


def status(run: Run, *more: object) -> dict[str, Any]:
    code, out, _ = run("project", "status", "hack", "--json", *more)
    assert code == 0
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.mark.slow
def test_an_edit_is_listed_undone_redone_and_reverted(hack: Path, run: Run) -> None:
    document = status(run)
    (edit,) = document["edits"]
    assert edit | {"tiles": 0} == {
        "id": 1,
        "kind": "tiles",
        "sheet": "frog.png",
        "codec": "hal",
        "block_offset": FROG,
        "tiles": 0,
        "state": "ok",
    }
    assert set(document["rom"]) == {"sha256", "crc32", "title", "size"}
    code, out, _ = run("project", "diff", "hack", "--json")
    assert code == 0
    assert len(json.loads(out)["edits"][0]["changes"]) == edit["tiles"]
    assert run("project", "undo", "hack")[0] == 0
    assert status(run)["edits"] == []
    assert run("project", "redo", "hack")[0] == 0
    assert status(run) == document
    assert run("project", "revert", "hack", 1)[0] == 0
    code, out, _ = run("project", "log", "hack", "--json")
    steps = json.loads(out)["steps"]
    assert [step[0]["what"] for step in steps] == ["made", "reverted"]
    assert all(Path(step[0]["picture"]).is_file() for step in steps)
    made, reverted = run("project", "log", "hack")[1].splitlines()
    assert made.split()[1] == steps[0][0]["made"]
    assert reverted.startswith(f"   2  {'':25}  reverted edit 1, frog.png, which was saved {steps[0][0]['made']}; ")
    assert run("project", "revert", "hack", 1)[:2] == (2, "")
    assert run("project", "redo", "hack")[2] == ["halscope: there is no edit to redo"]


@pytest.mark.slow
def test_patches_are_the_same_bytes_on_every_machine_and_do_what_inject_does(hack: Path, run: Run) -> None:
    names = ["a.bps", "a.ips", "a.sfc", "a.smc"]
    code, out, _ = run("project", "apply", "hack", "-o", *names, "--json")
    assert code == 0
    assert [file["output"] for file in json.loads(out)["outputs"]] == names
    assert run("inject", "game.sfc", "frog.png", "-o", "direct.sfc")[0] == 0
    source, edited = Path("game.sfc").read_bytes(), Path("direct.sfc").read_bytes()
    made = [Path(name).read_bytes() for name in names]
    assert bps.apply(source, made[0]) == ips.apply(source, made[1]) == made[2] == made[3][512:] == edited
    assert run("project", "apply", "hack", "--headered", "-o", "h.bps", "h.sfc")[0] == 0
    assert bps.apply(bytes(512) + source, Path("h.bps").read_bytes()) == bytes(512) + edited
    assert Path("h.sfc").read_bytes() == edited, "a .sfc never has a header"
    shutil.copytree(hack, "clone", ignore=shutil.ignore_patterns("local.json", "lock", "watch"))  # what git has of it
    environment = os.environ | {"HALSCOPE_DATA_DIR": "nothing", "HALSCOPE_CACHE_DIR": "nothing", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-m", "halscope", "project", "apply", "clone"]
    done = subprocess.run([*command, "-o", "b.bps"], capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "halscope: clone: this machine does not know where its ROM is; give --rom ROM"
    )
    subprocess.run([*command, "--rom", "game.sfc", "-o", "b.bps", "-o", "b.sfc"], env=environment, check=True)
    assert Path("b.bps").read_bytes() == made[0]
    assert Path("b.sfc").read_bytes() == edited


@pytest.mark.slow
def test_the_own_patched_rom_has_the_edits_already_and_another_game_is_refused(hack: Path, run: Run) -> None:
    assert run("project", "apply", "hack", "-o", "patched.sfc")[0] == 0
    document = status(run, "--rom", "patched.sfc")
    assert [edit["state"] for edit in document["edits"]] == ["there"]
    code, _, errors = run("project", "rebase", "hack", "--rom", "patched.sfc")
    assert (code, errors) == (0, [])
    assert len(status(run)["lineage"]) == 1
    assert run("project", "rebase", "hack", "--rom", "game.sfc")[0] == 0
    assert [edit["state"] for edit in status(run)["edits"]] == ["ok"], "it is back"
    image = bytearray(Path("game.sfc").read_bytes())
    image[0x20000:] = np.random.default_rng(1).integers(0, 256, len(image) - 0x20000, np.uint8).tobytes()
    Path("redrawn.sfc").write_bytes(image)
    before = (hack / "project.json").read_bytes()
    code, _, errors = run("project", "apply", "hack", "--rom", "redrawn.sfc", "-o", "x.bps")
    assert code == 1
    assert "1 edit cannot be carried over to redrawn.sfc: edit 1 (frog.png): " in errors[-1]
    assert not Path("x.bps").exists()
    image[0x7FC0:0x7FC5] = b"OTHER"
    Path("other.sfc").write_bytes(image)
    code, _, errors = run("inject", "other.sfc", "frog.png", "--project", "hack")
    assert code in (1, 2)
    assert "other.sfc: is not the ROM of hack" in errors[-1]
    assert (hack / "project.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("status", "nothing"), 2, "nothing: is not a project, as it has no project.json"),
        (("new", "hack", "--rom", "game.sfc"), 2, "hack: has a project already; give a new folder"),
        (("apply", "hack", "-o", "x.txt"), 2, "x.txt"),
        (("apply", "hack", "-o", "game.sfc"), 2, "game.sfc: is the ROM itself"),
        (("apply", "hack", "-o", "gone/x.bps", "y.bps"), 1, "gone/x.bps: cannot be written"),
        (("undo", "hack"), 2, "there is no edit to undo"),
        (("revert", "hack", "7"), 2, "there is no edit 7"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.slow
def test_bad_input_is_one_line_and_changes_nothing(
    arguments: tuple[str, ...], code: int, says: str, here: Path, run: Run
) -> None:
    assert run("project", "new", "hack", "--rom", "game.sfc")[0] == 0
    before = (here / "hack/project.json").read_bytes()
    done, _, errors = run("project", *arguments)
    assert done == code
    assert len(errors) == 1
    assert says in errors[0]
    assert (here / "hack/project.json").read_bytes() == before
    assert not (here / "y.bps").exists()


def test_a_patch_depends_on_the_copy_in_the_project_and_not_on_what_this_machine_knows(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The game was seen reading the free space that a block would move to, on one machine."""
    game = build()
    image = bytearray(game.rom.data)
    image[FREE:] = b"\xff" * (len(image) - FREE)
    image[FREE + 0x3000] = 0x55  # two stretches
    (tmp_path / "game.sfc").write_bytes(image)
    rom = Rom.load(tmp_path / "game.sfc")
    sheet = Build(rom, game.offsets, game.raw).sheet(3)
    with Project.create(tmp_path / "hack", rom) as project:
        edits = project.state.edits.put([noisy(sheet, "a.png", *range(TILES))], datetime.now(UTC))
        project.save(project.state.with_edits(edits), {"a.png": sheet})

    def patch(name: str) -> bytes:
        assert run("project", "apply", tmp_path / "hack", "-o", tmp_path / name)[0] == 0
        return (tmp_path / name).read_bytes()

    first = patch("a.ips")
    stored = KnowledgeFile(rom.sha256)
    known = stored.update(lambda known: known.has_read_padding([FREE + 0x4000]))
    assert patch("b.ips") == first, "what only this machine knows is not used"
    with Project.open(tmp_path / "hack", write=True) as project:
        project.keep_knowledge(known)
        assert project.knowledge() == known, "it is kept though nothing but read bytes is known"
    second = patch("c.ips")
    assert second != first
    monkeypatch.setenv("HALSCOPE_DATA_DIR", str(tmp_path / "data"))
    assert patch("d.ips") == second
    assert not (tmp_path / "data").exists(), "nothing of the project is taken for what this machine knows"


def test_a_clone_keeps_what_is_known_of_an_older_rom_when_it_is_rebased(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = build(), build(gap=64)
    for number, one in enumerate(builds):
        (tmp_path / f"{number}.sfc").write_bytes(one.rom.data.tobytes())
    roms = [Rom.load(tmp_path / f"{number}.sfc") for number in (0, 1)]
    with Project.create(tmp_path / "hack", roms[0]) as project:
        started = ProvenStart("hal", builds[0].offsets[5], "traced")
        project.keep_knowledge(Knowledge(roms[0].sha256).proved([started]))
        first = project.knowledge()
    shutil.copytree(tmp_path / "hack", tmp_path / "clone", ignore=shutil.ignore_patterns("local.json", "lock", "watch"))
    monkeypatch.setenv("HALSCOPE_DATA_DIR", str(tmp_path / "another machine"))
    KnowledgeFile(roms[1].sha256).update(lambda known: known.has_read_padding([FREE]))
    assert run("project", "rebase", tmp_path / "clone", "--rom", tmp_path / "1.sfc")[0] == 0
    with Project.open(tmp_path / "clone") as project:
        assert project.knowledge(roms[0].sha256) == first
        second = project.knowledge()
        assert second is not None
        assert second.rom_sha256 == roms[1].sha256
    assert run("project", "rebase", tmp_path / "clone", "--rom", tmp_path / "0.sfc")[0] == 0
    with Project.open(tmp_path / "clone") as project:
        assert project.knowledge() == first
        assert project.knowledge(roms[1].sha256) == second
    assert KnowledgeFile(roms[0].sha256).load().starts == (started,), "and this machine has learnt it"
    newer = '{"format": "halscope-knowledge", "version": 999}'
    (tmp_path / "clone" / "knowledge.json").write_text(newer)
    assert run("project", "rebase", tmp_path / "clone", "--rom", tmp_path / "1.sfc")[0] == 0
    assert (tmp_path / "clone" / "knowledge.json").read_text() == newer, "what a newer Halscope wrote stays"


class Playing:
    """A game that is played with the project `hack`, in a process of its own."""

    def __init__(self, here: Path, *more: str) -> None:
        self.errors = here / "errors.txt"
        command = [sys.executable, "-m", "halscope", "play", "game.sfc", "--project", "hack", *more]
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(command, cwd=here, stdout=subprocess.DEVNULL, stderr=errors)

    def says(self, words: str) -> None:
        assert eventually(lambda: words in self.errors.read_text() or self.process.poll() is not None)
        assert words in self.errors.read_text(), self.errors.read_text()

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(PATIENCE)


@pytest.fixture
def playing(hack: Path, here: Path) -> Iterator[Playing]:
    playing = Playing(here)
    yield playing
    if playing.process.poll() is None:
        playing.process.kill()
        playing.process.wait(PATIENCE)


def whole(folder: Path) -> list[Path]:
    """Sheets all of whose tiles can be edited."""
    return [
        path
        for path in sorted(folder.glob("hal-*/*.png"))
        if path.with_suffix(".json").exists() and all(cell.origin is not None for cell in read_sheet(path).sheet.cells)
    ]


@pytest.mark.slow
@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_game_that_is_killed_after_an_edit_has_it_in_the_project_and_the_patch_shows_it(
    playing: Playing, hack: Path, here: Path, run: Run
) -> None:
    playing.says("1 edit written into the game again, at frame")
    assert eventually(lambda: whole(hack / "watch")), playing.errors.read_text()
    code, _, errors = run("project", "undo", "hack")
    assert code == 1
    assert f"another Halscope (process {playing.process.pid} on " in errors[-1]
    assert len(status(run)["edits"]) == 1, "it can be read"
    png = max(whole(hack / "watch"), key=lambda path: len(read_sheet(path).sheet.cells))
    name = png.relative_to(hack / "watch").as_posix()
    paint_one_colour(png)
    playing.says(f"{name}: applied to the game at frame")
    assert eventually(lambda: name in (hack / "project.json").read_text())
    playing.end(signal.SIGKILL)
    rows = status(run)["edits"]
    assert [row["sheet"] for row in rows] == ["frog.png", name]
    assert {row["state"] for row in rows} == {"ok"}
    assert run("project", "apply", "hack", "-o", "out.sfc")[0] == 0
    again = Playing(here, "--frames", "2", "--host", "libretro")
    again.process.wait(PATIENCE)
    assert "2 edits written into the game again, at frame 0" in again.errors.read_text()
    pictures = []
    for edited in (False, True):  # the original with the edits written into the game, and the patched ROM
        with DemoGame(available_cores()[0].name, here / "out.sfc" if edited else here / "game.sfc") as game:
            if not edited:
                write_edits(game, hack)
            snapshot = game.go_to("meadow")
            while game.word(snapshot, "scene_frame") < SETTLE:
                snapshot = game.host.step()
            assert snapshot.picture is not None
            pictures.append(snapshot.picture[HUD_LINES:])
    live, booted = pictures
    np.testing.assert_array_equal(live, booted)


def write_edits(game: DemoGame, hack: Path) -> None:
    """Write a project's edits into a game, as `play --project` does with its first frame."""
    workspace = Workspace.open("game.sfc")
    with Project.open(hack, write=True) as project:
        session = Session(game.host, locate=workspace.tracker())
        live = LiveProject(project, workspace, hack / "watch", force=False, report=print)
        edits = LiveEdits(workspace, session, report=print, project=live)
        update = session.step()
        assert update is not None
        edits.look(update)
        assert edits.patch is not None


@pytest.fixture
def small_disk(hack: Path, tmp_path: Path) -> list[str]:
    """What goes before a command so that `small`, in the current folder, is a full disk with a copy of `hack`."""
    (hack.parent / "small").mkdir()
    script = (
        "mount -t tmpfs -o size=96k none small && cp -r hack small && { cat /dev/zero > small/full; :; } 2> /dev/null; "
    )
    script += '"$@"; code=$?; rm small/full; cp -r small/hack after; exit $code'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], capture_output=True).returncode
    ):
        pytest.skip("no disk can be mounted here: that takes Linux with namespaces for users")
    return command


@pytest.mark.slow
def test_a_full_disk_leaves_the_project_as_it_was(hack: Path, run: Run, small_disk: list[str]) -> None:
    done = subprocess.run(
        [*small_disk, sys.executable, "-m", "halscope", "project", "undo", "small/hack"], capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert "No space left on device" in line
    assert "internal error" not in line
    assert Path("after/project.json").read_bytes() == (hack / "project.json").read_bytes()
    assert sorted(path.name for path in Path("after").rglob("*.png")) == sorted(
        path.name for path in hack.rglob("*.png")
    )
