"""ROM images: the header is found by score, and every other file is refused in one clear line."""

import gzip
import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.rom.image import LIMIT, Rom
from halscope.rom.mapping import Mapping
from halscope_hooks import HalscopeError, RomError, UsageError
from hypothesis import given
from hypothesis import strategies as st
from support.checksums import fix
from support.roms import make_rom

MIB = 0x100000
SIZES = {
    Mapping.LOROM: 0x80000,
    Mapping.HIROM: 0x100000,
    Mapping.EXLOROM: 6 * MIB,
    Mapping.EXHIROM: 6 * MIB,
    Mapping.SA1: 0x100000,
}


@pytest.mark.parametrize("mapping", Mapping)
@pytest.mark.parametrize("fast", [0x00, 0x10])
def test_the_mapping_is_found(mapping: Mapping, fast: int) -> None:
    plain = make_rom(SIZES[mapping], mapping)
    image = make_rom(SIZES[mapping], mapping, map_mode=plain[mapping.header_offset + 0x15] | fast)
    rom = Rom.from_bytes(image)
    assert (rom.mapping, rom.header_offset) == (mapping, mapping.header_offset)
    assert rom.title == "HALSCOPE TEST"
    assert rom.score == 1.0
    assert rom.warnings == ()


def test_a_rom_knows_its_hashes_and_is_immutable() -> None:
    image = make_rom()
    rom = Rom.from_bytes(image, "test")
    assert rom.sha256 == hashlib.sha256(image).hexdigest()
    assert rom.sha1 == hashlib.sha1(image).hexdigest()
    assert len(rom.crc32) == 8
    assert rom.identity.sha256 == rom.sha256
    with pytest.raises(ValueError, match="read-only"):
        rom.data[0] = 1
    image[0] ^= 0xFF
    assert rom.data[0] != image[0]


def test_a_copier_header_is_taken_off_and_kept(tmp_path: Path) -> None:
    image = make_rom()
    header = bytes(range(256)) * 2
    path = tmp_path / "game.smc"
    path.write_bytes(header + image)
    rom = Rom.load(path)
    assert rom.data.tobytes() == image
    assert rom.copier_header == header
    assert rom.path == path
    assert rom.sha256 == Rom.from_bytes(image).sha256


def test_a_bare_image_cut_in_the_middle_of_a_kib_is_not_taken_for_one_with_a_copier_header() -> None:
    rom = Rom.from_bytes(make_rom()[: 0x40000 + 512])
    assert rom.copier_header == b""
    assert rom.data.size == 0x40000 + 512


def test_a_header_is_found_where_its_checksum_was_never_filled_in() -> None:
    image = make_rom()
    image[0x7FDC:0x7FE0] = bytes(4)
    rom = Rom.from_bytes(image)
    assert rom.mapping is Mapping.LOROM
    assert any("checksum" in warning for warning in rom.warnings)


def test_a_hirom_whose_code_happens_to_have_text_at_the_lorom_place_stays_hirom() -> None:
    image = make_rom(0x100000, Mapping.HIROM)
    image[0x7FC0:0x7FD5] = b"THE QUICK BROWN FOX J"
    assert Rom.from_bytes(fix(image, 0xFFC0)).mapping is Mapping.HIROM


def test_an_sa1_needs_both_its_map_mode_and_its_chip() -> None:
    image = make_rom(SIZES[Mapping.SA1], Mapping.SA1)
    assert Rom.from_bytes(image).mapping is Mapping.SA1
    image[0x7FD6] = 0x00
    rom = Rom.from_bytes(fix(image, 0x7FC0))
    assert rom.mapping is Mapping.LOROM
    assert any("map mode $23" in warning for warning in rom.warnings)


def test_a_title_in_katakana_is_text() -> None:
    rom = Rom.from_bytes(make_rom(title=b"\xce\xbc\xc9\xb6\xb0\xcb\xde\xa8"))
    assert rom.title == "ﾎｼﾉｶｰﾋﾞｨ"
    assert rom.score == 1.0


