"""The contract works without Halscope: a host or a plugin is written against it alone."""

import subprocess
import sys

ALONE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "halscope" or name.startswith("halscope."):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
import halscope_hooks
from halscope_hooks import HOOK_API, HalscopeError, HostInfo, UsageError

heavy = {"numpy", "pluggy", "typing_extensions"} & set(sys.modules)
print(HOOK_API, sorted(heavy))
from halscope_hooks import hookspecs

snapshot = halscope_hooks.Snapshot(vram=bytes(65536), cgram=bytes(512), oam=bytes(544))
packages = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(snapshot.frame, sorted(name for name in packages if not name.startswith("_") or name == "_codec"))
"""


def test_it_imports_numpy_and_pluggy_and_nothing_of_ours() -> None:
    # -S -E would drop the installed packages too; -I keeps them and excludes the working folder.
    done = subprocess.run([sys.executable, "-I", "-c", ALONE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.splitlines()
    assert before == "1 []", "nothing heavy is imported before a name that needs it"
    assert after.startswith("0 ")
    assert "'halscope_hooks'" in done.stdout
    assert "'halscope'" not in done.stdout
    assert "'numpy'" in done.stdout
    assert "'pluggy'" in done.stdout
    assert "'PIL'" not in done.stdout
