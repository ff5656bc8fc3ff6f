"""File formats of memory states: recordings, emulator savestates, dumps."""
