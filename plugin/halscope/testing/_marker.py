"""Reads and checks the arguments of the marker `halscope`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from halscope_hooks import PERMISSIONS, UsageError

from halscope.app import BUTTONS, Press

FRAMES: Final = 60
_KNOWN: Final = ("recording", "plugin", "allow", "frames", "press", "wram", "picture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The arguments of a test's markers.

    Args:
        recording: The recording; relative to the test's folder, or to that of the setting halscope_recordings.
        plugin: The folder of the plugin's manifest; relative to the test's folder.
        allow: Permissions to grant to the plugin, as for `--allow`.
        frames: Number of frames that `--halscope-record` records.
        press: The buttons held during the recording.
        wram: Whether work RAM is recorded.
        picture: Whether the emulator's picture is recorded.
    """

    recording: Path | None = None
    plugin: Path | None = None
    allow: tuple[str, ...] = ()
    frames: int = FRAMES
    press: tuple[Press, ...] = ()
    wram: bool = False
    picture: bool = False

    @property
    def run(self) -> tuple[object, ...]:
        """The arguments that determine a recording; they must be equal in all tests that name the same file."""
        return self.frames, self.press, self.wram, self.picture


def read_markers(markers: Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]) -> Wanted:
    """Read a test's markers, the closest first.

    Args:
        markers: Positional arguments (which are refused) and keyword arguments of each marker.

    Raises:
        UsageError: A marker has a positional, unknown or invalid argument.
    """
    given: dict[str, Any] = {}
    for positional, named in markers:
        if positional:
            raise _wrong(f"takes only keyword arguments, not {positional[0]!r}; write recording={positional[0]!r}")
        for name in named:
            if name not in _KNOWN:
                raise _wrong(f"has no argument {name!r}; the arguments are: {', '.join(_KNOWN)}")
        given = {**named, **given}
    read: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("recording", "plugin"):
            read[name] = _path(name, value)
        elif name == "allow":
            read[name] = _permissions(value)
        elif name == "frames":
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise _wrong(f"frames={value!r}: write a number of frames, 1 or more")
            read[name] = value
        elif name == "press":
            read[name] = _presses(value)
        elif isinstance(value, bool):
            read[name] = value
        else:
            raise _wrong(f"{name}={value!r}: write True or False")
    return Wanted(**read)


def _wrong(what: str) -> UsageError:
    return UsageError(f"the marker halscope {what}")


def _path(name: str, value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise _wrong(f"{name}={value!r}: write a path")
    return Path(value)


def _permissions(value: object) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, Sequence) or any(text not in PERMISSIONS for text in texts):
        raise _wrong(f"allow={value!r}: write some of {', '.join(PERMISSIONS)}")
    return tuple(texts)


def _presses(value: object) -> tuple[Press, ...]:
    presses = []
    for one in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
        match one:
            case (str(names), int(first), int(last)) if 0 <= first <= last and {*names.split("+")} <= BUTTONS:
                presses.append(Press(frozenset(names.split("+")), first, last))
            case _:
                raise _wrong(
                    f"press={value!r}: write a list of (buttons, first frame, last frame) as in "
                    f'[("right+a", 10, 40)]; frames count from 0, the buttons are {", ".join(sorted(BUTTONS))}'
                )
    return tuple(presses)
