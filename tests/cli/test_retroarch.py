"""`halscope retroarch`: the tap is put where RetroArch looks for cores, and taken away again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from halscope.cli import main
from halscope.hosts.libretro import available_cores
from halscope.hosts.retroarch import find_folders, tap_library

pytestmark = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
INNER_INFO = 'display_name = "SNES (Snes9x)"\nsavestate = "true"\nsavestate_features = "deterministic"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "info").mkdir()
    path = tmp_path / "retroarch.cfg"
    path.write_text(f'libretro_directory = "{tmp_path}/cores"\nlibretro_info_path = "{tmp_path}/info"\n')
    return path


def installed(config: Path, capsys: pytest.CaptureFixture[str], inner: Path) -> dict[str, str]:
    assert main(["retroarch", "install", "--inner", str(inner), "--config", str(config), "--json"]) == 0
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_it_installs_the_core_and_an_info_like_the_inner_cores(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = available_cores()[0].path
    (tmp_path / "info" / f"{inner.stem}.info").write_text(INNER_INFO)
    (tmp_path / "info" / "core_info.cache").write_text("{}")
    before = config.read_bytes()
    found = installed(config, capsys, inner)
    assert Path(found["core"]).read_bytes() == tap_library().read_bytes()
    assert Path(found["core"]).parent == tmp_path / "cores"
    assert (tmp_path / "cores" / "halscope_tap.cfg").read_text() == f"inner = {inner.resolve()}\n"
    info = Path(found["info"]).read_text()
    assert Path(found["info"]).stem == Path(found["core"]).stem
    assert info == INNER_INFO.replace("(Snes9x)", "(Snes9x) with Halscope")
    assert (tmp_path / "info" / "core_info.refresh").is_file()  # RetroArch drops its cache of .info files
    assert config.read_bytes() == before

    assert main(["retroarch", "uninstall", "--config", str(config), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["removed"]) == 3
    assert list((tmp_path / "cores").iterdir()) == []
    assert not Path(found["info"]).exists()
    assert main(["retroarch", "uninstall", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "nothing was installed\n"


def test_a_core_without_an_info_gets_one_that_allows_states(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = tmp_path / "bsnes_mine_libretro.so"
    inner.write_bytes(available_cores()[0].path.read_bytes())
    info = Path(installed(config, capsys, inner)["info"]).read_text()
    assert 'savestate_features = "serialized"' in info
    assert 'display_name = "bsnes_mine_libretro with Halscope"' in info


def test_a_second_install_replaces_the_first(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installed(config, capsys, available_cores()[0].path)
    installed(config, capsys, available_cores()[-1].path)
    line = (tmp_path / "cores" / "halscope_tap.cfg").read_text()
    assert line == f"inner = {available_cores()[-1].path.resolve()}\n"


def test_what_cannot_be_installed_is_said(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: str) -> str:
        assert main(["retroarch", "install", *arguments]) in (1, 2)
        return capsys.readouterr().err

    assert "no libretro core named nonesuch" in refused("--inner", "nonesuch", "--config", str(config))
    assert "tap itself" in refused("--inner", str(tap_library()), "--config", str(config))
    assert "no such file" in refused("--inner", "snes9x", "--config", str(tmp_path / "missing.cfg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert "--config retroarch.cfg" in refused("--inner", str(available_cores()[0].path))
    (tmp_path / "cores").write_text("a file where the folder should be")
    message = refused("--inner", str(available_cores()[0].path), "--config", str(config))
    assert "libretro_directory" in message


@pytest.mark.parametrize(
    ("variable", "begins", "folder"),
    [
        ("HOME", "", ".config/retroarch"),
        ("XDG_CONFIG_HOME", "", "retroarch"),
        ("HOME", "", "Library/Application Support/RetroArch/config"),
        ("HOME", "", ".local/share/Steam/steamapps/common/RetroArch"),
        ("HOME", "", ".var/app/com.valvesoftware.Steam/.local/share/Steam/steamapps/common/RetroArch"),
        ("APPDATA", "", "RetroArch"),
        ("SystemDrive", "", "RetroArch-Win64"),
        ("ProgramFiles(x86)", "", "Steam/steamapps/common/RetroArch"),
        ("PATH", "portable", "portable"),
    ],
)
def test_retroarch_is_found_where_people_have_it(
    variable: str, begins: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "APPDATA", "SystemDrive", "ProgramFiles(x86)"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.setenv(variable, str(tmp_path / begins))
    config = tmp_path / folder / "retroarch.cfg"
    config.parent.mkdir(parents=True)
    config.touch()
    (config.parent / "retroarch.exe").touch()
    assert find_folders().config == config


def test_retroarch_is_found_in_steams_other_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    steam = tmp_path / ".local/share/Steam/steamapps"
    steam.mkdir(parents=True)
    (steam / "libraryfolders.vdf").write_text(f'"libraryfolders"\n{{\n"1"\n{{\n"path"\t\t"{tmp_path}/games"\n}}\n}}\n')
    folder = tmp_path / "games/steamapps/common/RetroArch"
    folder.mkdir(parents=True)
    (folder / "retroarch.cfg").touch()
    assert find_folders().config == folder / "retroarch.cfg"
