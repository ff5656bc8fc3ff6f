"""The version, for the rooms too: they never import the front door."""

__version__ = "0.1.0"
