"""Native codecs stop for a native token and for a session's; any other cancelled signal keeps them from starting."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest
from halscope import _codec, hal, lz
from halscope.codecs import NativeCodec
from halscope.session import CancelToken
from halscope_hooks import CancelledError, CancelSignal
from support.hal_data import tiles

CODECS = (hal.HAL, lz.LZ1, lz.LZ2, lz.SIMCITY)
DATA = tiles(random.Random(1), 20000)


class Signal:
    """A signal as a plugin may pass it: not one of our tokens."""

    def __init__(self, cancelled: bool) -> None:
        self.cancelled = cancelled


def test_every_row_of_the_table_has_a_python_codec_with_its_handle() -> None:
    assert [codec.name for codec in CODECS] == [handle.name for handle in _codec.native_codecs()]
    for codec, handle in zip(CODECS, _codec.native_codecs(), strict=True):
        assert codec.handle is handle
        assert _codec.native_codecs()[0] is hal.HAL.handle


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("make", [_codec.CancelToken, CancelToken], ids=["native", "session"])
def test_a_token_that_is_cancelled_ends_the_call(codec: NativeCodec, make: Callable[[], CancelSignal]) -> None:
    token = make()
    assert codec.encode(DATA, cancel=token) == codec.encode(DATA)
    assert len(codec.scan(DATA, cancel=token)) == len(codec.scan(DATA))
    assert isinstance(token, _codec.CancelToken | CancelToken)
    token.cancel()
    for effort in ("optimal", "fast"):
        with pytest.raises(CancelledError):
            codec.encode(DATA, effort="optimal" if effort == "optimal" else "fast", cancel=token)
    with pytest.raises(CancelledError):
        codec.scan(DATA, cancel=token)


def test_a_sessions_token_is_seen_in_the_midst_of_a_call() -> None:
    token = CancelToken()
    threading.Timer(0.05, token.cancel).start()
    began = time.perf_counter()

    def encode_again_and_again() -> None:
        while True:
            hal.encode(DATA, cancel=token)

    with pytest.raises(CancelledError):
        encode_again_and_again()
    assert time.perf_counter() - began < 5.0


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_a_signal_without_a_native_token_is_asked_before_the_work(codec: NativeCodec) -> None:
    assert codec.encode(DATA, cancel=Signal(False)) == codec.encode(DATA)
    with pytest.raises(CancelledError):
        codec.encode(DATA, cancel=Signal(True))
    with pytest.raises(CancelledError):
        codec.scan(DATA, cancel=Signal(True))
