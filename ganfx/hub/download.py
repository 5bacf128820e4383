"""Fetching a model file: whole and verified, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ganfx.errors import ChecksumError, DownloadError
from ganfx.paths import is_offline

DownloadProgress = Callable[[int, int], None]
TIMEOUT_S = 30


class _Bar:
    """What pooch drives as a progress bar: tells `progress` the bytes done and in all."""

    def __init__(self, progress: DownloadProgress) -> None:
        self.progress = progress
        self.total = 0
        self.done = 0

    def update(self, size: int) -> None:
        self.done += size
        # The last chunk counts as a whole one; a server need not say the total.
        self.progress(min(self.done, self.total or self.done), self.total)

    def reset(self) -> None:
        # pooch resets the bar and then counts the whole file once more, to show a full bar.
        self.done = 0

    def close(self) -> None:
        self.progress(self.total, self.total)


def download(url: str, sha256: str, folder: Path, progress: DownloadProgress | None = None) -> Path:
    """Fetch `url` into `folder`, verified against `sha256`; a file that is there already and right is not fetched.

    `progress` is told the bytes done and in all. Raises DownloadError (offline, cut, refused, not writable) and
    ChecksumError; both leave nothing behind.
    """
    import pooch

    pooch.get_logger().setLevel("ERROR")
    target = folder / Path(urlsplit(url).path).name
    if is_offline() and not _verified(target, sha256):
        raise DownloadError(f"offline (GANFX_OFFLINE is set): {url} was not fetched", hint=_by_hand(url))
    downloader = pooch.HTTPDownloader(progressbar=_Bar(progress) if progress else False, timeout=TIMEOUT_S)
    try:
        pooch.retrieve(url, f"sha256:{sha256}", fname=target.name, path=folder, downloader=downloader)
    except ValueError as error:
        raise ChecksumError(
            f"{url}: what came is not the file it should be (sha256 differs)",
            hint="try again later, or tell its author",
        ) from error
    except OSError as error:  # requests' own errors are among them
        raise DownloadError(f"{url}: not fetched to {target}: {_reason(error)}", hint=_by_hand(url)) from error
    return target


def _verified(target: Path, sha256: str) -> bool:
    import pooch

    return target.exists() and pooch.file_hash(str(target)) == sha256


def _reason(error: OSError) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server says {response.status_code} {response.reason}"
    if error.strerror:
        return error.strerror
    kind = type(error).__name__
    return {"ChunkedEncodingError": "the connection was cut", "ConnectionError": "no connection"}.get(kind, kind)


def _by_hand(url: str) -> str:
    return f"fetch {url} in another way, then: ganfx models import FILE"
