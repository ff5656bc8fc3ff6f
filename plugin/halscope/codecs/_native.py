"""Native codecs as values: the handle of a row of C++'s table (cpp/codecs), with errors as exceptions."""

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
    """A codec whose decoder, encoder and scan are C++. The index recognises it by this type, never by its name.

    Args:
        name: Of its row in C++'s table.
        error: The CodecError that its faults become.
    """

    __slots__ = ("_decode", "_error", "handle")

    def __init__(self, name: str, error: type[CodecError]) -> None:
        self.handle: Final = _HANDLES[name]
        self._decode = self.handle.decode
        self._error = error

    @property
    def name(self) -> str:
        """As it stands in `Origin.codec`."""
        return self.handle.name

    def decode(self, data: Buffer, offset: int = 0, *, strict: bool = True) -> Block:
        """As `halscope.hal.decode`, for this format."""
        block = self._decode(data, offset, strict)
        if isinstance(block, tuple):
            raise self._error(*block)
        return block

    def encode(self, data: Buffer, *, effort: Effort = "optimal", cancel: CancelSignal | None = None) -> bytes:
        """As `halscope.hal.encode`, for this format."""
        if effort not in ("optimal", "fast"):
            raise ValueError(f"effort must be 'optimal' or 'fast', not {effort!r}")
        packed, position, reason = self.handle.encode(data, effort == "fast", native_token(cancel))
        if packed is None:
            raise self._error(position, reason)
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
        """As `halscope.hal.scan`, for this format; `threads` of C++ at most, 0: as many as pay."""
        if window < 0:
            raise ValueError(f"window must be 0 or a number of bytes, not {window}")
        return self.handle.scan(rom, window, strict, threads, native_token(cancel))

    def __repr__(self) -> str:
        return f"<native codec {self.name}>"


def native_token(cancel: CancelSignal | None) -> _codec.CancelToken | None:
    """What C++ loops look at: the signal itself, or the token in its attribute `native`.

    Any other signal cannot be looked at without the GIL: it is asked once, here.

    Raises:
        CancelledError: Such a signal was cancelled.
    """
    if cancel is None or isinstance(cancel, _codec.CancelToken):
        return cancel
    native = getattr(cancel, "native", None)
    if isinstance(native, _codec.CancelToken):
        return native
    if cancel.cancelled:
        raise CancelledError("cancelled")
    return None
