"""Replies of the NWA protocol, as strict servers, odd servers and noise send them."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest
from halscope.hosts.nwa import _discovery
from halscope.hosts.nwa._addresses import candidates, shown
from halscope.hosts.nwa._emulator import Memory, memories_of
from halscope.hosts.nwa._replies import MOST_TEXT, Reply, ReplyError, ReplyReader, whole_number
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text(st.characters(exclude_characters="\n\r:", exclude_categories=["Cs"]), min_size=1, max_size=20)
VALUES = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=20)
RECORDS = st.lists(st.tuples(WORDS, VALUES), max_size=8)


def text(pairs: list[tuple[str, str]]) -> bytes:
    return b"\n" + b"".join(f"{key}:{value}\n".encode() for key, value in pairs) + b"\n"


def binary(block: bytes) -> bytes:
    return b"\0" + len(block).to_bytes(4, "big") + block


def read(stream: bytes, sizes: list[int], most: int = 1 << 20) -> list[Reply]:
    """The replies in a stream that arrives in pieces of these sizes, and then whole."""
    reader, replies, at = ReplyReader(), [], 0
    for size in (*sizes, len(stream)):
        reader.feed(stream[at : at + size])
        at += size
        while (reply := reader.next(most)) is not None:
            replies.append(reply)
    assert not len(reader), "bytes are left over"
    return replies


@given(
    st.lists(st.one_of(RECORDS.map(text), st.binary(max_size=300).map(binary)), max_size=5),
    st.lists(st.integers(0, 40), max_size=30),
)
def test_replies_are_the_same_however_they_are_cut(parts: list[bytes], sizes: list[int]) -> None:
    whole = [reply for part in parts for reply in read(part, [])]
    assert len(whole) == len(parts)
    assert read(b"".join(parts), sizes) == whole


@given(RECORDS)
def test_a_text_reply_is_a_list_of_records(pairs: list[tuple[str, str]]) -> None:
    (reply,) = read(text(pairs), [])
    assert [pair for record in reply.items for pair in record.items()] == pairs
    assert reply.block is None


@given(st.binary(max_size=200), st.lists(st.integers(0, 20), max_size=20))
def test_noise_is_read_or_refused(noise: bytes, sizes: list[int]) -> None:
    reader, at = ReplyReader(), 0
    with contextlib.suppress(ReplyError):
        for size in (*sizes, len(noise)):
            reader.feed(noise[at : at + size])
            at += size
            while (reply := reader.next(64)) is not None:
                assert reply.block is None or len(reply.block) <= 64


def test_a_list_begins_anew_with_each_key_that_comes_again() -> None:
    (reply,) = read(b"\nname:WRAM\naccess:rw\nsize:131072\nname:VRAM\naccess:r\n\n", [])
    assert reply.items == ({"name": "WRAM", "access": "rw", "size": "131072"}, {"name": "VRAM", "access": "r"})
    assert memories_of(reply) == {
        "WRAM": Memory("WRAM", 0x20000, readable=True, writable=True),
        "VRAM": Memory("VRAM", None, readable=True, writable=False),
    }


def test_odd_framings_are_read() -> None:
    assert read(b"\n\n\n\n", []) == [Reply(), Reply()]
    assert read(b"\nok\n\n", [])[0].first == {"ok": ""}
    assert read(b"\nfile:C:\\games\\a.sfc\r\n\n", [])[0].first == {"file": "C:\\games\\a.sfc"}
    assert read(b"\nerror:not_allowed\n\n", [])[0].error == "not_allowed"
    assert read(b"\nerror:not_allowed\nreason:no game\n\n", [])[0].error == "not_allowed: no game"
    assert read(b"\nstate:running\n\n", [])[0].error is None
    assert read(b"!GAME_LOADED USER\n\nname:a\n\n\0\0\0\0\1x!EMULATION_RESET USER\n\n\n\n\n", []) == [
        Reply(block=b"x"),
        Reply(),
    ]


def test_sizes_are_bounded_before_anything_is_kept() -> None:
    reader = ReplyReader()
    reader.feed(b"\0\x80\0\0\0")
    with pytest.raises(ReplyError, match=r"2147483648 bytes, where at most 544"):
        reader.next(544)
    for start in (b"\nkey:", b"!SIGNAL", b"!SIGNAL USER\n\nkey:"):
        reader = ReplyReader()
        reader.feed(start + b"x" * MOST_TEXT)
        with pytest.raises(ReplyError, match="more than"):
            reader.next(544)


def test_memories_that_the_console_does_not_have_are_left_out() -> None:
    records = (
        {"name": "VRAM", "access": "rw", "size": "1024"},
        {"name": "SRAM", "access": "rw", "size": "8192"},
        {"name": "CARTROM", "access": "rw", "size": "0"},
        {"name": "cgram", "access": "R", "size": "$200"},
        {"name": "WRAM", "access": "rw", "size": "99999999999999999999"},
        {"access": "rw"},
    )
    found = memories_of(Reply(records))
    assert {name: memory.size for name, memory in found.items()} == {"SRAM": 8192, "CGRAM": 512, "WRAM": None}
    assert whole_number("-1") is None
    assert whole_number("$zz") is None


def test_addresses_name_one_port_or_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NWA_PORT_RANGE", raising=False)
    assert candidates(None) == [("127.0.0.1", port) for port in range(48879, 48889)]
    assert candidates("snes.local") == [("snes.local", port) for port in range(48879, 48889)]
    assert candidates(":1234") == [("127.0.0.1", 1234)]
    assert candidates("[::1]:1234") == [("::1", 1234)]
    assert [shown(place) for place in (("::1", 1), ("a", 2))] == ["[::1]:1", "a:2"]
    for variable, first in (
        ("60000-60009", 60000),
        (" 65530 ", 65530),
        ("0", 48879),
        ("much", 48879),
        ("70000", 48879),
    ):
        monkeypatch.setenv("NWA_PORT_RANGE", variable)
        ports = [port for _, port in candidates(None)]
        assert ports[0] == first
        assert len(ports) == min(10, 65536 - first)
    for wrong in ("", "a:b", "a:0", "a:70000", "a b:1", "http://a:1"):
        with pytest.raises(UsageError, match="--address"):
            candidates(wrong)


@given(st.text(max_size=30))
def test_any_address_is_read_or_refused(address: str) -> None:
    with contextlib.suppress(UsageError):
        assert candidates(address)


def test_a_name_is_resolved_once_for_all_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolving a name may take seconds, and there are ten ports."""
    asked: list[object] = []
    resolve = socket.getaddrinfo

    def counted(host: str, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        return resolve(host, *arguments, **options)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("NWA_PORT_RANGE", str(min(port, 0xFFF5)))
        monkeypatch.setattr(socket, "getaddrinfo", counted)
        places = candidates("localhost")
        (connection,) = [one for one in _discovery.connect(places) if one.name == f"localhost:{port}"]
        connection.close()
    assert asked == ["localhost"]
    assert len(places) == 10
