"""Third-party parts from a folder work through the whole command, and broken ones affect nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import Plugins, Workspace
from halscope.cli import main
from halscope.demo import rom_path, truth
from halscope.formats.recording import RecordingReader, RecordingWriter
from halscope.ppu import decode_frame
from halscope.ppu.grouping import group_sprites
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import Codec, CodecError, HostError, PpuRegisters, Snapshot
from PIL import Image
from support.plugin_folder import write_plugin
from support.roms import make_rom

MARK = b"SPARKLE!"

# Blocks of the codec "marked": MARK, a 16-bit length, and the bytes with every bit inverted.
CODEC = f"""
MARK = {MARK!r}
class Marked:
    name = "marked"
    version = "1"
    def decode(self, data, offset=0):
        rom = bytes(data)
        if rom[offset:offset + 8] != MARK or offset + 10 > len(rom):
            raise CodecError("no mark", offset)
        size = int.from_bytes(rom[offset + 8:offset + 10], "little")
        if offset + 10 + size > len(rom):
            raise CodecError("cut off", offset)
        return Block(~np.frombuffer(rom[offset + 10:offset + 10 + size], np.uint8), 10 + size, offset)
    def encode(self, data):
        data = bytes(data)
        return MARK + len(data).to_bytes(2, "little") + bytes(byte ^ 255 for byte in data)
    def scan(self, rom, *, window=0):
        rom, found, at = bytes(rom), [], -1
        while (at := rom.find(MARK, at + 1)) >= 0:
            size = int.from_bytes(rom[at + 8:at + 10], "little")
            found.append((at, 10 + size, size))
        return np.array(found, [("offset", "u4"), ("packed_size", "u4"), ("size", "u4")])
class Plugin:
    @hookimpl
    def halscope_codecs(self):
        return [Marked()]
plugin = Plugin()
"""

EXPORTER = """
import json
class Listing:
    suffixes = (".json", ".list")
    description = "listing"
    def create(self, request):
        assert request.source != request.target
        return json.dumps([[write.offset, write.data.hex()] for write in request.patch.rom]).encode()
    def apply(self, source, data):
        image = bytearray(source)
        for offset, text in json.loads(data):
            new = bytes.fromhex(text)
            image[offset:offset + len(new)] = new
        return bytes(image)
class Plugin:
    @hookimpl
    def halscope_exporters(self):
        return [Listing()]
plugin = Plugin()
"""

HOST = """
class Still:
    def __init__(self, file):
        self.info = HostInfo(
            "still", f"a picture of {file.name}", frozenset({"vram"}), capabilities=capabilities_of(self))
        self.left = 3
    def step(self):
        self.left -= 1
        return None if self.left < 0 else Snapshot(
            vram=bytes(65536), cgram=bytes(512), oam=bytes(544), ppu=PpuRegisters(obsel=0), frame=3 - self.left)
    def write(self, writes):
        raise HostError("it stands still")
    def close(self):
        pass
class Factory:
    name = "still"
    description = "one picture, three times"
    def open(self, request):
        return Still(request.file)
class Plugin:
    @hookimpl
    def halscope_hosts(self):
        return [Factory()]
plugin = Plugin()
"""

REMOTE = """
class Pushed:
    def __init__(self, request):
        self.info = HostInfo(
            "pushed", f"emulator at {request.address}", frozenset({"vram"}), capabilities=capabilities_of(self))
        self.left = 3
    def poll(self, timeout):
        self.left -= 1
        if self.left < 0:
            raise HostGoneError("the emulator at home has gone")
        return Snapshot(
            vram=bytes(65536), cgram=bytes(512), oam=bytes(544), ppu=PpuRegisters(obsel=0), frame=3 - self.left)
    def write(self, writes):
        raise HostError("it cannot be written")
    def close(self):
        pass
