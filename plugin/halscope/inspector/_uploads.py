"""Files that a page sends: kept in memory for a moment, under a name that only that page knows."""

from __future__ import annotations

import contextlib
import secrets
from collections import OrderedDict
from typing import Final, final

from halscope_hooks import UsageError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from halscope.app import MOST_PICTURE_BYTES

_MOST_FILES: Final = 4
"""Files that are kept; a further one takes the place of the oldest."""
_MOST_COMING: Final = 4
"""Files that are received at once."""


@final
class Uploads:
    """The files that pages have sent, on the server's event loop."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._coming = 0  # files that are being received

    async def receive(self, request: Request) -> Response:
        """Keep the body of a request; the answer has its name.

        A body that is too long is refused before it is read, and so is one while too many others are on their way.
        """
        if self._coming >= _MOST_COMING:
            return PlainTextResponse("too many files are coming; send it again", 503, headers={"connection": "close"})
        self._coming += 1
        try:
            return await self._receive(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        finally:
            self._coming -= 1

    async def _receive(self, request: Request) -> Response:
        parts: list[bytes] = []
        size = 0
        with contextlib.suppress(ValueError):  # the server has refused what is no number
            size = int(request.headers.get("content-length", "0"))
        if size <= MOST_PICTURE_BYTES:
            size = 0
            async for part in request.stream():
                size += len(part)
                if size > MOST_PICTURE_BYTES:
                    break
                parts.append(part)
        if size > MOST_PICTURE_BYTES:
            return PlainTextResponse(
                f"a file may have {MOST_PICTURE_BYTES >> 20} MiB", 413, headers={"connection": "close"}
            )
        name = secrets.token_urlsafe(12)
        self._files[name] = b"".join(parts)
        while len(self._files) > _MOST_FILES:
            self._files.popitem(last=False)
        return JSONResponse({"upload": name})

    def take(self, name: str) -> bytes:
        """Return a file, and forget it. Raises UsageError if there is none of this name."""
        data = self._files.pop(name, None)
        if data is None:
            raise UsageError("the file has not come, or too many came since; drop it again")
        return data
