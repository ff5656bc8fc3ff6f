"""Palette watch: which palettes, and which of their colours, the sprites of a SNES game use."""
