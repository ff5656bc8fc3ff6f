"""The files of the page. It names its modules at its beginning, so that a browser asks for all of them at once.

The page names them by paths that begin with a hash of them all, so a browser keeps them, and what it has compiled of
them, until they change. They are read once: a browser that was told a path may ask for it much later.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

_FOLDER: Final = Path(__file__).parent / "page"
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}
_IMPORTS: Final = re.compile(r'(?<=<script type="importmap">).*?(?=</script>)', re.DOTALL)
_MAIN: Final = '<script type="module"'  # before it, the import map has told what the modules' names mean
_KEPT: Final = {"cache-control": "max-age=31536000, immutable"}


@final
class PageFiles:
    """The files of the page, by their paths below it. Files that come later are not among them."""

    def __init__(self) -> None:
        paths = sorted(path for path in _FOLDER.rglob("*") if path.suffix in _TYPES)
        self._files = {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in paths}
        named = [(name, hashlib.sha256(data).hexdigest()) for name, data in self._files.items()]
        self._kept = f"kept/{hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16]}/"
        self.page: Final = self._page().encode()
        """The page itself."""

    def _page(self) -> str:
        page = (_FOLDER / "index.html").read_text(encoding="utf-8")
        (written,) = _IMPORTS.findall(page)
        imports = {
            name: f"./{self._kept}{path.removeprefix('./')}" for name, path in json.loads(written)["imports"].items()
        }
        # What is imported by its plain path is the module that the page has. The longest path that fits counts.
        imports |= {"/": f"/{self._kept}", f"/{self._kept}": f"/{self._kept}"}
        for name in self._files:
            page = page.replace(f'="{name}"', f'="{self._kept}{name}"')
        modules = (name for name in self._files if _TYPES[Path(name).suffix] == "text/javascript")
        links = "".join(f'<link rel="modulepreload" href="{self._kept}{name}">\n' for name in modules)
        page = page.replace(written, json.dumps({"imports": imports}, separators=(",", ":")))
        return page.replace(_MAIN, links + _MAIN)

    async def send_page(self, _request: Request) -> Response:
        """Answer a request for the page."""
        return Response(self.page, media_type="text/html")

    async def send(self, request: Request) -> Response:
        """Answer a request for a file."""
        path: str = request.path_params["path"]
        name = path.removeprefix(self._kept)
        data = self._files.get(name)
        if data is None:
            return PlainTextResponse("the page has no such file", 404)
        return Response(data, headers=_KEPT if name != path else None, media_type=_TYPES[Path(name).suffix])