def test_a_wiped_header_is_refused_but_the_mapping_can_be_given() -> None:
    image = make_rom()
    image[0x7FC0:0x7FE0] = bytes(32)
    with pytest.raises(RomError, match=r"no SNES header.*name its mapping"):
        Rom.from_bytes(image)
    rom = Rom.from_bytes(image, mapping=Mapping.LOROM)
    assert rom.mapping is Mapping.LOROM
    assert rom.to_snes(0x8000) == 0x018000
    assert rom.to_offset(0x018000) == 0x8000
    assert rom.warnings == ("no header at 0x7fc0; the mapping is lorom as given",)


def test_a_forced_mapping_holds_against_a_good_header() -> None:
    assert Rom.from_bytes(make_rom(SIZES[Mapping.SA1], Mapping.SA1), mapping=Mapping.LOROM).mapping is Mapping.LOROM
    with pytest.raises(RomError, match="name another mapping"):
        Rom.from_bytes(make_rom(), mapping=Mapping.EXHIROM)


def interleaved(image: bytearray) -> bytes:
    banks = np.frombuffer(image, np.uint8).reshape(-1, 2, 0x8000)
    return banks[:, 1].tobytes() + banks[:, 0].tobytes()


def test_an_interleaved_image_is_named_as_such() -> None:
    image = interleaved(make_rom(0x100000, Mapping.HIROM))
    with pytest.raises(RomError, match=r"interleaved: .* at 0x7fc0 has map mode \$21 \(HiROM\).*deinterleave") as error:
        Rom.from_bytes(image, "game.swc")
    assert "\n" not in str(error.value)
    assert Rom.from_bytes(image, mapping=Mapping.LOROM).mapping is Mapping.LOROM


def test_a_wrong_map_mode_of_a_program_that_runs_is_a_warning() -> None:
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    image[0x7FD5] = 0x21
    rom = Rom.from_bytes(fix(image, 0x7FC0))
    assert rom.mapping is Mapping.LOROM
    assert any("map mode $21 does not match" in warning for warning in rom.warnings)


def test_a_half_bank_cannot_be_interleaved() -> None:
    assert Rom.from_bytes(make_rom(0x8000, map_mode=0x21)).mapping is Mapping.LOROM


def test_a_program_that_calls_into_linear_banks_is_interleaved_though_its_reset_vector_leads_to_code() -> None:
    image = make_rom(0x100000, Mapping.HIROM)
    image[0x8000:0x8008] = bytes.fromhex("78 18 fb c2 30 4c 05 80")
    for number in range(4000):  # JSL into banks C0 to CF, as a HiROM game's code has them
        at = 0x9000 + number * 0xC1
        image[at : at + 4] = bytes([0x22, number & 0xFF, number >> 5 & 0xFF, 0xC0 + number % 16])
    with pytest.raises(RomError, match="interleaved"):
        Rom.from_bytes(interleaved(bytearray(fix(image, 0xFFC0))))


def test_a_lorom_whose_half_banks_are_swapped_is_named_as_such() -> None:
    banks = np.frombuffer(make_rom(), np.uint8).reshape(-1, 2, 0x8000)
    with pytest.raises(RomError, match=r"interleaved: .* at 0xffc0 has map mode \$20 \(LoROM\)"):
        Rom.from_bytes(banks[:, ::-1].tobytes())


