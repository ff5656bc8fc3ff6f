"""The hosts that Halscope supports, one folder per host."""
