"""The page in the browser: its files, and the headers that keep all others out of it."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

# Where the page is; below it, by the session's path, the routes.
PAGE = "/ui/"
_FOLDER = Path(__file__).with_name("web")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


async def page_file(request: Request) -> Response:
    """GET /ui/NAME: a file of the page."""
    name = request.path_params.get("name", "index.html")
    if name not in page_files():
        raise HTTPException(404)
    return FileResponse(_FOLDER / name, media_type=_TYPES[Path(name).suffix], headers=HEADERS)


def page_files() -> list[str]:
    """The names of all files of the page."""
    return sorted(path.name for path in _FOLDER.iterdir() if path.suffix in _TYPES)
