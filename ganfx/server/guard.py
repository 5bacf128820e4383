"""Access control: bearer token or the page's session, Host header (against DNS rebinding), and no foreign origins."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ganfx.errors import GanfxError, OriginError, TokenError
from ganfx.server.connections import CONNECTION
from ganfx.server.page import PAGE, page_files
from ganfx.server.sessions import COOKIE, Sessions

# What the page asks with its ticket instead of a session.
_BEGIN = "/v1/sessions"


class Guard:
    """ASGI middleware: passes requests with the right token for the host 127.0.0.1:port or localhost:port.

    The page's own files and its ticket need no token. Below its session's path, the page's cookie stands for the token.
    Any other request gets 401 (token) or 403 (host, origin) before its body is read, and 503 where too many
    connections with the token are open.
    """

    def __init__(self, app: ASGIApp, token: str, port: int, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions
        self._page_files = {PAGE, *(PAGE + name for name in page_files())}
        self._authorization = f"Bearer {token}".encode()
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            if self._check(scope, Headers(scope=scope)):
                scope["state"][CONNECTION].recognize()
        except GanfxError as error:
            await error_response(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> bool:
        """Whether the request is the owner's; False where it may pass all the same. Raises OriginError, TokenError."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise OriginError("this host is not the engine's", hint=f"ask {self._hosts[0]}")
        path = scope["path"]
        if path in self._page_files and scope["method"] in ("GET", "HEAD"):
            return False
        if path == _BEGIN or path.startswith(PAGE):
            _check_same_origin(headers, f"http://{hosts[0].lower()}")
            return path != _BEGIN and self._enter_session(scope, headers)
        if "origin" in headers:
            raise OriginError("web pages may not ask the engine")
        authorization = headers.get("authorization", "").encode("latin-1", "replace")
        if not secrets.compare_digest(authorization, self._authorization):
            raise TokenError("the token is missing or wrong", hint="it stands in the file server.json")
        return True

    def _enter_session(self, scope: Scope, headers: Headers) -> bool:
        """Take the session's path off the request. Raises TokenError unless its cookie is there."""
        session, _, rest = scope["path"].removeprefix(PAGE).partition("/")
        cookies = cookie_parser(headers.get("cookie", ""))
        if not rest.startswith("v1/") or not self._sessions.knows(session, cookies.get(COOKIE, "")):
            raise TokenError("this page belongs to an engine that has ended", hint="start it anew: ganfx ui")
        scope["path"] = f"/{rest}"
        scope["raw_path"] = scope["path"].encode()
        return True


def _check_same_origin(headers: Headers, own: str) -> None:
    """Raises OriginError where another page, be it at another port of this computer, sent the request."""
    if headers.get("origin", own) != own or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise OriginError("other web pages may not ask the engine")


def error_response(
    error: GanfxError, status: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """`error` as JSON, with its own HTTP status unless `status` is given; closes the connection."""
    fields = {"code": error.code, "message": str(error), "hint": error.hint}
    return JSONResponse({"error": fields}, status or error.http_status, {**(headers or {}), "Connection": "close"})
