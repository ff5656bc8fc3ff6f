"""The profiles that ship with Halscope, read from profiles.json in this folder."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from typing import Any

from halscope_hooks import Decoder, GameProfile, PointerTable


@cache
def profiles() -> tuple[GameProfile, ...]:
    """Return all profiles, in the file's order."""
    text = importlib.resources.files("halscope.games").joinpath("profiles.json").read_text("utf-8")
    return tuple(_profile(game) for game in json.loads(text)["games"])


def _profile(game: dict[str, Any]) -> GameProfile:
    return GameProfile(
        id=game["id"],
        name=game["name"],
        other_names=tuple(game.get("other_names", ())),
        titles=tuple(game["titles"]),
        titles_sure=game["titles_sure"],
        sha256=tuple(game.get("sha256", ())),
        mapping=game.get("mapping"),
        decoders=tuple(
            Decoder(
                snes_address=_address(decoder["address"]),
                codec=decoder["codec"],
                region=decoder.get("region", ""),
                edge=decoder.get("edge"),
            )
            for decoder in game["decoders"]
        ),
        tables=tuple(
            PointerTable(
                codec=table["codec"],
                count=table["count"],
                low=_address(table["low"]),
                high=_address(table["high"]),
                bank=_address(table["bank"]),
                stride=table.get("stride", 1),
            )
            for table in game.get("tables", ())
        ),
    )


def _address(text: str) -> int:
    bank, _, address = text.partition(":")
    return int(bank, 16) << 16 | int(address, 16)
