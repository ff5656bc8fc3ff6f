"""Guards around third-party parts: errors name the plugin, and a broken part affects nothing else."""

from __future__ import annotations

from collections.abc import Buffer, Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Final, NoReturn

import numpy as np
from halscope_hooks import (
    Block,
    CancelledError,
    CancelSignal,
    Codec,
    CodecError,
    Exporter,
    ExportRequest,
    FoundEmulator,
    HalscopeError,
    Host,
    HostError,
    HostFactory,
    HostInfo,
    HostRequest,
    PluginError,
    RemoteHostFactory,
    capabilities_of,
)
from numpy.typing import NDArray

from halscope.plugins._describe import describe_error
from halscope.plugins._third_party import third_party

_SCAN_DTYPE: Final = np.dtype([("offset", "<u4"), ("packed_size", "<u4"), ("size", "<u4")])

Fail = Callable[[Exception], None]
"""Logs and counts a failure of this plugin's part."""


@dataclass(slots=True)
class GuardedCodec:
    """A third-party codec.

    Args:
        codec: The codec.
        name: Its name at the time of registration.
        plugin: Id of the plugin that provides it.
        version: Part of the key of cached indexes, as a new version may find other blocks.
        fail: Called with each error that breaks the codec's contract.
        failed: Whether `fail` was ever called: an index that was built with this codec is then not cached.
    """

    codec: Codec
    name: str
    plugin: str
    version: str
    fail: Fail
    failed: bool = False
    _reported: bool = False

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        """As Codec.decode; any error but a CodecError becomes one that names the plugin."""
        try:
            with third_party():
                block = self.codec.decode(data, offset)
                decoded = np.asarray(block.data)
            if decoded.dtype != np.uint8 or decoded.ndim != 1 or not 0 < block.consumed <= memoryview(data).nbytes:
                raise TypeError(f"decode returned {block.consumed} bytes read and {decoded.dtype}{decoded.shape}")
        except CodecError:
            raise
        except Exception as error:  # third-party code may raise anything
            self._wrong(offset, error)
        decoded = decoded.view()
        decoded.flags.writeable = False
        return Block(decoded, int(block.consumed), offset)

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        """As Codec.encode; any error but a CodecError, or the CancelledError of a requested cancellation, becomes a
        CodecError that names the plugin."""
        try:
            with third_party():
                return bytes(self.codec.encode(data, **_cancel_argument(self.codec.encode, cancel)))
        except CodecError:
            raise
        except Exception as error:  # third-party code may raise anything
            if _was_asked_for(error, cancel):
                raise
            self._wrong(0, error)

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        """As Codec.scan; if it raises or returns invalid results, nothing is found and the failure is reported."""
        size = memoryview(rom).nbytes
        self._reported = False
        try:
            with third_party():
                found = self.codec.scan(rom, window=window, **_cancel_argument(self.codec.scan, cancel))
            result = np.empty(len(found), _SCAN_DTYPE)
            for field in ("offset", "packed_size", "size"):
                column = np.asarray(found[field])
                if column.size and not 0 <= int(column.min()) <= int(column.max()) <= 0xFFFFFFFF:
                    raise ValueError(f"scan returned a {field} outside 0 to 4294967295")
                result[field] = column
            ends = result["offset"].astype(np.int64) + result["packed_size"]
            if (ends > size).any() or (np.diff(result["offset"].astype(np.int64)) <= 0).any():
                raise ValueError("scan returned streams past the ROM's end, or not in ascending order")
        except Exception as error:  # third-party code may raise anything
            if _was_asked_for(error, cancel):
                raise
            self.failed = True
            self.fail(error)
            return np.empty(0, _SCAN_DTYPE)
        return result

    def report_stream(self, offset: int, what: str) -> None:
        """Report a stream that `scan` lists and `decode` contradicts; of each scan only the first."""
        if not self._reported:
            self._reported = self.failed = True
            self.fail(
                ValueError(f"the codec {self.name} contradicts itself: scan lists a stream at {offset:#x}, {what}")
            )

    def _wrong(self, offset: int, error: Exception) -> NoReturn:
        self.failed = True
        self.fail(error)
        raise CodecError(
            f"the codec {self.name} of plugin {self.plugin} failed: {describe_error(error)}", offset
        ) from error


