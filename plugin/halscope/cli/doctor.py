"""`halscope doctor`: checks that everything Halscope needs is installed, and advises where it is not."""

from __future__ import annotations

import argparse

from halscope.app import examine
from halscope.cli._common import print_json, refuse_unused
from halscope.cli._coverage import run_coverage
from halscope.cli._output import say
from halscope.cli._plugins import all_plugins_from

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def run(options: argparse.Namespace) -> int:
    """Run and print the checks. Exit code 1 if something required is missing."""
    if options.rom is None:
        refuse_unused(options, ("mapping", "profile"), "is for a ROM; give it with --rom")
    if not options.coverage:
        refuse_unused(options, ("frames",), "is for --coverage")
    else:
        return run_coverage(options)
    plugins = all_plugins_from(options)
    checks = examine(plugins, options.rom, mapping=options.mapping, profile=options.profile, core=options.core)
    if options.json:
        print_json(
            {
                "ok": all(check.state != "fail" for check in checks),
                "checks": [
                    {"name": check.name, "state": check.state, "detail": check.detail, "advice": check.advice}
                    | ({check.name.partition(" ")[0]: check.data} if check.data else {})  # "core" or "host"
                    for check in checks
                ],
            }
        )
    else:
        for check in checks:
            say(f"{check.state:>4}  {check.name}: {check.detail}", STYLES[check.state])
            if check.advice:
                say(f"      {check.advice}")
    return 1 if any(check.state == "fail" for check in checks) else 0
