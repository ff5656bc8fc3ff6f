"""`python -m halscope` is the halscope command."""

import sys

from halscope._start import program

if __name__ == "__main__":
    sys.exit(program())
