"""The game that runs on the console, compared with the user's file: reading the whole ROM would take seconds."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from halscope_hooks import HostAbsentError, HostError, RomIdentity, UsageError

from halscope._files import read_limited
from halscope._rom_file import COPIER_BYTES, copier_header_bytes
from halscope.hosts.usb2snes._devices import HEAD_BYTES, DeviceInfo, other_core
from halscope.hosts.usb2snes._messages import Flow, get

MOST_ROM: Final = 0x600000
"""Where the cartridge's save RAM is kept at the latest; no game for the base core is larger."""
_SAMPLES: Final = 64
_SAMPLE_BYTES: Final = 256
_EDITED_SHARE: Final = 1 / 4
"""Largest share of samples in which a ROM that was edited while it runs differs from its file."""


def identify(device: DeviceInfo, file: Path | None) -> Flow[RomIdentity]:
    """Return the identity of the running ROM: that of the file, if samples of both are equal, or else only its path.

    Args:
        device: What the device runs.
        file: The file that the user says it is, or `None`.

    Raises:
        HostAbsentError: It is not the ROM of the file.
        HostError: The game uses a coprocessor, for which the cartridge keeps no VRAM.
    """
    running = RomIdentity(path=device.rom or None)
    if "NO_ROM_READ" in device.flags:
        return running
    head = yield from get(0, HEAD_BYTES)
    chip = other_core(head)
    if chip is not None:
        raise HostError(
            f"{device.rom}: the game uses {chip}, and the cartridge's core for it does not watch what is written to "
            "VRAM; run the game in an emulator"
        )
    image = None if file is None else _image(file)
    if file is None or image is None:
        return running
    differ = 0
    places = sample_places(len(image))
    for at in places:
        expected = image[at : at + _SAMPLE_BYTES]
        differ += (yield from get(at, len(expected))) != expected
    if differ > len(places) * _EDITED_SHARE:
        raise HostAbsentError(
            f"the console runs {device.rom}, which is not {file}: {differ} of {len(places)} samples differ; start that "
            "game, or give the ROM that runs with --rom"
        )
    return RomIdentity(
        path=str(file),
        sha1=hashlib.sha1(image, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(image).hexdigest(),
    )


def sample_places(size: int) -> list[int]:
    """Return offsets that are spread evenly over a ROM."""
    return sorted({size * number // _SAMPLES for number in range(_SAMPLES)} - {size})


def _image(file: Path) -> bytes | None:
    try:
        data = read_limited(file, MOST_ROM + COPIER_BYTES, "SNES ROM")
    except UsageError:
        return None
    return data[copier_header_bytes(data) :]
