"""The start of the program: until the command handles Ctrl-C itself, it ends the process without a traceback.

The start script and `python -m halscope` import this module before anything else of Halscope. It is not for libraries:
importing it changes what SIGINT does in the process.
"""

# Neither `__future__` nor `signal`, which imports `enum`: milliseconds in which Ctrl-C would still print a traceback.
import _signal  # type: ignore[import-not-found]

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from halscope.cli import main  # only now: its import takes time too

__all__ = ["program"]


def program() -> int:
    """Run the command as the process's only purpose, and return its exit code.

    Before it and from its end on, Ctrl-C and SIGTERM end the process without a word.
    """
    return main(whole_process=True)
