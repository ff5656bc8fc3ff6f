"""Snapshot to Frame: OAM, OBJ, BG, CGRAM and tiles as the SNES PPU reads them; pure functions."""
