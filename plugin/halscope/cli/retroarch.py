"""`halscope retroarch`: puts Halscope's core into RetroArch, or takes it away."""

from __future__ import annotations

import argparse

from halscope.cli._common import print_json
from halscope.cli._output import say
from halscope.hosts.retroarch import install, uninstall


def run(options: argparse.Namespace) -> int:
    """Install or uninstall the tap."""
    if options.action == "uninstall":
        removed = uninstall(options.config)
        if options.json:
            print_json({"removed": [str(path) for path in removed]})
        else:
            say("\n".join(f"removed {path}" for path in removed) or "nothing was installed")
        return 0
    done = install(options.inner, options.config)
    if options.json:
        print_json({"core": str(done.core), "info": str(done.info), "inner": str(done.inner)})
        return 0
    say(f"installed {done.core}, which opens {done.inner}")
    say('In RetroArch: Load Core > "… with Halscope", then load a game; then: halscope attach retroarch')
    return 0
