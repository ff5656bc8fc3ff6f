"""A savestate is a place to start from: `extract --state`, `play --state`, `inspect`; and another ROM is noticed."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from halscope.cli import main
from halscope.demo import rom_path, truth
from halscope.formats.dumps import load_states
from halscope.hosts.libretro import LibretroHost, available_cores
from halscope.inject import read_sheet
from PIL import Image
from support.cores import two_cores
from support.demo_game import DemoGame
from support.roms import make_rom
from support.state_files import rastate, rzip

CORES = two_cores()
NAMES = [core.name for core in available_cores()]
SNES9X = [name for name in NAMES if name == "snes9x"]
MERCURY = [name for name in NAMES if "mercury" in name]
FRAMES = 220
BLOCKS = {block["name"]: block for block in truth()["blocks"]}

pytestmark = pytest.mark.skipif(not SNES9X, reason="no snes9x core is installed")


@pytest.fixture(scope="module")
def rom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rom") / "game.sfc"
    with rom_path() as demo:
        path.write_bytes(demo.read_bytes())
    return path


@cache
def saved(rom: Path, core: str, frames: int = FRAMES) -> bytes:
    """A state of the demo with figures on its screen."""
    with LibretroHost(rom, core) as host:
        for number in range(frames):
            host.press(["start"] if number == 60 else [])
            host.step()
        return host.save_state()


@pytest.fixture(scope="module")
def state(rom: Path) -> Path:
    path = rom.with_name("game.state")
    path.write_bytes(rzip(rastate(saved(rom, "snes9x"))))
    return path


def test_a_state_is_extracted_as_edit_sheets(rom: Path, state: Path, tmp_path: Path) -> None:
    assert main(["extract", str(rom), "--state", str(state), "--out", str(tmp_path / "sheets")]) == 0
    sheets = sorted((tmp_path / "sheets").rglob("*.png"))
    assert sheets
    cells = [cell for sheet in sheets for cell in json.loads(sheet.with_suffix(".json").read_text())["cells"]]
    assert any(cell["origin"] for cell in cells)
    with Image.open(sheets[0]) as image:
        assert image.mode == "P"


@pytest.mark.slow
@pytest.mark.skipif(not MERCURY, reason="no bsnes-mercury core is installed")
@pytest.mark.parametrize("core", sorted({*MERCURY[:1], *MERCURY[-1:]}))  # the fastest and the most exact one
def test_a_state_of_bsnes_is_inspected_and_extracted(
    rom: Path, tmp_path: Path, core: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mercury.state"
    path.write_bytes(rastate(saved(rom, core)))
    call = ["inspect", str(path), "--rom", str(rom), "--out", str(tmp_path / "seen"), "--json"]
    assert main(call) == 0
    (seen,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert any(sprite["origins"] for sprite in seen["sprites"])
    assert "doubts" not in seen
    assert main(["extract", str(rom), "--state", str(path), "--out", str(tmp_path / "sheets")]) == 0
    sheets = [json.loads(sheet.read_text()) for sheet in (tmp_path / "sheets").rglob("*.json")]
    assert any(cell["origin"] for sheet in sheets for cell in sheet["cells"])
    other = tmp_path / "other.sfc"
    other.write_bytes(make_rom(0x8000))
    assert main(["extract", str(other), "--state", str(path), "--out", str(tmp_path / "none")]) == 2
    assert "was taken from another ROM" in capsys.readouterr().err


def test_dumps_are_extracted_as_the_state_they_came_from(rom: Path, state: Path, tmp_path: Path) -> None:
    snapshot = load_states([state])[0].snapshot
    arguments = []
    for name, array in (("vram", snapshot.vram), ("cgram", snapshot.cgram), ("oam", snapshot.oam)):
        path = tmp_path / f"game-{name}.dmp"
        path.write_bytes(array.astype("<u2" if name == "cgram" else "u1").tobytes())
        arguments += ["--state", str(path)]
    for out, call in (("a", ["--state", str(state)]), ("b", [*arguments, "--obsel", hex(snapshot.ppu.obsel or 0)])):
        assert main(["extract", str(rom), *call, "--out", str(tmp_path / out)]) == 0
    of_state, of_dumps = (
        {path.relative_to(folder): json.loads(path.read_text()) for path in folder.rglob("*.json")}
        for folder in (tmp_path / "a", tmp_path / "b")
    )
    # Dumps do not hold the registers of HDMA and IRQs, so their sheets say that the colours may have changed.
    assert ["doubts" in sheet for sheet in of_state.values()] == [False] * len(of_state)
    assert all("raster effects are unknown" in sheet.pop("doubts")[0] for sheet in of_dumps.values())
    assert of_state
    assert of_state == of_dumps


def test_dumps_without_obsel_are_refused(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = []
    for name, size in (("vram", 65536), ("cgram", 512), ("oam", 544)):
        (tmp_path / f"{name}.dmp").write_bytes(bytes(size))
        arguments += ["--state", str(tmp_path / f"{name}.dmp")]
    assert main(["extract", str(rom), *arguments, "--out", str(tmp_path / "out")]) == 2
    assert "--obsel" in capsys.readouterr().err
    assert main(["extract", str(rom), *arguments, "--obsel", "0x163", "--out", str(tmp_path / "out")]) == 2


@pytest.fixture(scope="module")
def keep(rom: Path) -> Path:
    """A state of the scene whose boss is four sprites."""
    path = rom.with_name("keep.state")
    with DemoGame("snes9x", rom) as game:
        game.go_to("keep")
        path.write_bytes(game.host.save_state())
    return path


@pytest.mark.slow
def test_a_block_is_laid_out_and_coloured_as_a_state_shows_it(
    rom: Path, keep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bat = BLOCKS["bat"]
    (scene,) = [scene for scene in truth()["scenes"] if scene["name"] == "keep"]
    cgram = load_states([keep])[0].snapshot.cgram
    colours = cgram[128 + 16 * scene["obj_palettes"].index(bat["palette"]) :][:16]
    assert main(["extract", str(rom), hex(bat["offset"]), "--state", str(keep), "--out", str(tmp_path), "--json"]) == 0
    (sheet,) = json.loads(capsys.readouterr().out)["sheets"]
    assert (sheet["lead"], sheet["bpp"], sheet["shown"]) == (bat["lead"], 4, True)
    assert sheet["columns"] == bat["frame_width"] // 8
    (palette,) = json.loads(Path(sheet["json"]).read_text())["palettes"]
    assert palette["bgr555"] == colours.tolist()


@pytest.mark.slow
def test_play_writes_the_figures_that_merge_and_split_ask_for(
    rom: Path, keep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boss = f"raw-{truth()['raw'][0]['offset'] & ~0x7FFF:06x}"
    bat, coin = (f"hal-{BLOCKS[name]['offset']:06x}" for name in ("bat", "coin"))
    asked = ("--split", boss, "--merge", bat, coin, "--split", "hal-000000")
    for out, options, sides, joined in (("plain", (), [64], 0), ("asked", asked, [32] * 4, 1)):
        call = ["play", str(rom), "--core", "snes9x", "--frames", "2", "--state", str(keep), "--watch"]
        assert main([*call, str(tmp_path / out), *options]) == 0
        sheets = {path: read_sheet(path).sheet for path in (tmp_path / out).glob("*-*/*.png")}
        assert [sheet.width for path, sheet in sheets.items() if path.parent.name == boss] == sides
        both = {BLOCKS["bat"]["offset"], BLOCKS["coin"]["offset"]}
        blocks = [{cell.origin.block_offset for cell in sheet.cells if cell.origin} for sheet in sheets.values()]
        assert blocks.count(both) == joined
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert warnings == ["warning: no figure 'hal-000000' appeared, which --merge, --split or --strip names"]


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_a_game_is_started_from_a_state(
    rom: Path, tmp_path: Path, core: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "game.state"
    path.write_bytes(rastate(saved(rom, core)))
    shown = {}
    for name, more in (("cold", []), ("state", ["--state", str(path)])):
        assert main(["play", str(rom), "--core", core, "--frames", "2", "--json", *more]) == 0
        shown[name] = [json.loads(line)["located_tiles"] for line in capsys.readouterr().out.splitlines()]
    assert max(shown["cold"]) == 0
    assert min(shown["state"]) > 100


@pytest.mark.slow
def test_a_state_that_names_no_rom_is_known_by_what_is_in_it(
    rom: Path, state: Path, lab_rom: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other.state"
    other.write_bytes(saved(lab_rom, "snes9x"))
    for file, its, foreign in ((rom, state, other), (lab_rom, other, state)):
        for given, is_other in ((its, False), (foreign, True)):
            caplog.clear()
            call = ["record", str(file), "-o", str(tmp_path / "run.hrec"), "--frames", "1", "--core", "snes9x"]
            main([*call, "--state", str(given)])  # the foreign one may end in a stopped processor
            said = [record.getMessage() for record in caplog.records if "recognised" in record.getMessage()]
            assert len(said) == is_other
            assert all(str(given) in line and f"recognised as {file}'s" in line for line in said)


@pytest.mark.slow
@pytest.mark.skipif(not MERCURY, reason="no bsnes-mercury core is installed")
def test_a_state_of_another_core_is_refused(
    rom: Path, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["play", str(rom), "--frames", "1", "--json", "--core"]
    assert main([*call, MERCURY[0], "--state", str(state)]) == 1
    assert "is a state of snes9x" in capsys.readouterr().err
    other = tmp_path / "mercury.state"
    other.write_bytes(saved(rom, MERCURY[0], 5))
    assert main([*call, "snes9x", "--state", str(other)]) == 1
    assert "is a state of bsnes" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not MERCURY, reason="no bsnes-mercury core is installed")
def test_a_bsnes_state_of_another_rom_is_known_by_its_hash(
    rom: Path, lab_rom: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mercury.state"
    path.write_bytes(saved(rom, MERCURY[0], 5))
    headered = tmp_path / "headered.smc"  # the hash is that of the image without a copier header
    headered.write_bytes(bytes(512) + rom.read_bytes())
    for file, is_other in ((rom, False), (headered, False), (lab_rom, True)):
        caplog.clear()
        call = ["record", str(file), "-o", str(tmp_path / "run.hrec"), "--frames", "1", "--core", MERCURY[0]]
        main([*call, "--state", str(path)])  # the foreign one may end in a stopped processor
        said = [record.getMessage() for record in caplog.records if "another ROM ran" in record.getMessage()]
        assert len(said) == is_other
        assert all(str(path) in line and str(file) in line for line in said)


@pytest.mark.slow
def test_a_damaged_state_starts_nothing(
    rom: Path, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.state"
    broken.write_bytes(state.read_bytes()[:5000])
    assert main(["play", str(rom), "--frames", "1", "--json", "--core", "snes9x", "--state", str(broken)]) == 1
    assert str(broken) in capsys.readouterr().err
    noise = tmp_path / "noise.state"
    noise.write_bytes(b"noise" * 100)
    assert main(["play", str(rom), "--frames", "1", "--json", "--core", "snes9x", "--state", str(noise)]) == 1
    assert f"{noise}: " in capsys.readouterr().err


@pytest.fixture(scope="module")
def recording(rom: Path) -> Path:
    path = rom.with_name("game.rec")
    call = ["record", str(rom), "-o", str(path), "--frames", "150", "--press", "start@60", "--core", "snes9x"]
    assert main(call) == 0
    return path


def test_a_recording_of_another_rom_is_noticed(
    rom: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.sfc"
    other.write_bytes(make_rom())
    call = ["extract", str(other), "--recording", str(recording), "--frame", "140", "--out", str(tmp_path / "out")]
    assert main(call) == 2
    assert "was taken from another ROM (game.sfc)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*call, "--force"]) == 0
    assert "warning" in capsys.readouterr().err
    # How much of what is shown is known, and why the rest is not, follows from the ROM that is given.
    assert main(["replay", str(recording), "--rom", str(other)]) == 0
    shown = capsys.readouterr()
    assert "was taken from another ROM" in shown.err
    assert "coverage of 6 frames: the place in the ROM is known of 0 % of " in shown.out
    assert re.search(r"^  80\.\d % of the sprite pixels, .*: not in the ROM, nor in WRAM", shown.out, re.MULTILINE)
    assert main(["replay", str(recording), "--rom", str(rom)]) == 0
    shown = capsys.readouterr()
    assert "another ROM" not in shown.err
    (known,) = re.findall(
        r"^coverage of 6 frames: .* is known of (\S+) % of \d+ sprite pixels", shown.out, re.MULTILINE
    )
    assert float(known) > 99
    assert "not in the ROM" not in shown.out


@pytest.mark.slow
def test_a_state_that_names_another_file_is_a_warning(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    named = tmp_path / "freeze.000"
    data = saved(state.with_suffix(".sfc"), "snes9x")
    at = data.index(b"NAM:")
    size = int(data[at + 4 : at + 10])
    name = b"C:\\roms\\Other Game.sfc\0"
    named.write_bytes(data[:at] + b"NAM:%06d:" % len(name) + name + data[at + 11 + size :])
    rom = state.with_suffix(".sfc")
    assert main(["extract", str(rom), "--state", str(named), "--out", str(tmp_path / "out")]) == 0
    assert "was saved while Other Game.sfc ran" in capsys.readouterr().err
    assert main(["inspect", str(named), "--rom", str(rom), "--out", str(tmp_path / "sprites")]) == 0
    assert "was saved while Other Game.sfc ran" in capsys.readouterr().err
    caplog.clear()
    assert main(["play", str(rom), "--frames", "1", "--json", "--core", "snes9x", "--state", str(named)]) == 0
    assert "Other Game.sfc ran, not" in caplog.text
