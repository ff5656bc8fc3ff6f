"""The list of all sprite sheets: names, palettes and the functions that draw them."""

from __future__ import annotations

from . import boss, creatures, critters, effects, logo, pip
from .model import SpriteSheet, sheet

_DRAWN = (
    ("pip_idle", "pip", pip.idle),
    ("pip_walk", "pip", pip.walk),
    ("pip_jump", "pip", pip.jump),
    ("pip_cheer", "pip", pip.cheer),
    ("pip_sleep", "pip", pip.sleep),
    ("owl", "owl", creatures.owl),
    ("ghost", "ghost", creatures.ghost),
    ("crab", "crab", creatures.crab),
    ("mushroom", "mushroom", creatures.mushroom),
    ("frog", "frog", creatures.frog),
    ("jelly", "jelly", creatures.jelly),
    ("beetle", "meadowlife", critters.beetle),
    ("snail", "meadowlife", critters.snail),
    ("bird", "meadowlife", critters.bird),
    ("bat", "cavelife", critters.bat),
    ("fish", "cavelife", critters.fish),
    ("slime", "cavelife", critters.slime),
    ("bomb", "cavelife", critters.bomb),
    ("coin", "item", effects.coin),
    ("heart", "item", effects.heart),
    ("star", "item", effects.star),
    ("leaf", "item", effects.leaf),
    ("puff", "mist", effects.puff),
    ("spark", "mist", effects.spark),
    ("bubble", "mist", effects.bubble),
    ("explosion", "item", effects.explosion),
    ("lantern", "item", effects.lantern),
    ("boss", "boss", boss.boss),
    ("logo", "logo", logo.logo),
)


def sprite_sheets() -> list[SpriteSheet]:
    """Every sprite sheet of the demo."""
    return [sheet(name, palette, draw()) for name, palette, draw in _DRAWN]
