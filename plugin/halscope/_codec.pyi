"""Halscope's C++ core; use it through halscope's own modules."""
