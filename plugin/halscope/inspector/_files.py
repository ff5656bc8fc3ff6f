"""The files of the page. It names its modules at its beginning, so that a browser asks for all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

_FOLDER: Final = Path(__file__).parent / "page"
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}
_MAIN: Final = b'<script type="module"'  # before it, the import map has told what the modules' names mean


@final
class PageFiles:
    """The files of the page, by their paths below it. Files that come later are not among them."""

    def __init__(self) -> None:
        self._files = {
            path.relative_to(_FOLDER).as_posix(): path for path in _FOLDER.rglob("*") if path.suffix in _TYPES
        }
        modules = sorted(name for name, path in self._files.items() if _TYPES[path.suffix] == "text/javascript")
        links = "".join(f'<link rel="modulepreload" href="{name}">\n' for name in modules).encode()
        self.page: Final = (_FOLDER / "index.html").read_bytes().replace(_MAIN, links + _MAIN)
        """The page itself."""

    async def send_page(self, _request: Request) -> Response:
        """Answer a request for the page."""
        return Response(self.page, media_type="text/html")

    async def send(self, request: Request) -> Response:
        """Answer a request for a file. It is read here: it is small, and a thread for it would cost more."""
        path = self._files.get(request.path_params["path"])
        if path is None:
            return PlainTextResponse("the page has no such file", 404)
        return Response(path.read_bytes(), media_type=_TYPES[path.suffix])
