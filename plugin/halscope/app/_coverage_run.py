"""A run that measures the coverage of a game: nothing is pressed, and every frame is decoded."""

from __future__ import annotations

from collections.abc import Callable

from halscope.app._game_run import Game, open_game, play_frames
from halscope.app._run_truth import SAMPLED, RunTruth
from halscope.app._workspace import Workspace


def measure_coverage(
    workspace: Workspace, game: Game, frames: int, progress: Callable[[int, int], None] | None = None
) -> RunTruth:
    """Run a game for some frames and judge them.

    Args:
        workspace: The game's ROM; it is indexed first.
        game: How to run it.
        frames: Number of frames.
        progress: Called with (done, total) frames.

    Raises:
        HostError: The emulator cannot be started, or it failed.
    """
    truth = RunTruth(compare_every=SAMPLED)  # the coverage is asked for, so no more are compared than are measured
    with open_game(game, workspace.tracker(), workspace.plugins, rom=workspace.rom) as session:
        for number, update in enumerate(play_frames(session, (), frames), 1):
            truth.look(update)
            if progress is not None:
                progress(number, frames)
    truth.finish()
    return truth
