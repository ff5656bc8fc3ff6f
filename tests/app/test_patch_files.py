"""Patches are for the headerless image whatever the file has, unless the other is asked for, and say which they are."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from halscope import Workspace
from halscope.app import Plugins
from halscope.app._patch_files import check_output, write_patch
from halscope.cli import main
from halscope.export import bps, ips
from halscope.inject import apply_patch
from halscope.rom.image import Rom
from halscope_hooks import Exporter, ExportRequest, GameProfile, Patch, UsageError, Write, hookimpl
from PIL import Image
from support.edit_rom import make_edit_rom

COPIER = b"\x40" + bytes(7) + b"\xaa\xbb\x04" + bytes(501)
IMAGE = make_edit_rom().rom.data.tobytes()
EDIT = Patch(Rom.from_bytes(IMAGE).sha256, (Write("rom", 0x20000, b"edited"),), summary="an edit")
EDITED = apply_patch(IMAGE, EDIT)


class CleanGames:
    """A profile that knows another image under the title of the ROM."""

    @hookimpl
    def halscope_games(self) -> list[GameProfile]:
        return [GameProfile(id="clean", name="Clean Game", titles=("HALSCOPE TEST",), sha256=("0" * 64,))]


class Listings:
    """An exporter of files that nothing can read back; its description begins with a vowel."""

    suffixes = (".asm",)
    description = "assembler listing"

    def create(self, request: ExportRequest) -> bytes:
        return b"org"

    def apply(self, source: bytes, data: bytes) -> None:
        return None

    @hookimpl
    def halscope_exporters(self) -> list[Exporter]:
        return [self]


@pytest.fixture(params=[b"", COPIER], ids=["bare", "with-copier-header"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "game.rom"
    path.write_bytes(request.param + IMAGE)
    return path


def crc(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"


@pytest.mark.parametrize(("suffix", "apply"), [(".bps", bps.apply), (".ips", ips.apply)])
def test_a_patch_is_for_the_headerless_image(file: Path, suffix: str, apply: object) -> None:
    written = write_patch(Workspace.open(file), EDIT, file.with_suffix(suffix))
    assert apply(IMAGE, file.with_suffix(suffix).read_bytes()) == EDITED  # type: ignore[operator]  # either function
    assert not written.headered
    assert (written.source_crc32, written.target_crc32, written.source_bytes) == (crc(IMAGE), crc(EDITED), len(IMAGE))
    assert "without a copier header" in written.lines()[0]
    assert any("--headered" in note for note in written.notes) == (len(file.read_bytes()) > len(IMAGE))


@pytest.mark.parametrize(("suffix", "apply"), [(".bps", bps.apply), (".ips", ips.apply)])
def test_a_headered_patch_is_for_the_image_behind_a_copier_header(file: Path, suffix: str, apply: object) -> None:
    written = write_patch(Workspace.open(file), EDIT, file.with_suffix(suffix), headered=True)
    header = file.read_bytes()[: -len(IMAGE)] or bytes(512)
    assert apply(header + IMAGE, file.with_suffix(suffix).read_bytes()) == header + EDITED  # type: ignore[operator]
    assert written.headered
    assert written.source_crc32 == crc(header + IMAGE)
    assert "with a copier header" in written.lines()[0]


def test_a_copy_has_a_copier_header_by_its_extension(file: Path) -> None:
    header = file.read_bytes()[: -len(IMAGE)] or bytes(512)
    workspace = Workspace.open(file)
    assert not write_patch(workspace, EDIT, file.with_suffix(".sfc")).headered
    assert write_patch(workspace, EDIT, file.with_suffix(".smc")).headered
    assert file.with_suffix(".sfc").read_bytes() == EDITED
    assert file.with_suffix(".smc").read_bytes() == header + EDITED
    with pytest.raises(UsageError, match=r"a \.sfc never has a copier header"):
        check_output(workspace, file.with_suffix(".sfc"), headered=True)


def test_an_ips_patch_that_a_copier_header_would_shift_is_refused(file: Path) -> None:
    workspace, output = Workspace.open(file), file.with_suffix(".ips")
    if len(file.read_bytes()) > len(IMAGE):
        with pytest.raises(UsageError, match=r"shifts everything by 512 bytes.*give --headered .* or write a \.bps"):
            check_output(workspace, output)
    else:
        check_output(workspace, output)
    check_output(workspace, output, headered=True)
    check_output(workspace, file.with_suffix(".bps"))


def test_a_file_that_cannot_be_read_back_is_said_to_be_unverified(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = Workspace(Rom.from_bytes(IMAGE), plugins=Plugins([Listings()]))
    write_patch(workspace, EDIT, tmp_path / "edit.asm")
    (message,) = (record.getMessage() for record in caplog.records)
    assert message == (
        f'{tmp_path / "edit.asm"}: not verified: what the exporter "assembler listing" writes cannot be read back'
    )


def test_a_base_that_is_not_the_known_clean_one_is_mentioned(file: Path) -> None:
    known = write_patch(Workspace.open(file, Plugins([CleanGames()])), EDIT, file.with_suffix(".bps"))
    assert any("not the known clean Clean Game" in note for note in known.notes)


def test_a_checksum_that_was_left_alone_is_mentioned(tmp_path: Path) -> None:
    path = tmp_path / "odd.sfc"
    image = bytearray(IMAGE)
    image[0x7FD5] = 0x2F  # a map mode of no known board, so its sum cannot be known either
    image[0x1234] ^= 1
    path.write_bytes(image)
    workspace = Workspace.open(path)
    edit = Patch(workspace.rom.sha256, EDIT.rom)
    assert any("checksum" in note for note in write_patch(workspace, edit, tmp_path / "odd.bps").notes)


def test_inject_says_what_its_patch_is_for(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(file), "0xa001", "--out", str(tmp_path / "sheets")]) == 0
    (png,) = (tmp_path / "sheets").glob("*.png")
    with Image.open(png) as image:
        image.paste(0, (0, 0, 8, 8))
        image.save(png)
    capsys.readouterr()
    call = ["inject", str(file), str(png), "--force"]
    assert main([*call, "-o", str(tmp_path / "a.bps"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    header = bps.read_header((tmp_path / "a.bps").read_bytes())
    assert document["headered"] is False
    assert document["source_size"] == header.source_size == len(IMAGE)
    assert document["source_crc32"] == f"{header.source_crc32:08x}"
    assert document["target_crc32"] == f"{header.target_crc32:08x}"
    assert main([*call, "-o", str(tmp_path / "b.bps"), "--headered"]) == 0
    said = capsys.readouterr().out
    assert "with a copier header" in said
    assert crc((file.read_bytes()[: -len(IMAGE)] or bytes(512)) + IMAGE) in said
