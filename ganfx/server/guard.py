"""Access control: bearer token, Host header (against DNS rebinding), and no browser origins."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ganfx.errors import GanfxError, OriginError, TokenError
from ganfx.server.connections import CONNECTION


class Guard:
    """ASGI middleware: passes requests with the right token for the host 127.0.0.1:port or localhost:port.

    Any other request gets 401 (token) or 403 (host, origin) before its body is read, and 503 where too many
    connections with the token are open.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._authorization = f"Bearer {token}".encode()
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            self._check(Headers(scope=scope))
            scope["state"][CONNECTION].recognize()
        except GanfxError as error:
            await error_response(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise OriginError("this host is not the engine's", hint=f"ask {self._hosts[0]}")
        if "origin" in headers:
            raise OriginError("web pages may not ask the engine")
        authorization = headers.get("authorization", "").encode("latin-1", "replace")
        if not secrets.compare_digest(authorization, self._authorization):
            raise TokenError("the token is missing or wrong", hint="it stands in the file server.json")


def error_response(error: GanfxError, status: int | None = None) -> JSONResponse:
    """`error` as JSON, with its own HTTP status unless `status` is given; closes the connection."""
    fields = {"code": error.code, "message": str(error), "hint": error.hint}
    return JSONResponse({"error": fields}, status or error.http_status, {"Connection": "close"})
