"""Emulators that Halscope can look into, one folder each."""
