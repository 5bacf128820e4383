"""Who may ask: only who has the token, speaks to this very service, and is no web page."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ganfx.errors import GanfxError, OriginError, TokenError


class Guard:
    """Lets through to `app` what has `token` and names 127.0.0.1:port, or localhost, as its host."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._authorization = f"Bearer {token}".encode()
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            self._check(Headers(scope=scope))
        except GanfxError as error:
            await refusal(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise OriginError("this host is not the engine's", hint=f"ask {self._hosts[0]}")
        if "origin" in headers:
            raise OriginError("web pages may not ask the engine")
        given = headers.get("authorization", "").encode("latin-1", "replace")
        if not secrets.compare_digest(given, self._authorization):
            raise TokenError("the token is missing or wrong", hint="it stands in the file server.json")


def refusal(error: GanfxError, status: int | None = None) -> JSONResponse:
    """The answer that says `error`, after which the connection ends."""
    said = {"code": error.code, "message": str(error), "hint": error.hint}
    return JSONResponse({"error": said}, status or error.http_status, {"Connection": "close"})