@pytest.mark.parametrize(
    ("build", "warning"),
    [
        (lambda: make_rom() + make_rom(), "repeats the beginning"),
        (lambda: make_rom() + bytes(0x80000), "expanded by a hack"),
        (lambda: make_rom()[:0x40000], "perhaps truncated"),
        (lambda: make_rom() + bytes(100), "not a multiple of 32 KiB"),
        (lambda: make_rom()[:-1] + b"!", "changed or damaged"),
        (lambda: make_rom(map_mode=0x2F), "does not match the place"),
    ],
    ids=["overdump", "expanded", "truncated", "odd", "checksum", "map-mode"],
)
def test_what_is_odd_about_a_usable_image_is_a_warning(build: object, warning: str) -> None:
    rom = Rom.from_bytes(build())  # type: ignore[operator]  # a parameter's lambda
    assert rom.mapping is Mapping.LOROM
    assert any(warning in line for line in rom.warnings), rom.warnings


def test_a_chip_that_maps_the_rom_in_its_own_way_is_a_warning() -> None:
    image = make_rom()
    image[0x7FD6] = 0x13
    assert "a cartridge with SuperFX: addresses are those of plain lorom" in Rom.from_bytes(fix(image, 0x7FC0)).warnings


def zipped(data: bytearray) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("game.sfc", data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\x78", "1 bytes; a SNES ROM has 32768 or more: truncated"),
        (bytes(make_rom()[:0x7FFF]), "truncated"),
        (bytes(512), "0 bytes"),
        (zipped(make_rom()), "is a ZIP archive"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(0x8000), "is a 7z archive"),
        (gzip.compress(make_rom()), "is a gzip file"),
        (bytes(0x80000), "no SNES header"),
        (b"\xff" * 0x80000, "no SNES header"),
    ],
    ids=["empty", "one-byte", "short", "copier-header-alone", "zip", "7z", "gzip", "zeros", "ones"],
)
def test_what_is_no_rom_is_refused_in_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "game.sfc"
    path.write_bytes(data)
    with pytest.raises(RomError, match=says) as error:
        Rom.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_noise_of_the_largest_size_has_no_header() -> None:
    noise = np.random.default_rng(7).bytes(LIMIT)
    with pytest.raises(RomError, match="no SNES header"):
        Rom.from_bytes(noise)


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.sfc"
    with path.open("wb") as file:
        file.truncate(LIMIT + 513)
    with pytest.raises(UsageError, match="larger than"):
        Rom.load(path)
    with pytest.raises(RomError, match="more than the 16777216"):
        Rom.from_bytes(bytes(LIMIT + 1))


def test_a_missing_file_a_directory_and_an_unreadable_file_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Rom.load(tmp_path / "none.sfc")
    with pytest.raises(UsageError, match="is a directory"):
        Rom.load(tmp_path)
    path = tmp_path / "locked.sfc"
    path.write_bytes(make_rom())
    path.chmod(0)
    if os.access(path, os.R_OK):  # root can read every file, but nobody can read the first page of a process
        path = Path("/proc/self/mem")
    if not path.exists():
        pytest.skip("this user reads every file")
    with pytest.raises(UsageError, match=f"{path}: cannot be read as a SNES ROM"):
        Rom.load(path)


@given(
    st.binary(max_size=300), st.sampled_from([0, 0x7F00, 0x8000, 0xFF00, 0x10000]), st.sampled_from([None, *Mapping])
)
def test_bytes_of_any_kind_give_a_rom_or_a_clear_error(data: bytes, padding: int, mapping: Mapping | None) -> None:
    try:
        rom = Rom.from_bytes(bytes(padding) + data, "x", mapping=mapping)
    except HalscopeError as error:
        message = str(error)
    else:
        message = f"x: {rom.mapping.value}"
    assert message.startswith("x: ")
    assert "\n" not in message


@given(st.lists(st.tuples(st.integers(0x7FC0, 0x7FFF), st.integers(0, 255)), max_size=64))
def test_a_damaged_header_never_crashes(changes: list[tuple[int, int]]) -> None:
    image = make_rom(0x8000)
    for at, value in changes:
        image[at] = value
    try:
        score = Rom.from_bytes(image).score
    except RomError:
        score = 0.0
    assert 0.0 <= score <= 1.0