def _cancel_argument(method: Callable[..., object], cancel: CancelSignal | None) -> dict[str, CancelSignal]:
    """Keyword arguments that pass the signal to a method with a `cancel` parameter; empty for other methods."""
    if cancel is None:
        return {}
    try:
        parameters = signature(method).parameters.values()
    except (TypeError, ValueError):  # a C function without a signature
        return {}
    takes = any(one.name == "cancel" or one.kind is Parameter.VAR_KEYWORD for one in parameters)
    return {"cancel": cancel} if takes else {}


def _was_asked_for(error: Exception, cancel: CancelSignal | None) -> bool:
    """Whether the error only reports a cancellation that was in fact requested."""
    return isinstance(error, CancelledError) and cancel is not None and cancel.cancelled


@dataclass(frozen=True, slots=True)
class GuardedExporter:
    """A third-party exporter; arguments as for GuardedCodec."""

    exporter: Exporter
    plugin: str
    suffixes: tuple[str, ...]
    fail: Fail

    @property
    def description(self) -> str:
        return self.exporter.description

    def create(self, request: ExportRequest) -> bytes:
        """As Exporter.create; an unexpected error becomes a PluginError."""
        try:
            with third_party():
                return bytes(self.exporter.create(request))
        except HalscopeError:
            raise
        except Exception as error:  # third-party code may raise anything
            self.fail(error)
            raise PluginError(
                self.plugin, f"cannot write {self.suffixes[0]}: {describe_error(error)}; nothing was written"
            ) from error

    def apply(self, source: bytes, data: bytes) -> bytes | None:
        """As Exporter.apply; an unexpected error becomes a PluginError."""
        try:
            with third_party():
                return self.exporter.apply(source, data)
        except HalscopeError:
            raise
        except Exception as error:  # third-party code may raise anything
            self.fail(error)
            raise PluginError(
                self.plugin, f"cannot read its own {self.suffixes[0]} back: {describe_error(error)}"
            ) from error


def check_host(host: object) -> None:
    """Raise TypeError if an object is not a host, or lacks the methods of a capability that its `info` declares."""
    if not isinstance(host, Host) or not isinstance(host.info, HostInfo):
        raise TypeError(f"open returned a {type(host).__name__}, which is not a Host with a HostInfo")
    promised, has = host.info.capabilities, capabilities_of(host)
    if missing := sorted(promised - has):
        raise TypeError(f"the {type(host).__name__} declares that it is {', '.join(missing)}, but lacks the methods")
    if not (promised or has) & {"driven", "pushing"}:
        raise TypeError(f"the {type(host).__name__} is neither driven nor pushing: it has no step and no poll")


@dataclass(frozen=True, slots=True)
class GuardedHostFactory:
    """A third-party host; arguments as for GuardedCodec."""

    factory: HostFactory
    plugin: str
    name: str
    fail: Fail

    @property
    def description(self) -> str:
        return self.factory.description

    def open(self, request: HostRequest) -> Host:
        """As HostFactory.open; an unexpected error becomes a HostError that names the plugin."""
        try:
            with third_party():
                host = self.factory.open(request)
            check_host(host)  # a third-party factory may return anything, whatever its annotations say
        except HalscopeError:
            raise
        except Exception as error:  # third-party code may raise anything
            self.fail(error)
            raise HostError(f"the host {self.name} of plugin {self.plugin} failed: {describe_error(error)}") from error
        return host


@dataclass(frozen=True, slots=True)
class GuardedRemoteFactory(GuardedHostFactory):
    """A third-party host for emulators that run on their own."""

    factory: RemoteHostFactory

    @property
    def setup(self) -> str:
        return self.factory.setup

    def find(self, request: HostRequest) -> Sequence[FoundEmulator]:
        """As RemoteHostFactory.find; an unexpected error becomes a HostError that names the plugin."""
        try:
            with third_party():
                found = [*self.factory.find(request)]
            if not all(isinstance(one, FoundEmulator) for one in found):
                raise TypeError("find returned a list that holds something else than FoundEmulators")
        except HalscopeError:
            raise
        except Exception as error:  # third-party code may raise anything
            self.fail(error)
            raise HostError(f"the host {self.name} of plugin {self.plugin} failed: {describe_error(error)}") from error
        return found
