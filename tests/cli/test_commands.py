"""The commands work on the demo ROM, and their JSON has the documented shape."""

from __future__ import annotations

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import hal
from halscope.cli import main
from halscope.codecs.lz import LZ1, LZ2
from halscope.demo import rom_path, truth
from halscope.formats.recording import RecordingReader
from halscope.hosts.libretro import available_cores
from halscope_hooks import Codec
from PIL import Image
from pypatchergba import patcher
from support import newer_snes9x
from support.painting import paint_one_colour
from support.probe_rom import JOYPAD, build

pytestmark = pytest.mark.quick
needs_core = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    """The demo ROM under a user's own name."""
    with rom_path() as path:
        copy = tmp_path / "game.sfc"
        copy.write_bytes(path.read_bytes())
    return copy


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[Any]:
    """Run a command that must succeed; its lines of JSON."""
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return [json.loads(line) for line in captured.out.splitlines() if line.startswith("{")]


def test_scan_lists_every_block_of_the_table_at_its_start(rom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (document,) = run(capsys, "scan", rom, "--json")
    assert document["rom"]["title"] == "HALSCOPE DEMO"
    always = {"offset", "packed_size", "size", "codec", "score", "start", "crosses", "lead", "bpp", "transform"}
    assert all(set(block) - {"evidence"} == always for block in document["blocks"])
    assert all(("evidence" in block) == (block["start"] == "pointer") for block in document["blocks"])
    listed = {block["offset"]: block for block in document["blocks"]}
    for block in truth()["blocks"]:
        assert listed[block["offset"]]["size"] == block["size"]
        assert listed[block["offset"]]["packed_size"] == block["packed_size"]
        assert listed[block["offset"]]["start"] == "pointer"
    assert len(listed) <= 2 * len(truth()["blocks"])


@pytest.mark.slow
def test_scan_all_lists_every_strict_stream(rom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (document,) = run(capsys, "scan", rom, "--json", "--all")
    expected = hal.scan(rom.read_bytes(), window=0x8000)
    listed = [block["offset"] for block in document["blocks"] if block["codec"] == "hal"]
    assert listed == expected["offset"].tolist()


@pytest.mark.parametrize("codec", [LZ1, LZ2])
def test_the_other_codecs_are_at_hand_too(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], codec: Codec
) -> None:
    (document,) = run(capsys, "scan", rom, "--json", "--all", "--codec", codec.name)
    expected = codec.scan(rom.read_bytes(), window=0x8000)
    assert [block["offset"] for block in document["blocks"]] == expected["offset"].tolist()
    raw, packed, again = tmp_path / "raw", tmp_path / "packed", tmp_path / "again"
    raw.write_bytes(bytes(range(200)) * 3)
    (told,) = run(capsys, "compress", raw, "-o", packed, "--codec", codec.name, "--json")
    assert told == {"codec": codec.name, "size": 600, "packed_size": len(codec.encode(raw.read_bytes()))}
    run(capsys, "decompress", packed, "0", "-o", again, "--codec", codec.name)
    assert again.read_bytes() == raw.read_bytes()


def test_locate_finds_tiles_at_their_block(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = next(block for block in truth()["blocks"] if block["name"] == "boss" or block["lead"] == 18)
    data = hal.decode(rom.read_bytes(), block["offset"]).data
    tiles = tmp_path / "tiles.bin"
    tiles.write_bytes(data[block["lead"] : block["lead"] + 64 * 32].tobytes())
    (document,) = run(capsys, "locate", rom, tiles, "--json")
    assert len(document["tiles"]) == 64
    found = 0
    for number, tile in enumerate(document["tiles"]):
        for origin in tile["origins"][:1]:
            always = {"codec", "block_offset", "byte_offset", "start", "transform"}
            assert set(origin) - {"bpp", "lead", "evidence"} == always
            if origin["codec"] != "raw" and origin["start"] == "pointer":
                assert (origin["bpp"], origin["lead"]) == (4, origin["byte_offset"] % 32)
            found += origin["block_offset"] == block["offset"] and origin["byte_offset"] == block["lead"] + 32 * number
    assert found > 40


def test_decompress_and_compress_are_inverse(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = truth()["blocks"][0]
    (unpacked,) = run(capsys, "decompress", rom, hex(block["offset"]), "-o", tmp_path / "raw", "--json")
    assert unpacked["size"] == block["size"]
    assert unpacked["packed_size"] == block["packed_size"]
    (packed,) = run(capsys, "compress", tmp_path / "raw", "-o", tmp_path / "packed", "--json")
    assert packed["packed_size"] <= block["packed_size"]
    assert hal.decode((tmp_path / "packed").read_bytes()).data.tobytes() == (tmp_path / "raw").read_bytes()


def test_decompress_takes_back_what_compress_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(bytes(range(200)) * 3)
    run(capsys, "compress", raw, "-o", tmp_path / "packed")
    run(capsys, "decompress", tmp_path / "packed", "0", "-o", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == raw.read_bytes()
    (tmp_path / "longer").write_bytes((tmp_path / "packed").read_bytes() + b"x")
    assert main(["decompress", str(tmp_path / "longer"), "0", "-o", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()


def test_an_offset_without_a_block_is_named_with_its_file(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = set(hal.scan(rom.read_bytes())["offset"].tolist())
    offset = next(at for at in range(0x7000, 0x8000) if at not in strict and rom.read_bytes()[at] != 0xFF)
    assert main(["decompress", str(rom), hex(offset), "-o", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert "game.sfc" in message
    assert "at offset 0x" in message
    assert not (tmp_path / "out").exists()


def test_an_offset_can_be_a_snes_address(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offset = truth()["blocks"][0]["offset"]
    address = f"${0x80 + offset // 0x8000:02X}:{0x8000 + offset % 0x8000:04X}"
    (by_address,) = run(capsys, "decompress", rom, address, "-o", tmp_path / "raw", "--json")
    assert by_address["offset"] == offset


def test_extract_then_inject_changes_only_the_painted_block(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block = next(block for block in truth()["blocks"] if block["name"] == "frog")
    before = rom.read_bytes()
    sheets = tmp_path / "sheets"
    (extracted,) = run(capsys, "extract", rom, hex(block["offset"]), "--lead", block["lead"], "--out", sheets, "--json")
    png = Path(extracted["sheets"][0]["png"])
    with Image.open(png) as image:
        shown = np.asarray(image.convert("RGBA")).copy()
    shown[:8, :8] = shown[-1, -1]
    Image.fromarray(shown).save(png)
    (injected,) = run(capsys, "inject", rom, png, "-o", tmp_path / "edit.bps", "--json")
    assert [changed["offset"] for changed in injected["blocks"]] == [block["offset"]]
    after = bytes(patcher.apply_bps(before, (tmp_path / "edit.bps").read_bytes()))
    assert rom.read_bytes() == before
    old, new = (hal.decode(image, block["offset"]).data for image in (before, after))
    first = block["lead"]
    assert (old[first : first + 32] != new[first : first + 32]).any()
    np.testing.assert_array_equal(old[:first], new[:first])
    np.testing.assert_array_equal(old[first + 32 :], new[first + 32 :])


def test_uncompressed_tiles_are_extracted_and_injected(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offset = truth()["raw"][0]["offset"]
    command = ["extract", rom, hex(offset), "--codec", "raw", "--out", tmp_path / "s"]
    (extracted,) = run(capsys, *command, "--tiles", 16, "--columns", 4, "--json")
    assert [sheet["tiles"] for sheet in extracted["sheets"]] == [16]
    png = Path(extracted["sheets"][0]["png"])
    with Image.open(png) as image:
        assert image.size == (32, 32)
        pixels = np.asarray(image).copy()
        pixels[:8, :8] = (pixels[:8, :8] + 1) % 16
        edited = Image.fromarray(pixels, "P")
        edited.putpalette(image.getpalette() or [])
        edited.save(png)
    run(capsys, "inject", rom, png, "-o", tmp_path / "edited.sfc", "--force", "--json")
    old, new = (np.frombuffer(path.read_bytes(), np.uint8) for path in (rom, tmp_path / "edited.sfc"))
    changed = np.flatnonzero(old != new)
    assert changed.size
    assert all(offset <= at < offset + 32 or 0x7FDC <= at < 0x7FE0 for at in changed.tolist()), "and the checksum"
    assert main(list(map(str, command))) == 2
    assert "--tiles N" in capsys.readouterr().err


def test_inject_writes_nothing_where_nothing_was_edited(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = [hex(block["offset"]) for block in truth()["blocks"] if block["name"] in ("frog", "coin")]
    (extracted,) = run(capsys, "extract", rom, *blocks, "--out", tmp_path / "sheets", "--json")
    pngs = [sheet["png"] for sheet in extracted["sheets"]]
    output = tmp_path / "edit.bps"
    assert main(["inject", str(rom), *pngs, "-o", str(output), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{output}: not written: nothing was edited; all 2 sheets are still as extracted" in captured.err
    assert main(["inject", str(rom), pngs[0], "-o", str(output)]) == 1
    assert f"nothing was edited; {pngs[0]} is still as extracted" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.slow
def test_the_rom_is_never_written_over(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = truth()["blocks"][0]
    (extracted,) = run(capsys, "extract", rom, hex(block["offset"]), "--out", tmp_path / "s", "--json")
    before = rom.read_bytes()
    for command in (
        ["inject", rom, extracted["sheets"][0]["png"]],
        ["decompress", rom, hex(block["offset"])],
        ["record", rom, "--frames", "1"],
    ):
        if command[0] == "record" and not available_cores():
            continue
        assert main([*map(str, command), "-o", str(rom)]) == 2
        assert "never overwritten" in capsys.readouterr().err
        assert rom.read_bytes() == before


def test_extract_does_not_write_over_an_edit(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = truth()["blocks"][0]
    command = ["extract", rom, hex(block["offset"]), "--out", tmp_path / "s"]
    (extracted,) = run(capsys, *command, "--json")
    png = Path(extracted["sheets"][0]["png"])
    png.write_bytes(b"somebody's work")
    assert main(list(map(str, command))) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert png.read_bytes() == b"somebody's work"
    run(capsys, *command, "--overwrite", "--json")
    assert png.read_bytes() != b"somebody's work"


def test_an_edit_too_large_is_refused_with_the_numbers(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = rom.read_bytes()
    block = next(  # one without padding behind it
        block
        for block in truth()["blocks"]
        if block["kind"] == "sprites" and image[block["offset"] + block["packed_size"]] not in (0x00, 0xFF)
    )
    (extracted,) = run(
        capsys, "extract", rom, hex(block["offset"]), "--lead", block["lead"], "--out", tmp_path / "s", "--json"
    )
    png = Path(extracted["sheets"][0]["png"])
    with Image.open(png) as picture:
        entries = np.random.default_rng(1).integers(0, 16, (picture.height, picture.width), np.uint8)
        noise = Image.fromarray(entries)
        noise.putpalette(picture.getpalette("RGB") or [])
    noise.save(png)
    assert main(["inject", str(rom), str(png), "-o", str(tmp_path / "edit.bps"), "--no-move"]) == 1
    message = capsys.readouterr().err
    assert str(block["packed_size"]) in message
    assert "too many" in message
    assert not (tmp_path / "edit.bps").exists()


@pytest.mark.slow
@needs_core
def test_a_button_is_held_on_the_frame_that_has_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom, recording = tmp_path / "probe.sfc", tmp_path / "run.hrec"
    rom.write_bytes(build())
    run(capsys, "record", rom, "-o", recording, "--frames", "20", "--press", "a@10-11", "--press", "b@19", "--wram")
    with RecordingReader(recording) as reader:
        wrams = {frame: reader[frame].wram for frame in range(5, 20)}  # before it WRAM is what it was at power-on
    held = [frame for frame, wram in wrams.items() if wram is not None and wram[JOYPAD : JOYPAD + 2].any()]
    assert held == [10, 11, 19]


def check_coverage(lines: list[Any], others: Set[str] = frozenset()) -> None:
    """Every 30th line says how much of what is visible is known, and why the rest is not."""
    measured = {line["frame"]: line["coverage"] for line in lines if "coverage" in line}
    assert list(measured) == list(range(0, len(lines), 30))
    for counts in (measured[120]["sprite_pixels"], measured[120]["layer_tiles"]):
        assert {"known", "plain"} <= set(counts) <= {"known", "plain"} | others
        assert counts["known"] > counts["plain"] > 0
    assert measured[120]["frames"] == 1


@pytest.mark.slow
@needs_core
def test_doctor_measures_the_coverage_of_a_rom(rom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["doctor", "--coverage", "--rom", rom, "--frames", "95"]
    (document,) = run(capsys, *call, "--json")
    assert (document["rom"], document["compared"], document["differing"]) == (str(rom), 5, 0)
    sprites, layers = document["coverage"]["sprite_pixels"], document["coverage"]["layer_tiles"]
    assert main([*map(str, call)]) == 0
    compared, first, *reasons = capsys.readouterr().out.splitlines()
    assert compared == "5 of 95 decoded frames compared with the emulator's picture: all equal"
    assert first == (
        f"coverage of 5 frames: the place in the ROM is known of 99.9 % of {sum(sprites.values())} sprite pixels and "
        f"of 99.1 % of {sum(layers.values())} background tiles"
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in reasons] == ["blank, one-coloured or too simple"]


@pytest.mark.slow
@needs_core
def test_record_replay_and_extract_sprites(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "run.hrec"
    (recorded,) = run(capsys, "record", rom, "-o", recording, "--frames", "200", "--press", "start@150-152", "--json")
    assert recorded["frames"] == 200
    assert recorded["bytes"] == recording.stat().st_size
    lines = run(capsys, "replay", recording, "--rom", rom, "--out", tmp_path / "pictures", "--json")
    assert len(lines) == 200
    assert lines[-1]["frame"] == 199
    assert lines[-1]["sprites"] == 128
    assert max(line["on_screen"] for line in lines) > 10
    busy = max(lines, key=lambda line: int(line["informative_tiles"]))
    assert busy["located_tiles"] / busy["informative_tiles"] > 0.9
    check_coverage(lines)
    (extracted,) = run(
        capsys, "extract", rom, "--recording", recording, "--frame", "140", "--out", tmp_path / "s", "--json"
    )
    assert len(extracted["sheets"]) > 5
    assert all(Path(sheet["json"]).exists() for sheet in extracted["sheets"])


@pytest.mark.slow
@needs_core
def test_play_prints_a_line_a_frame_and_takes_an_edit_on_a_core_of_today(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    core = newer_snes9x.build(tmp_path)
    block = next(block for block in truth()["blocks"] if block["name"] == "logo")
    (extracted,) = run(
        capsys, "extract", rom, hex(block["offset"]), "--lead", block["lead"], "--out", tmp_path / "s", "--json"
    )
    png = Path(extracted["sheets"][0]["png"])
    paint_one_colour(png)
    lines = run(
        capsys, "play", rom, "--core", core, "--frames", "240", "--edit", png, "-o", tmp_path / "edit.ips",
        "--watch", tmp_path / "w", "--out", tmp_path / "pictures", "--json",
    )  # fmt: skip
    assert len(lines) == 240
    check_coverage(lines, {"expanded"})  # edited tiles, whose fourth plane is full
    assert (tmp_path / "edit.ips").exists()
    assert (tmp_path / "w" / "screen.png").exists()
    assert len(list((tmp_path / "w").glob("hal-*/*.png"))) > 3
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "last-figures.png",
        "last-screen.png",
        "last-sprites.png",
    ]


@pytest.mark.slow
@needs_core
def test_doctor_finds_everything_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    (document,) = run(capsys, "doctor", "--core", available_cores()[0].name, "--json")
    assert document["ok"] is True
    names = [check["name"] for check in document["checks"]]
    assert "native module" in names
    assert any(name.startswith("core ") for name in names)
    hosts = {check["name"]: check["host"] for check in document["checks"] if check["name"].startswith("host ")}
    assert hosts["host recording"]["writes"] == []
    assert "read of each page" in hosts["host retroarch"]["traces"]
    assert "traces" not in hosts["host libretro"]
    assert all(host["switched_on_by"] and host["run_on"] for host in hosts.values())
    for name in ("host nwa", "host usb2snes"):
        assert "vram" in hosts[name]["memory"]
        assert "rom" in hosts[name]["writes"]
        assert isinstance(hosts[name]["emulators"], list)


@pytest.mark.slow
@needs_core
def test_demo_writes_its_pictures_and_patch(demo_tour: Path) -> None:
    report = json.loads((demo_tour / "report.json").read_text("utf-8"))
    assert report["stays_changed"]
    assert report["patched_rom_shows_the_same"]
    for name in report["pictures"]:
        with Image.open(demo_tour / name) as image:
            assert len(image.convert("RGB").getcolors(1 << 24) or []) > 32, f"{name} shows nothing"
    with rom_path() as path:
        original = path.read_bytes()
    patched = bytes(patcher.apply_bps(original, (demo_tour / report["patch"]).read_bytes()))
    assert len(patched) == len(original)
    assert patched != original


def dumps(folder: Path, seed: int = 1) -> list[Path]:
    """VRAM, CGRAM and OAM dumps as emulators write them."""
    noise = np.random.default_rng(seed)
    written = []
    for name, size in (("game_VRAM.dmp", 0x10000), ("game_CGRAM.dmp", 512), ("game_OAM.dmp", 544)):
        (folder / name).write_bytes(noise.bytes(size))
        written.append(folder / name)
    return written


@pytest.mark.slow
def test_inspect_writes_all_128_sprites_of_dumps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = dumps(tmp_path)
    (document,) = run(capsys, "inspect", *files, "--obsel", "0x63", "--out", tmp_path / "out", "--json")
    assert [sprite["index"] for sprite in document["sprites"]] == list(range(128))
    fields = {"index", "x", "y", "width", "height", "palette", "priority", "hflip", "vflip", "png"}
    for sprite in document["sprites"]:
        assert set(sprite) == fields
        with Image.open(sprite["png"]) as image:
            assert image.mode == "P"
            assert image.size == (sprite["width"], sprite["height"])


def test_inspect_asks_for_the_register_that_dumps_do_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = dumps(tmp_path)
    assert main(["inspect", *map(str, files), "--out", str(tmp_path / "out")]) == 2
    assert "--obsel" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
