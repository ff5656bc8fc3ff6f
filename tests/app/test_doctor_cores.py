"""What `doctor` says about cores: which they are, what works with them, which one to take."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from halscope.app import _doctor_cores
from halscope.app._doctor_cores import examine_cores
from halscope.demo import rom_path
from halscope.hosts.libretro import INSTALL_HINT, CoreFile, available_cores
from halscope.hosts.libretro.facts import CoreFacts
from halscope_hooks import HostError
from support import small_core
from support.cores import two_cores


@pytest.mark.slow
@pytest.mark.parametrize("core", two_cores())
def test_everything_works_on_the_two_cores(core: str) -> None:
    about, choice = examine_cores(core)
    assert (about.state, about.name, choice.state) == ("ok", f"core {core}", "ok"), about
    assert about.data["live_edits"] == ["cgram", "rom", "vram", "wram"]
    assert about.data["origins"] is True
    assert about.data["unknown_registers"] == []
    assert about.data["rom_source"] == "memory map"
    assert about.data["tracing"] is True
    assert about.data["path"] in choice.detail
    if core == "snes9x":
        assert about.data["state_format"] == "snes9x version 9"
        assert about.data["year"] == 2016
        assert "release of 2016" in about.detail
    if sys.platform.startswith("linux"):
        assert about.data["random_start"] is False


@pytest.mark.slow
def test_what_does_not_work_with_a_core_is_said(tmp_path: Path) -> None:
    core = small_core.build(tmp_path, ROM_BYTES=0)
    about, choice = examine_cores(str(core))
    assert about.state == "warn"
    assert "does not: no origins, live edits of the ROM do not last" in about.detail
    assert about.data["live_edits"] == ["cgram", "vram", "wram"]
    assert about.data["tracing"] is False
    assert choice.state == "warn"
    assert INSTALL_HINT in choice.advice


@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_core_whose_tiles_cannot_be_located_is_judged_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_doctor_cores, "FRAMES", 1)
    monkeypatch.setattr(_doctor_cores, "_EVERY", 1)
    with rom_path() as rom:
        check = _doctor_cores._try(available_cores()[0], rom, None)
    assert check.state == "warn"
    assert "does not: no origins" in check.detail


@pytest.mark.slow
def test_a_core_that_crashes_is_named_and_another_one_is_advised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes = small_core.build(tmp_path, ON_RUN="abort()")
    (tmp_path / "whole").mkdir()
    whole = small_core.build(tmp_path / "whole")
    cores = [CoreFile("one", crashes), CoreFile("other", whole)]
    monkeypatch.setattr("halscope.app._doctor_cores.available_cores", lambda: cores)
    first, second, choice = examine_cores()
    assert first.state == "warn"
    assert "SIGABRT" in first.detail
    assert second.data["library"] == "Snes9x"
    assert str(whole) in choice.detail
    assert str(crashes) in choice.advice
    assert "--core" in choice.advice


def test_a_machine_without_cores_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halscope.app._doctor_cores.available_cores", list)
    (choice,) = examine_cores()
    assert choice.state == "fail"
    assert choice.advice == INSTALL_HINT
    with pytest.raises(HostError, match="nowhere"):
        examine_cores("/nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_limit_of_the_machine_is_not_blamed_on_the_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import resource

    core = small_core.build(tmp_path)
    monkeypatch.setattr("halscope.app._doctor_cores.available_cores", lambda: [CoreFile("one", core)])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        (choice,) = examine_cores()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (choice.name, choice.state) == ("cores", "fail")
    assert "File too large" in choice.detail
    assert "ulimit -f unlimited" in choice.advice
    assert "install" not in choice.advice
    assert "choose another" not in choice.advice


@pytest.mark.skipif(sys.platform == "win32", reason="folders of POSIX")
def test_a_missing_temporary_folder_is_not_blamed_on_the_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("halscope.app._doctor_cores.available_cores", lambda: [CoreFile("one", tmp_path / "one.so")])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    (choice,) = examine_cores()
    assert "no temporary folder" in choice.detail
    assert "no other core helps" in choice.advice


@pytest.mark.parametrize(
    ("name", "version", "fixed", "year", "random"),
    [
        ("Snes9x", "1.54.1 ec7a6271", True, 2016, False),
        ("Snes9x", "1.63 890b5d44", False, 2024, False),
        ("Snes9x", "2.0", True, None, False),
        ("bsnes-mercury", "v094 (Accuracy)", True, 2014, False),
        ("bsnes-mercury", "v094 (Accuracy)", False, 2014, True),
        ("bsnes-mercury", "v094 (Balanced)", False, 2014, False),
        ("Small", "1", False, None, False),
    ],
)
def test_a_cores_age_and_start_follow_from_its_version(
    name: str, version: str, fixed: bool, year: int | None, random: bool
) -> None:
    facts = CoreFacts(name=name, version=version, state_format="", rom_source=None, fixed_clock=fixed)
    assert facts.year == year
    assert facts.random_start is random
