"""Who may talk to the server: pages that it has sent itself, to a person who has its address."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCRIPT: Final = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)


class Guard:
    """ASGI middleware: refuses requests of other hosts and origins, and WebSockets without the token.

    The page itself is no secret: whoever asks for it by the right host name gets it. Everything about the game comes
    by the WebSocket, which needs the token; so does what a page sends.

    Args:
        app: The application.
        port: The port that the server listens on, on the loopback address.
        token: The secret part of the address that the user was given.
        policy: The Content-Security-Policy.
    """

    def __init__(self, app: ASGIApp, *, port: int, token: str, policy: str) -> None:
        self._app = app
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._token = token.encode()
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(1008, refusal)(scope, receive, send)
        else:
            await PlainTextResponse(refusal, 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        if headers.getlist("host") not in ([host] for host in self._hosts):
            return "this server answers to its own address on this machine alone"
        origin = headers.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return "requests from other pages are refused"
        if scope["type"] != "websocket" and scope["method"] in ("GET", "HEAD"):
            return None
        if origin is None:
            return "what is no request for a file of the page needs an Origin"
        if scope["type"] == "websocket":
            token = QueryParams(scope["query_string"]).get("token", "").encode()
        else:
            token = headers.get("authorization", "").removeprefix("Bearer ").encode()
        return None if hmac.compare_digest(token, self._token) else "wrong token; open the address that Halscope prints"

    def _with_headers(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                if all(name != b"cache-control" for name, _ in own):
                    own.append((b"cache-control", b"no-cache"))
                message = {**message, "headers": [*own, *self._headers]}
            await send(message)

        return sent


def policy(page: bytes, port: int) -> str:
    """Return the Content-Security-Policy of a page: its own files, and of inline scripts its import map alone."""
    found = _SCRIPT.search(page)
    digest = "" if found is None else f" 'sha256-{base64.b64encode(hashlib.sha256(found[1]).digest()).decode()}'"
    return (
        f"default-src 'none'; script-src 'self'{digest}; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