class Factory:
    name = "pushed"
    description = "three frames, and then it is gone"
    setup = "switch it on"
    opened = 0
    def open(self, request):
        Factory.opened += 1
        if Factory.opened % 2:
            raise HostAbsentError("it is not there yet")
        return Pushed(request)
    def find(self, request):
        return [FoundEmulator("home", "an emulator", "a game")]
class Plugin:
    @hookimpl
    def halscope_hosts(self):
        return [Factory()]
plugin = Plugin()
"""

GAME = """
class Plugin:
    @hookimpl
    def halscope_games(self):
        return [GameProfile(id="mine", name="My own game", titles=("HALSCOPE D*",))]
plugin = Plugin()
"""

GROUPS = """
class Plugin:
    @hookimpl
    def halscope_group_sprites(self, frame):
        return [SpriteGroup((5, 3)), SpriteGroup((7,))]
plugin = Plugin()
"""


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        copy = tmp_path / "game.sfc"
        copy.write_bytes(path.read_bytes())
    return copy


def run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> list[Any]:
    """The lines of JSON of a command that must end with this code."""
    ended = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert ended == code, captured.err
    return [json.loads(line) for line in captured.out.splitlines() if line.startswith("{")]


def test_a_codec_is_scanned_decompressed_edited_and_injected_beside_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = ["--plugin", write_plugin(tmp_path, CODEC)]
    generator = np.random.default_rng(5)
    tiles = generator.integers(0, 256, 64 * 32).astype(np.uint8)
    image = np.frombuffer(make_rom(size=0x20000), np.uint8).copy()
    block = MARK + tiles.size.to_bytes(2, "little") + (~tiles).tobytes()
    image[0x8000 : 0x8000 + len(block)] = np.frombuffer(block, np.uint8)
    rom = tmp_path / "mixed.sfc"
    rom.write_bytes(image.tobytes())

    (document,) = run(capsys, "scan", rom, "--json", "--min-score", 0, *plugin)
    assert (0x8000, "marked", tiles.size) in {(b["offset"], b["codec"], b["size"]) for b in document["blocks"]}
    (tmp_path / "tiles").write_bytes(tiles.tobytes()[:64])
    (document,) = run(capsys, "locate", rom, tmp_path / "tiles", "--json", *plugin)
    assert document["tiles"][1]["origins"][0] == {
        "codec": "marked", "block_offset": 0x8000, "byte_offset": 32, "start": "content", "transform": "none",
    }  # fmt: skip
    run(capsys, "decompress", rom, "0x8000", "-o", tmp_path / "out", "--codec", "marked", *plugin)
    assert (tmp_path / "out").read_bytes() == tiles.tobytes()

    run(capsys, "extract", rom, "0x8000", "--codec", "marked", "--out", tmp_path / "sheets", "--json", *plugin)
    (png,) = (tmp_path / "sheets").glob("*.png")
    change_a_pixel(png)
    run(capsys, "inject", rom, png, "-o", tmp_path / "new.sfc", "--force", "--json", *plugin)
    changed = np.frombuffer((tmp_path / "new.sfc").read_bytes(), np.uint8)
    assert bytes(changed[0x8000:0x800A]) == block[:10]
    assert 0 < np.count_nonzero(changed[0x800A : 0x8000 + len(block)] != image[0x800A : 0x8000 + len(block)]) <= 4
    assert main(["decompress", str(rom), "0x8000", "-o", str(tmp_path / "out"), "--codec", "marked"]) == 2


@pytest.mark.parametrize(
    "broken",
    [
        ("return np.array(found", "raise RuntimeError('scan') ; (found"),
        ("return np.array(found", "return 5 ; (found"),
        ("10 + size, size))", "10 + size + len(rom), size))"),
        ('name = "marked"', 'name = "hal"'),
        ('name = "marked"', 'name = "raw"'),
        ('name = "marked"', "name = 7"),
        ('version = "1"', "version = property(lambda self: 1 // 0)"),
        ("return [Marked()]", "return [Marked(), object()]"),
        ("return [Marked()]", "return 7"),
        ("return [Marked()]", "raise RuntimeError('codecs')"),
    ],
)
def test_a_broken_codec_is_named_and_ours_still_finds_every_block(
    tmp_path: Path, rom: Path, caplog: pytest.LogCaptureFixture, broken: tuple[str, str]
) -> None:
    code = CODEC.replace(*broken).replace("class Marked:", "class Marked:  # broken")
    image = bytearray(rom.read_bytes())
    image[0x70000 : 0x70000 + 80] = MARK + (70).to_bytes(2, "little") + bytes(70)
    rom.write_bytes(image)
    with caplog.at_level(logging.ERROR, "halscope.plugins"):
        workspace = Workspace.open(rom, Plugins(folders=[write_plugin(tmp_path, code)]))
        found = {block.offset for block in workspace.blocks() if block.codec == "hal"}
    assert {block["offset"] for block in truth()["blocks"]} <= found
    assert "plugin sparkle: halscope_codecs failed" in caplog.text


def test_an_index_that_a_codec_failed_in_is_not_kept(tmp_path: Path, rom: Path) -> None:
    image = bytearray(rom.read_bytes())
    image[0x70000 : 0x70000 + 650] = MARK + (640).to_bytes(2, "little") + bytes(640)
    rom.write_bytes(image)
    broken = CODEC.replace("return np.array(found", "raise RuntimeError('scan') ; (found")
    for name, code, count in (("a", broken, 0), ("b", CODEC, 1)):
        workspace = Workspace.open(rom, Plugins(folders=[write_plugin(tmp_path / name, code)]))
        assert sum(block.codec == "marked" for block in workspace.blocks(min_score=0)) == count


def test_a_codecs_foreign_error_becomes_a_codec_error_that_names_the_plugin(tmp_path: Path) -> None:
    code = CODEC.replace("rom = bytes(data)\n", "return 1 // 0\n").replace("data = bytes(data)\n", "return 1 // 0\n")
    codec = Plugins(folders=[write_plugin(tmp_path, code)]).codec("marked")
    for call in (codec.decode, codec.encode):
        with pytest.raises(CodecError, match="codec marked of plugin sparkle failed: ZeroDivisionError"):
            call(b"abc")


def test_a_newer_version_of_a_plugin_is_asked_again_and_not_the_cache(
    tmp_path: Path, rom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Rom] = []
    build = RomIndex.build

    def counted(rom: Rom, codecs: Sequence[Codec], **options: Any) -> RomIndex:
        built.append(rom)
        return build(rom, codecs, **options)

    monkeypatch.setattr(RomIndex, "build", counted)
    for name, version, builds in (("a", "1.0.0", 1), ("b", "1.0.0", 1), ("c", "2.0.0", 2)):
        plugins = Plugins(folders=[write_plugin(tmp_path / name, CODEC, version=version)])
        Workspace.open(rom, plugins).index()
        assert len(built) == builds


def test_an_exporter_takes_edits_out_by_its_ending_and_is_proven(
    tmp_path: Path, rom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = ["--plugin", write_plugin(tmp_path, EXPORTER)]
    png = edited_sheet(tmp_path, rom, capsys)
    run(capsys, "inject", rom, png, "-o", tmp_path / "edit.json", *plugin)
    run(capsys, "inject", rom, png, "-o", tmp_path / "edit.sfc")
    image = bytearray(rom.read_bytes())
    for offset, text in json.loads((tmp_path / "edit.json").read_text()):
        image[offset : offset + len(text) // 2] = bytes.fromhex(text)
    assert bytes(image) == (tmp_path / "edit.sfc").read_bytes() != rom.read_bytes()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (("image = bytearray(source)", "return source"), "does not produce the edited ROM; nothing was written"),
        (("assert request", "1 // 0; assert request"), "plugin sparkle: cannot write .json"),
        (("image = bytearray(source)", "raise RuntimeError('bad')"), "plugin sparkle: cannot read its own .json back"),
    ],
)
def test_an_exporter_that_lies_or_breaks_writes_nothing(
    tmp_path: Path, rom: Path, capsys: pytest.CaptureFixture[str], broken: tuple[str, str], message: str
) -> None:
    plugin = ["--plugin", str(write_plugin(tmp_path, EXPORTER.replace(*broken)))]
    png = edited_sheet(tmp_path, rom, capsys)
    assert main(["inject", str(rom), str(png), "-o", str(tmp_path / "edit.json"), *plugin]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "edit.json").exists()


def edited_sheet(tmp_path: Path, rom: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A block of the demo with one pixel changed to the colour of its neighbour."""
    block = next(block for block in truth()["blocks"] if block["kind"] == "sprites" and not block["lead"] % 2)
    run(capsys, "extract", rom, block["offset"], "--lead", block["lead"], "--out", tmp_path / "sheets")
    (png,) = (tmp_path / "sheets").glob("*.png")
    change_a_pixel(png)
    return png


