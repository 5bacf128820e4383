"""Downloading a model file: complete and verified, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ganfx import isolation
from ganfx.errors import ChecksumError, DownloadError
from ganfx.hub import address
from ganfx.hub.catalogue import MAX_DOWNLOAD_BYTES, MAX_UNKNOWN_BYTES
from ganfx.isolation import CallLimits, ChildError
from ganfx.paths import is_offline

DownloadProgress = Callable[[int, int], None]

# Without a new byte for so long, a download is given up.
STALL_S = 60.0
# What a download may take on the whole: a start, and a share for a slow connection.
START_S, BYTES_PER_S = 600.0, 20_000
# Failures in a row that bring nothing, and the first pause between them in seconds.
ATTEMPTS, PAUSE_S = 5, 0.5
_MEMORY_BYTES = 512 << 20


def download(
    url: str,
    sha256: str,
    folder: Path,
    progress: DownloadProgress | None = None,
    *,
    size_bytes: int | None = None,
    check: Callable[[], None] | None = None,
) -> Path:
    """Download `url` into `folder` and return the file; one that is there already with this `sha256` is kept.

    size_bytes is the size that the file has to have; None: not known, at most `MAX_UNKNOWN_BYTES`. progress is called
    with the bytes done and the total, which is 0 where it is not known; check is
    called again and again, to raise what shall end the download. What an interrupted download brought stays in
    `folder`, hidden, and the next call goes on from there. Raises DownloadError (offline, interrupted, stalled,
    refused, too large, not https, not writable) and ChecksumError.
    """
    address.check_address(url)
    target = folder / _file_name(url)
    if _has(target, sha256):
        return target
    if is_offline():
        raise DownloadError(f"offline (GANFX_OFFLINE is set): {url} was not fetched", hint=_by_hand(url))
    if size_bytes is not None and size_bytes > MAX_DOWNLOAD_BYTES:
        raise DownloadError(f"{url}: has {size_bytes} bytes, more than the {MAX_DOWNLOAD_BYTES} that are taken")
    part = target.with_name(f".{target.name}.{sha256[:16]}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(part.with_suffix(".lock"), url):
            watch = _Watch(part, progress or (lambda done, total: None), size_bytes or 0, check or (lambda: None))
            _fetch_verified(url, sha256, part, watch, size_bytes)
            part.replace(target)
    except OSError as error:
        raise DownloadError(f"{url}: not fetched to {target}: {error.strerror}", hint=_by_hand(url)) from error
    except DownloadError as error:
        raise DownloadError(
            f"{url}: not fetched to {target}: {error.message}", hint=error.hint or _by_hand(url)
        ) from error
    return target


def _fetch_verified(url: str, sha256: str, part: Path, watch: _Watch, size: int | None) -> None:
    for was_begun in (part.exists(), False):
        _fetch(url, part, watch, size)
        if _has(part, sha256):
            return
        part.unlink()
        if not was_begun:  # else what was there may have been of another file
            break
    raise ChecksumError(
        f"{url}: what came is not the file it should be (sha256 differs)",
        hint="try again later, or tell its author",
    )


def _fetch(url: str, part: Path, watch: _Watch, size: int | None) -> None:
    watch.begin()
    most = size or MAX_UNKNOWN_BYTES
    limits = CallLimits(START_S + most / BYTES_PER_S, _MEMORY_BYTES)
    arguments = (url, str(part.absolute()), size, most, ATTEMPTS, PAUSE_S, address.LOCAL_HTTP)
    try:
        isolation.call("ganfx.hub.fetching:fetch", *arguments, limits=limits, poll=watch.check)
    except ChildError as error:
        raise DownloadError(f"the transfer {error.reason}", hint="run it again to go on") from error
    watch.check()


class _Watch:
    """Tells the progress of the file that is written at `part`. Raises DownloadError where it stops growing, and what
    `check` raises."""

    def __init__(self, part: Path, progress: DownloadProgress, total: int, check: Callable[[], None]) -> None:
        self._part, self._progress, self._total, self._check = part, progress, total, check
        self.begin()

    def begin(self) -> None:
        """Count the time without a new byte from now on."""
        self._done, self._since = -1, time.monotonic()

    def check(self) -> None:
        """Called again and again while the file is written, and once at the end."""
        self._check()
        try:
            done = self._part.stat().st_size
        except FileNotFoundError:
            done = 0
        now = time.monotonic()
        if done != self._done:
            self._done, self._since = done, now
            self._progress(done, self._total)
        elif now - self._since > STALL_S:
            raise DownloadError(f"nothing came for {STALL_S:g} s", hint="run it again to go on")


@contextlib.contextmanager
def _alone(lock: Path, url: str) -> Iterator[None]:
    import filelock

    try:
        with filelock.FileLock(lock, timeout=0):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except filelock.Timeout as error:
        raise DownloadError("another process is fetching it", hint="wait until that has ended") from error


def _file_name(url: str) -> str:
    """The last part of the address, as a plain name of a file."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", Path(urlsplit(url).path).name)[-100:].lstrip(".") or "model"


def _has(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _by_hand(url: str) -> str:
    return f"fetch {url} in another way, then: ganfx models import FILE"
