"""Codecs as values: a name, decode, encode and scan."""
