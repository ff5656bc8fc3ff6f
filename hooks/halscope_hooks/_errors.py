"""The error hierarchy of the contract. Each message says what went wrong, where, and what to do."""

from __future__ import annotations


class HalscopeError(Exception):
    """Base class of all errors that Halscope raises deliberately. The message is meant for the user."""


class UsageError(HalscopeError):
    """The request is invalid: a missing file, an option out of range, a value that cannot be parsed."""


class CancelledError(HalscopeError):
    """The work was cancelled before it finished."""


class RomError(HalscopeError):
    """The ROM image cannot be used: it is empty, truncated, interleaved, or not a SNES image."""


class FormatError(HalscopeError):
    """A file (dump, savestate, recording) is damaged or not in the expected format."""


class HostError(HalscopeError):
    """An emulator cannot be reached or cannot perform the request."""


class HostAbsentError(HostError):
    """No emulator can be reached now. Opening the host again later may succeed."""


class HostGoneError(HostError):
    """The emulator has exited or the connection to it is closed. A new host must be attached."""


class ImageError(HalscopeError):
    """An edited picture cannot be read back: it has the wrong size, too many colours, or is corrupt."""


class PatchError(HalscopeError):
    """A patch file is damaged or was made for a different ROM."""


class InjectError(HalscopeError):
    """An edit cannot be injected: no proven origin, not enough room, or an unproven block start."""


class CodecError(HalscopeError):
    """A compressed stream cannot be decoded or encoded: `raise CodecError("no terminator", offset)`.

    The message is the reason behind the offset ("at offset 0x10: no terminator"), so the reason does not repeat it.

    Args:
        reason: What is wrong there.
        offset: Byte offset of the fault in the input (when decoding, of the faulty command); 0 if the whole input is
            at fault.

    Raises:
        TypeError: The arguments are in the wrong order.
    """

    def __init__(self, reason: str, offset: int = 0) -> None:
        if not isinstance(reason, str):
            raise TypeError(f"CodecError(reason, offset): the reason is text and comes first, not {reason!r}")
        super().__init__(f"at offset {offset:#x}: {reason}")
        self.reason = reason
        self.offset = offset

    def __reduce__(self) -> tuple[type[CodecError], tuple[str, int]]:
        return type(self), (self.reason, self.offset)


class PluginError(HalscopeError):
    """A plugin cannot be loaded or was disabled. The message names the plugin.

    Args:
        plugin: Id of the plugin, or the location it was to be loaded from.
        reason: What is wrong with it, and what to do.
    """

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(f"plugin {plugin}: {reason}")
        self.plugin = plugin
        self.reason = reason

    def __reduce__(self) -> tuple[type[PluginError], tuple[str, str]]:
        return type(self), (self.plugin, self.reason)


class PermissionRefusedError(PluginError):
    """A plugin made a call that it has no permission for."""
