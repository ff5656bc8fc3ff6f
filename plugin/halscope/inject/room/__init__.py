"""Room for blocks that have outgrown their places: padding behind them, free space, or a larger image."""

from halscope.inject.room.choose import ADVICE, make_room
from halscope.inject.room.describe import describe_room
from halscope.inject.room.free_space import Area, free_areas, padding_read, slack_behind
from halscope.inject.room.model import STAY, Move, Moved, PointerChange, RoomIndex, RoomOptions, RoomPlan
from halscope.inject.room.pointers import pointed_address

__all__ = [
    "ADVICE",
    "STAY",
    "Area",
    "Move",
    "Moved",
    "PointerChange",
    "RoomIndex",
    "RoomOptions",
    "RoomPlan",
    "describe_room",
    "free_areas",
    "make_room",
    "padding_read",
    "pointed_address",
    "slack_behind",
]
