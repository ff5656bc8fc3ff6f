"""File formats of other programs and our own: recordings, savestates, dumps, labels, logs of what was executed."""
