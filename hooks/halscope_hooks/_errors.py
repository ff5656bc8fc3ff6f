"""The errors that cross the boundary: one hierarchy, each message says what, where and what to do."""

from __future__ import annotations


class HalscopeError(Exception):
    """Root of every error that Halscope raises on purpose; its text is meant for the user."""


class UsageError(HalscopeError):
    """The request itself is wrong: a missing file, an option out of range, a value that cannot be read."""


class CancelledError(HalscopeError):
    """The work was asked to stop before it was done."""


class RomError(HalscopeError):
    """The ROM image cannot be used: empty, truncated, interleaved, not a SNES image."""


class FormatError(HalscopeError):
    """A file in a foreign or own format (dump, savestate, recording) is damaged or not what it should be."""


class HostError(HalscopeError):
    """An emulator cannot be reached, or cannot do what was asked."""


class HostGoneError(HostError):
    """The emulator has ended or the connection to it is closed; a new host must be attached."""


class ImageError(HalscopeError):
    """An edited picture cannot be read back: wrong size, too many colours, corrupt."""


class PatchError(HalscopeError):
    """A patch file is damaged, or belongs to another ROM."""


class InjectError(HalscopeError):
    """An edit cannot be placed: no proven origin, no room, a start that is not proven."""


class CodecError(HalscopeError):
    """A compressed stream cannot be read or written.

    Args:
        offset: Byte offset of the fault in the input (for decoding: of the command at fault).
        reason: What is wrong there, without the offset.
    """

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"at offset {offset:#x}: {reason}")
        self.offset = offset
        self.reason = reason

    def __reduce__(self) -> tuple[type[CodecError], tuple[int, str]]:
        return type(self), (self.offset, self.reason)


class PluginError(HalscopeError):
    """A plugin cannot be taken, or was switched off; the message names it.

    Args:
        plugin: The plugin's id, or where it was looked for.
        reason: What is wrong with it, and what to do.
    """

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(f"plugin {plugin}: {reason}")
        self.plugin = plugin
        self.reason = reason

    def __reduce__(self) -> tuple[type[PluginError], tuple[str, str]]:
        return type(self), (self.plugin, self.reason)


class PermissionRefusedError(PluginError):
    """A plugin called what it was not granted."""
