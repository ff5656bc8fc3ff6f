"""File formats for memory states: recordings, emulator savestates and dumps."""
