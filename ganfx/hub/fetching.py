"""Fetching one file over HTTPS, as a process of its own does it: `ganfx.hub.download` gives it limits and watches it.

What is there already is continued where the server can; the caller checks what came of it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from urllib.parse import urljoin

import requests
import urllib3

from ganfx import __version__
from ganfx.errors import DownloadError
from ganfx.hub.address import check_address, is_loopback

CONNECT_S, READ_S = 10.0, 20.0
_MAX_PAUSE_S = 10.0
_MAX_REDIRECTS = 5
_CHUNK_BYTES = 16 << 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Statuses after which the same request may succeed.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class _CutError(Exception):
    """The transfer ended early, or did not begin; another attempt may go further."""

    def __init__(self, reason: str, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


def fetch(
    url: str,
    part: str,
    size_bytes: int | None,
    limit_bytes: int,
    attempts: int,
    pause_s: float,
    local_http: bool,
) -> None:
    """Write what `url` has to the file `part`, going on at its end where the server can.

    size_bytes is what there has to be, None where that is not known; limit_bytes ends a transfer that is larger. After
    a failure, it waits for pause_s seconds, twice as long each time, and tries again. local_http: whether http from
    this computer to itself is followed, too. Raises DownloadError: refused, too large, redirected to anything but
    https, or `attempts` failures in a row that brought nothing.
    """
    local_http = local_http and is_loopback(url)
    path, validator, failed = Path(part), "", 0
    with requests.Session() as session:
        session.headers.update({"User-Agent": f"ganfx/{__version__}", "Accept-Encoding": "identity"})
        while True:
            begun = _size(path)
            if size_bytes is not None and begun == size_bytes:
                return
            try:
                with _reached(session, url, begun, validator, local_http) as response:
                    validator = _validator(response)
                    _receive(response, path, begun, size_bytes, limit_bytes)
                return
            except _CutError as cut:
                failed = 0 if _size(path) > begun else failed + 1
                if failed >= attempts:
                    raise DownloadError(str(cut)) from cut
                time.sleep(min(_MAX_PAUSE_S, max(cut.pause_s, pause_s * 2**failed)))


def _reached(session: requests.Session, url: str, begun: int, validator: str, local_http: bool) -> requests.Response:
    """The last response of those that `url` redirects to. Each address is checked before it is asked."""
    headers = {"Range": f"bytes={begun}-"} if begun else {}
    if begun and validator:
        headers["If-Range"] = validator
    address = url
    for _ in range(_MAX_REDIRECTS + 1):
        check_address(address, local_http=local_http)
        try:
            response = session.get(
                address, headers=headers, stream=True, allow_redirects=False, timeout=(CONNECT_S, READ_S)
            )
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            address = urljoin(address, session.get_redirect_target(response) or "")
        except (requests.RequestException, OSError) as error:
            raise _CutError(_reason(error)) from error
        except ValueError as error:
            raise DownloadError("the server sends it to an address that is none") from error
    raise DownloadError(f"the server redirects more than {_MAX_REDIRECTS} times")


def _receive(response: requests.Response, path: Path, begun: int, size: int | None, limit: int) -> None:
    status = response.status_code
    if status == 416:  # nothing is left to send, or what is here is of another file
        path.unlink()
        raise _CutError("the server cannot go on with what is here")
    if status not in (200, 206):
        said = f"the server says {status} {response.reason}"
        if status in _PASSING:
            raise _CutError(said, _pause(response))
        raise DownloadError(said)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise DownloadError("the server sends it packed, though it was asked not to")
    start = begun if status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {begun}-") else 0
    if status == 206 and not start:
        path.unlink(missing_ok=True)
        raise _CutError("the server sends another part than asked for")
    length = _length(response)
    if length is not None:
        _check_size(start + length, size, limit)
    received = _store(response, path, start, limit)
    if length is not None and received < length:
        raise _CutError("the connection was cut")
    _check_size(start + received, size, limit)


def _store(response: requests.Response, path: Path, start: int, limit: int) -> int:
    """Write the body at `start`, and cut the file off there; the number of bytes that came."""
    received = 0
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600), "wb") as file:
            file.truncate(start)
            file.seek(start)
            # requests' own way drops the last bytes before a cut.
            for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
                received += len(chunk)
                if start + received > limit:
                    raise DownloadError(f"the server sends more than {limit} bytes")
                file.write(chunk)
                file.flush()
    except urllib3.exceptions.HTTPError as error:
        raise _CutError("the connection was cut") from error
    except OSError as error:
        raise DownloadError(f"cannot be written: {(error.strerror or str(error)).lower()}") from error
    return received


def _check_size(found: int, size: int | None, limit: int) -> None:
    if size is not None and found != size:
        raise DownloadError(f"the server has {found} bytes, and there should be {size}")
    if found > limit:
        raise DownloadError(f"the server announces {found} bytes, more than the {limit} that are taken")


def _length(response: requests.Response) -> int | None:
    stated = response.headers.get("Content-Length", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 20 else None


def _validator(response: requests.Response) -> str:
    """What says that the file is still the same: its strong ETag, empty where there is none."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else ""


def _pause(response: requests.Response) -> float:
    stated = response.headers.get("Retry-After", "")
    return float(stated) if stated.isascii() and stated.isdigit() and len(stated) < 9 else 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not let it through"
    if isinstance(error, requests.Timeout | TimeoutError):
        return "the server does not answer"
    return "no connection"
