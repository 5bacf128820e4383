"""Which addresses ganfx fetches from."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ganfx.errors import DownloadError


def check_address(url: str, *, may_be_local: bool) -> None:
    """Raises DownloadError for anything but https; http to this computer only where `may_be_local`."""
    try:
        is_secure = urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        is_secure = False
    if not is_secure and not (may_be_local and is_loopback(url)):
        raise DownloadError(f"{url[:200]} is no https address, and is not fetched")


def is_loopback(url: str) -> bool:
    """Whether `url` is an http address on this computer, as tests have it; names do not count."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
