"""The ROM: image, address mapping, checksum, the index of everything in it, and origins."""
