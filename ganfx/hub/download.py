"""Downloading a model file: complete and verified, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ganfx.errors import ChecksumError, DownloadError
from ganfx.paths import is_offline

DownloadProgress = Callable[[int, int], None]
TIMEOUT_S = 30


class _Bar:
    """The progress bar interface that pooch expects; calls `progress` with the bytes done and the total."""

    def __init__(self, progress: DownloadProgress) -> None:
        self.progress = progress
        self.total = 0
        self.done = 0

    def update(self, size: int) -> None:
        self.done += size
        # pooch counts the last chunk as a full one, and a server need not send the total.
        self.progress(min(self.done, self.total or self.done), self.total)

    def reset(self) -> None:
        # pooch resets the bar at the end and adds the size of the file, to show a full bar.
        self.done = 0

    def close(self) -> None:
        self.progress(self.total, self.total)


def download(url: str, sha256: str, folder: Path, progress: DownloadProgress | None = None) -> Path:
    """Download `url` into `folder` and return the file; one that is there already with this `sha256` is kept.

    progress is called with the bytes done and the total, which is 0 where the server does not send it. Raises
    DownloadError (offline, interrupted, refused, not writable) and ChecksumError; both leave no file behind.
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
    except OSError as error:  # requests' errors are OSErrors
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
