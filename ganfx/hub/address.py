"""Which addresses ganfx fetches from."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ganfx.errors import DownloadError

# Whether http on this computer counts, too: set by tests alone, whose servers have no certificates.
LOCAL_HTTP = False


def check_address(url: str, *, local_http: bool | None = None) -> None:
    """Raises DownloadError for anything but https.

    local_http: whether http to this computer counts, too; None: as `LOCAL_HTTP` says.
    """
    try:
        is_secure = urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        is_secure = False
    may_be_local = LOCAL_HTTP if local_http is None else local_http
    if not is_secure and not (may_be_local and is_loopback(url)):
        raise DownloadError(f"{url[:200]} is no https address, and is not fetched")


def is_loopback(url: str) -> bool:
    """Whether `url` is an http address on this computer; names do not count."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
