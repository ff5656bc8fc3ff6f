"""What each host reads and writes, how it is switched on, where it was run, and what can be attached to now."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import asdict
from typing import Any

from halscope_hooks import HalscopeError, HostFactory, HostRequest, RemoteHostFactory

from halscope.app._doctor_cores import Check
from halscope.plugins import Plugins


def examine_hosts(plugins: Plugins) -> list[Check]:
    """One check for each host. What runs on its own is looked for; nothing is attached to for longer than that."""
    text = importlib.resources.files("halscope").joinpath("manifest.json").read_text("utf-8")
    ours: dict[str, dict[str, Any]] = {host["id"]: host for host in json.loads(text)["hosts"]}
    return [_examine(factory, ours.get(factory.name, {})) for factory in plugins.hosts()]


def _examine(factory: HostFactory, described: dict[str, Any]) -> Check:
    name, detail = f"host {factory.name}", factory.description
    keys = ("memory", "writes", "switched_on_by", "traces", "run_on")
    data: dict[str, Any] = {key: described[key] for key in keys if key in described}
    if data:
        detail += f"; reads {', '.join(data['memory'])}; writes {', '.join(data['writes']) or 'nothing'}"
        if "traces" in data:
            detail += f"; traces {data['traces']}"
        detail += f"; run on: {data['run_on']}"
    if not isinstance(factory, RemoteHostFactory):
        return Check(name, "ok", detail, data=data)
    try:
        found = factory.find(HostRequest())
    except HalscopeError as error:
        return Check(name, "warn", detail, str(error), data)
    data["emulators"] = [asdict(one) for one in found]
    seen = "; ".join(f"{one.name} at {one.address}{f' ({one.problem})' if one.problem else ''}" for one in found)
    return Check(name, "ok", f"{detail}; {seen or 'nothing to attach to now'}", "" if found else factory.setup, data)
