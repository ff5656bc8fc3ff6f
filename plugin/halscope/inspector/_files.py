"""The files of the page. It names its modules at its beginning, so that a browser asks for all of them at once; those
that are its own come as one, and so do its style sheets.

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

from halscope.inspector._bundle import bundled

if TYPE_CHECKING:
    from starlette.requests import Request

_FOLDER: Final = Path(__file__).parent / "page"
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}
_IMPORTS: Final = re.compile(r'(?<=<script type="importmap">).*?(?=</script>)', re.DOTALL)
_MAIN: Final = '<script type="module"'  # before it, the import map has told what the modules' names mean
_STYLES: Final = re.compile(r'<link rel="stylesheet" href="([^"]+)">\n')
_VENDOR: Final = "vendor/"
_WHOLE: Final = "page.js"  # all own modules
_STYLE: Final = "page.css"  # all style sheets
_KEPT: Final = {"cache-control": "max-age=31536000, immutable"}


@final
class PageFiles:
    """The files of the page, by their paths below it. Files that come later are not among them."""

    def __init__(self) -> None:
        paths = sorted(path for path in _FOLDER.rglob("*") if path.suffix in _TYPES)
        self._files = {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in paths}
        page = (_FOLDER / "index.html").read_text(encoding="utf-8")
        own = {
            name: data.decode()
            for name, data in self._files.items()
            if name.endswith(".js") and not name.startswith(_VENDOR)
        }
        self._files |= {name: text.encode() for name, text in bundled(own, "main.js", _WHOLE).items()}
        self._files[_STYLE] = b"".join(self._files[name] for name in _STYLES.findall(page))
        named = [(name, hashlib.sha256(data).hexdigest()) for name, data in self._files.items()]
        self._kept = f"kept/{hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16]}/"
        self.page: Final = self._page(page).encode()
        """The page itself."""

    def _page(self, page: str) -> str:
        (written,) = _IMPORTS.findall(page)
        imports = {
            name: f"./{self._kept}{path.removeprefix('./')}" for name, path in json.loads(written)["imports"].items()
        }
        # What is imported by its plain path is the module that the page has. The longest path that fits counts.
        imports |= {"/": f"/{self._kept}", f"/{self._kept}": f"/{self._kept}"}
        page = page.replace(written, json.dumps({"imports": imports}, separators=(",", ":")))
        page = _STYLES.sub("", page)
        page = page.replace(f'{_MAIN} src="main.js"', f'{_MAIN} src="{self._kept}{_WHOLE}"')
        modules = (_WHOLE, *(name for name in self._files if name.startswith(_VENDOR)))
        links = "".join(f'<link rel="modulepreload" href="{self._kept}{name}">\n' for name in modules)
        style = f'<link rel="stylesheet" href="{self._kept}{_STYLE}">\n'
        return page.replace(_MAIN, style + links + _MAIN)

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
