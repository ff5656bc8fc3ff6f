"""Messages of usb2snes servers and the cartridge's memory, as they should be and as noise."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.hosts.usb2snes._devices import DeviceInfo, Place, is_cartridge, other_core, places
from halscope.hosts.usb2snes._game import sample_places
from halscope.hosts.usb2snes._memory import STATE_BYTES, read_cgram, read_cpu, read_oam, read_ppu
from halscope.hosts.usb2snes._messages import MOST_TEXT, Ask, MessageError, read_results
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@given(st.lists(st.text(max_size=20), max_size=8))
def test_results_are_read(results: list[str]) -> None:
    assert read_results(json.dumps({"Results": results})) == tuple(results)


@given(st.text(max_size=100) | JSON.map(json.dumps) | JSON.map(lambda value: json.dumps({"Results": value})))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MessageError):
        assert all(isinstance(one, str) for one in read_results(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"Results": "a"}',
        '{"Results": [1]}',
        "[" * 100_000,
        '{"Results": ["' + "x" * MOST_TEXT + '"]}',
        json.dumps({"Results": [""] * 1001}),
    ],
)
def test_what_is_no_list_of_results_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        read_results(text)


def test_a_request_is_json_with_every_field() -> None:
    assert json.loads(Ask("GetAddress", ("F50000", "100"), 256).text) == {
        "Opcode": "GetAddress",
        "Space": "SNES",
        "Flags": [],
        "Operands": ["F50000", "100"],
    }


@given(st.binary(min_size=STATE_BYTES, max_size=STATE_BYTES))
def test_any_memory_of_the_cartridge_is_a_state(state: bytes) -> None:
    ppu, cpu = read_ppu(state), read_cpu(state)
    assert read_cgram(state).tobytes() == state[:512]
    assert read_oam(state).tobytes() == state[512:1056]
    assert ppu.obsel == state[0x503]
    assert ppu.bg1hofs == (state[0x51A] | state[0x51B] << 8) & 0x3FF
    assert ppu.m7d == state[0x53C] | state[0x53D] << 8
    assert ppu.oamadd == state[0x505] | state[0x507] << 8
    assert ppu.setini == state[0x567]
    assert ppu.coldata is None
    assert ppu.cgadd is None
    assert (cpu.nmitimen, cpu.hdmaen) == (state[0x700], state[0x70C])
    assert cpu.vtime == (state[0x709] | state[0x70A] << 8) & 0x1FF


def info(kind: str, *flags: str) -> DeviceInfo:
    return DeviceInfo("1.11.0", kind, "/game.sfc", frozenset(flags))


def test_only_a_cartridge_keeps_vram() -> None:
    assert is_cartridge("SD2SNES COM3", info("SD2SNES"))
    assert is_cartridge("COM3", info("8009000B", "FEAT_DMA1"))
    assert is_cartridge("fxpakpro://./dev/ttyACM0", info("FXPAKPRO"))
    assert not is_cartridge("EMU SNES9x", info("Snes9x", "NO_CONTROL_CMD"))
    assert not is_cartridge("RetroArch", info("1.9.0", "NO_CONTROL_CMD", "NO_FILE_CMD"))
    assert not is_cartridge("SNES Classic", info("SNES Classic", "NO_FILE_CMD"))
    assert info("", "").in_menu is False
    assert DeviceInfo("", "", "/sd2snes/M3NU.bin", frozenset()).in_menu


@pytest.mark.parametrize(
    ("chips", "name"),
    [
        (0x02, None),
        (0x13, "the Super FX"),
        (0x25, "the OBC1"),
        (0x35, "the SA-1"),
        (0x45, "the S-DD1"),
        (0xF3, "the Cx4"),
        *[(chips, None) for chips in (0x03, 0x05, 0x30, 0x55, 0xF6)],
    ],
)
def test_games_whose_core_does_not_watch_the_console_are_known_by_their_header(chips: int, name: str | None) -> None:
    with rom_path() as path:
        head = bytearray(path.read_bytes()[:0x10000])
    head[0x7FD6] = chips
    assert other_core(bytes(head)) == name


@given(st.binary(max_size=300), st.integers(0, 0x10000))
def test_noise_is_no_header(noise: bytes, at: int) -> None:
    other_core((bytes(at) + noise + bytes(0x10000))[:0x10000])
    other_core(noise)


def test_addresses_name_a_server_and_a_device() -> None:
    assert places(None) == [Place("ws://localhost:23074"), Place("ws://localhost:8080")]
    assert places("pi:8080") == [Place("ws://pi:8080")]
    assert places("ws://pi:8080/#SD2SNES COM3") == [Place("ws://pi:8080", "SD2SNES COM3")]
    assert places("ws://pi:8080#SD2SNES%20COM3") == places("ws://pi:8080/#SD2SNES COM3")
    assert places(str(Place("ws://a:1", "B C"))) == [Place("ws://a:1", "B C")]
    for wrong in ("", "http://a:1", "a:99999", "a b:1", "ws://", "#A"):
        with pytest.raises(UsageError, match="--address"):
            places(wrong)


@given(st.text(max_size=30))
def test_any_address_is_read_or_refused(address: str) -> None:
    with contextlib.suppress(UsageError):
        assert places(address)


@given(st.integers(1, 0x600000))
def test_samples_lie_inside_the_rom(size: int) -> None:
    found = np.array(sample_places(size))
    assert found.min() == 0
    assert found.max() < size
    assert len(found) <= 64