def change_a_pixel(png: Path) -> None:
    """Give the first pixel that differs from its left neighbour that neighbour's colour."""
    with Image.open(png) as sheet:
        pixels = np.asarray(sheet).copy()
        palette = sheet.getpalette()
    rows, columns = np.nonzero(pixels[:, 1:] != pixels[:, :-1])
    pixels[rows[0], columns[0] + 1] = pixels[rows[0], columns[0]]
    changed = Image.fromarray(pixels, "P")
    changed.putpalette(palette or [])
    changed.save(png)


def test_a_host_is_played_by_its_name(tmp_path: Path, rom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--host", "still", "--plugin", write_plugin(tmp_path, HOST)]
    lines = run(capsys, "play", rom, "--frames", 9, "--json", *options)
    assert [line["frame"] for line in lines] == [1, 2, 3]
    run(capsys, "record", rom, "-o", tmp_path / "a.hrec", "--frames", 3, *options)
    assert len(run(capsys, "replay", tmp_path / "a.hrec", "--json")) == 3
    assert main(["play", str(rom), "--frames", "1", "--host", "still"]) == 2
    assert "there is no host 'still'; the hosts are: embedded, libretro, recording" in capsys.readouterr().err


@pytest.mark.parametrize("broken", [("return Still(", "return 7 or ("), ("return Still(", "raise KeyError(")])
def test_a_broken_host_is_a_host_error_that_names_the_plugin(
    tmp_path: Path, rom: Path, capsys: pytest.CaptureFixture[str], broken: tuple[str, str]
) -> None:
    folder = write_plugin(tmp_path, HOST.replace(*broken))
    assert main(["play", str(rom), "--frames", "1", "--host", "still", "--plugin", str(folder)]) == 1
    assert "the host still of plugin sparkle failed" in capsys.readouterr().err
    assert issubclass(HostError, Exception)


def test_a_game_profile_goes_before_ours_and_names_the_game(
    tmp_path: Path, rom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (document,) = run(capsys, "scan", rom, "--json", "--plugin", write_plugin(tmp_path, GAME))
    assert document["rom"]["game"]["name"] == "My own game"
    (document,) = run(capsys, "scan", rom, "--json")
    assert document["rom"]["game"]["id"] == "halscope-demo"


def recording(path: Path) -> Path:
    """One frame with 128 sprites of one pattern, eight to a row."""
    oam = np.zeros(544, np.uint8)
    oam[0:512:4] = np.arange(128) % 8 * 32
    oam[1:512:4] = np.arange(128) // 8 * 12
    with RecordingWriter(path) as writer:
        writer.append(
            Snapshot(
                vram=np.full(0x10000, 0x55, np.uint8),
                cgram=np.zeros(256, np.uint16),
                oam=oam,
                ppu=PpuRegisters(obsel=0, inidisp=15, setini=0),
            )
        )
    return path


def test_a_grouping_says_which_sprites_are_a_figure(
    tmp_path: Path, rom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["extract", rom, "--recording", recording(tmp_path / "r.hrec"), "--json", "--out"]
    (document,) = run(capsys, *command, tmp_path / "a", "--plugin", write_plugin(tmp_path, GROUPS))
    assert [Path(sheet["png"]).name.partition("-")[0] for sheet in document["sheets"]] == ["72x8", "8x8"]
    assert [sheet["tiles"] for sheet in document["sheets"]] == [2, 1]
    (ours,) = run(capsys, *command, tmp_path / "b")
    assert len(ours["sheets"]) != 2


@pytest.mark.parametrize("groups", ["[SpriteGroup(())]", "[SpriteGroup((1, 1))]", "[SpriteGroup((128,))]", "7", "[7]"])
def test_a_wrong_grouping_is_named_and_ours_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, groups: str
) -> None:
    code = GROUPS.replace("[SpriteGroup((5, 3)), SpriteGroup((7,))]", groups)
    with RecordingReader(recording(tmp_path / "r.hrec")) as reader:
        frame = decode_frame(reader[0])
    with caplog.at_level(logging.ERROR, "halscope.plugins"):
        found = Plugins(folders=[write_plugin(tmp_path, code)]).group_sprites(frame)
    assert [group.indices for group in found] == [group.indices for group in group_sprites(frame)]
    assert "plugin sparkle: halscope_group_sprites failed" in caplog.text


@pytest.mark.slow
def test_doctor_lists_what_was_found_and_what_was_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "halscope.app._doctor_cores.available_cores", list
    )  # starting them is slow, and tested elsewhere
    good = write_plugin(tmp_path, CODEC, permissions=["network"])
    bad = write_plugin(tmp_path, "plugin = 1", "bad")
    with rom_path() as rom:
        main(["doctor", "--json", "--plugin", str(good), "--plugin", str(bad), "--rom", str(rom)])
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert "marked" in checks["plugins"]["detail"]
    assert checks["plugin sparkle"]["advice"] == "--allow sparkle:network"
    assert "has no hook" in checks["plugin bad"]["detail"]
    assert "Halscope's demo" in checks["rom"]["detail"]


@pytest.mark.slow
def test_a_third_party_host_is_attached_to_and_attached_to_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is absent at first, and gone after three frames: five frames come from two attachments."""
    options = ["attach", "pushed", "--plugin", write_plugin(tmp_path, REMOTE), "--json"]
    (found,) = run(capsys, *options, "--list")
    assert found == {"emulators": [{"address": "home", "name": "an emulator", "game": "a game", "problem": ""}]}
    assert main([str(one) for one in [*options, "--frames", 5, "--address", "there"]]) == 0
    printed = capsys.readouterr()
    assert [json.loads(line)["frame"] for line in printed.out.splitlines()] == [1, 2, 3, 1, 2]
    said = printed.err.splitlines()
    assert said == [
        "it is not there yet; waiting for it: switch it on",
        "the emulator at home has gone",
        "it is not there yet; waiting for it: switch it on",
    ]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (("raise HostAbsentError", "return raise_"), "the host pushed of plugin"),
        (('return [FoundEmulator("home", "an emulator", "a game")]', "return [3]"), "FoundEmulators"),
        (('return [FoundEmulator("home", "an emulator", "a game")]', "return 1 / 0"), "division by zero"),
    ],
)
def test_a_broken_third_party_host_is_named_when_it_is_attached_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: tuple[str, str], words: str
) -> None:
    options = ["attach", "pushed", "--plugin", str(write_plugin(tmp_path, REMOTE.replace(*broken))), "--frames", "1"]
    assert main([*options, *(["--list"] if "Found" in broken[0] else [])]) == 1
    assert words in capsys.readouterr().err
