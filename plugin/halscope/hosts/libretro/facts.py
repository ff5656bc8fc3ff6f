"""What is known of a running core beyond the host's description: its release, its state format, how it is held."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Year of each release of snes9x, from the tags of its repository; a core names the last release before it was built.
_SNES9X_YEARS: Final = {
    "1.53": 2011,
    "1.54": 2016,
    "1.55": 2017,
    "1.56": 2018,
    "1.57": 2018,
    "1.58": 2018,
    "1.59": 2019,
    "1.60": 2019,
    "1.61": 2022,
    "1.62": 2023,
    "1.63": 2024,
}
_BSNES_YEARS: Final = {"v094": 2014}  # bsnes-mercury is based on this release of bsnes


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreFacts:
    """A core that runs a game.

    Args:
        name: The core's own name ("Snes9x").
        version: The core's own version, with the commit it was built from if it says so.
        state_format: Format of its savestates ("snes9x version 9").
        rom_source: How its copy of the ROM was found, see `RomSource`; `None` if it was not.
        fixed_clock: Whether it reads a clock that stands still, so that nothing is seeded from the time.
    """

    name: str
    version: str
    state_format: str
    rom_source: str | None
    fixed_clock: bool

    @property
    def year(self) -> int | None:
        """Year of the release that the core is, or was built after; `None` if the version is not known."""
        match = re.match(r"(\d\.\d\d|v\d+)", self.version)
        years = _BSNES_YEARS if self.name == "bsnes-mercury" else _SNES9X_YEARS
        return None if match is None else years.get(match[1])

    @property
    def random_start(self) -> bool:
        """Whether the memories that the game has not set yet differ from start to start."""
        return self.name == "bsnes-mercury" and "Accuracy" in self.version and not self.fixed_clock
