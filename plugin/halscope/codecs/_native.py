"""Native codecs as values: each wraps a row of the C++ codec table (cpp/codecs) and raises its errors."""

from __future__ import annotations

from collections.abc import Buffer
from typing import Any, Final, Literal, final

from halscope_hooks import Block, CancelledError, CancelSignal, CodecError
from numpy.typing import NDArray

import halscope._codec as _codec

Effort = Literal["optimal", "fast"]

_HANDLES: Final = {handle.name: handle for handle in _codec.native_codecs()}


@final
class NativeCodec:
    """A codec implemented in C++. The index recognises native codecs by this type, never by name.

    Args:
        name: Name of its row in the C++ table.
        error: The CodecError subclass to raise.
    """

    __slots__ = ("_decode", "_error", "handle")

    def __init__(self, name: str, error: type[CodecError]) -> None:
        self.handle: Final = _HANDLES[name]
        self._decode = self.handle.decoder(error)
        self._error = error

    @property
    def name(self) -> str:
        """Name of the codec, as used in `Origin.codec`."""
        return self.handle.name

    def decode(self, data: Buffer, offset: int = 0, *, strict: bool = True) -> Block:
        """Like `halscope.hal.decode`, for this format."""
        return self._decode(data, offset, strict=strict)

    def encode(self, data: Buffer, *, effort: Effort = "optimal", cancel: CancelSignal | None = None) -> bytes:
        """Like `halscope.hal.encode`, for this format."""
        if effort not in ("optimal", "fast"):
            raise ValueError(f"effort must be 'optimal' or 'fast', not {effort!r}")
        packed, reason, offset = self.handle.encode(data, effort == "fast", native_token(cancel))
        if packed is None:
            raise self._error(reason, offset)
        return packed

    def scan(
        self,
        rom: Buffer,
        *,
        window: int = 0,
        strict: bool = True,
        cancel: CancelSignal | None = None,
        threads: int = 0,
    ) -> NDArray[Any]:
        """Like `halscope.hal.scan`, for this format. `threads` limits the C++ threads; 0: as many as are useful."""
        if window < 0:
            raise ValueError(f"window must be 0 or a number of bytes, not {window}")
        return self.handle.scan(rom, window, strict, threads, native_token(cancel))

    def __repr__(self) -> str:
        return f"<native codec {self.name}>"


def native_token(cancel: CancelSignal | None) -> _codec.CancelToken | None:
    """Return a token that C++ loops can poll: the signal itself, or its attribute `native`.

    Any other kind of signal cannot be polled without the GIL, so it is checked only once, here.

    Raises:
        CancelledError: Such a signal is already cancelled.
    """
    if cancel is None or isinstance(cancel, _codec.CancelToken):
        return cancel
    native = getattr(cancel, "native", None)
    if isinstance(native, _codec.CancelToken):
        return native
    if cancel.cancelled:
        raise CancelledError("cancelled")
    return None
