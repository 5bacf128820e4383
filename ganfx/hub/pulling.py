"""Getting models by name: downloaded, checked, imported and registered."""

from __future__ import annotations

import contextlib
import functools
import posixpath
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ganfx.errors import ChecksumError, DownloadError, GanfxError, ModelError, OptionError, UnknownModelError
from ganfx.hub import importer, registry
from ganfx.hub.address import check_address
from ganfx.hub.download import DownloadProgress, download
from ganfx.hub.entry import ModelEntry
from ganfx.hub.known_models import called, known_downloads, suggestion
from ganfx.paths import cache_dir

if TYPE_CHECKING:
    from ganfx.engine.findings import ModelFact

# In the cache folder: what is being fetched, and what is fetched and not yet imported.
DOWNLOADS = "downloads"
# Downloads at once.
AT_ONCE = 3


def download_entry(name: str) -> ModelEntry:
    """What the catalogues have by the name `name`. Raises UnknownModelError, whose hint has similar names, and
    ModelError where a catalogue is damaged."""
    downloads = known_downloads()
    entry = called(name, downloads)
    if entry is None:
        hint = suggestion(name, downloads, "list them: ganfx models")
        raise UnknownModelError(f"no model named {name!r} to download", hint=hint)
    return entry


def set_entries(name: str) -> list[ModelEntry]:
    """The models to download that make up the set `name`. Raises OptionError where there is no such set."""
    downloads = known_downloads()
    found = [entry for entry in downloads if name in entry.sets]
    if not found:
        known = sorted({one for entry in downloads for one in entry.sets})
        raise OptionError(f"no set of models named {name!r}", hint=f"there are {', '.join(known)}" if known else None)
    return found


def check_pull(entry: ModelEntry, *, accept_license: bool = False, replace: bool = False) -> None:
    """Whether `entry` may be pulled: before anything is fetched.

    Raises OptionError where its name is taken (unless `replace`) or its license forbids commercial use (unless
    `accept_license`), and ModelError where it is refused: ganfx would not run it rightly.
    """
    if entry.refused:
        raise ModelError(f"{entry.name} is not pulled: {entry.refused}")
    registry.check_name(entry.name, replace=replace)
    if entry.non_commercial and not accept_license:
        raise OptionError(
            f"{entry.name} is for non-commercial use alone: its license is {entry.license}",
            hint="if that is what you do, say so with --accept-license",
        )


def fetch(
    entry: ModelEntry,
    *,
    mirror: str | None = None,
    progress: DownloadProgress | None = None,
    check: Callable[[], None] | None = None,
) -> Path:
    """The downloaded file of `entry`, whole and verified, in the cache folder.

    The addresses of the entry are asked in turn, or only the folder `mirror`, for a file of the same name. progress and
    check are those of `download`. Raises DownloadError, ChecksumError.
    """
    folder = cache_dir() / DOWNLOADS / entry.sha256[:16]  # others have files of the same name
    failed: DownloadError | ChecksumError | None = None
    for url in _addresses(entry, mirror):
        try:
            return download(url, entry.sha256, folder, progress, size_bytes=entry.size_bytes, check=check)
        except (DownloadError, ChecksumError) as error:
            failed = failed or error
    with contextlib.suppress(OSError):  # something is there to go on with
        folder.rmdir()
    assert failed is not None
    raise failed


def fetch_several(
    entries: Sequence[ModelEntry],
    progress: Callable[[ModelEntry, int, int], None],
    *,
    mirror: str | None = None,
) -> Iterator[tuple[ModelEntry, Path | GanfxError]]:
    """`fetch` for several entries, a few at once: each with its file or its error, as it is done.

    progress is called with the entry, the bytes done and the total, from other threads. All downloads end with the
    iterator.
    """
    ended = threading.Event()

    def check() -> None:
        if ended.is_set():
            raise DownloadError("interrupted")

    def fetched(entry: ModelEntry) -> tuple[ModelEntry, Path | GanfxError]:
        try:
            check()
            return entry, fetch(entry, mirror=mirror, progress=functools.partial(progress, entry), check=check)
        except GanfxError as error:
            return entry, error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for done in as_completed([pool.submit(fetched, entry) for entry in entries]):
                yield done.result()
        finally:
            ended.set()


def _addresses(entry: ModelEntry, mirror: str | None) -> Iterable[str]:
    if mirror is None:
        return entry.urls
    check_address(mirror)
    return [f"{mirror.rstrip('/')}/{posixpath.basename(urlsplit(entry.urls[0]).path)}"]


def install(
    entry: ModelEntry,
    fetched: Path,
    *,
    replace: bool = False,
    report: Callable[[ModelFact], None] | None = None,
) -> Path:
    """Import the downloaded file `fetched` as the model `entry`, and remove it; report is that of `import_model`.

    Raises what `import_model` does; the file is kept then, so that it can be imported with options of one's own.
    """
    task = None if entry.task == "unknown" else entry.task
    try:
        model = importer.import_model(
            fetched, name=entry.name, task=task, license=entry.license, replace=replace, report=report
        )
    except GanfxError as error:
        said = error.message.removeprefix(f"{fetched}: ")
        raise type(error)(f"{entry.name}: {said}; the download is kept: {fetched}", hint=error.hint) from error
    with contextlib.suppress(OSError):
        fetched.unlink()
        fetched.parent.rmdir()
    return model


def pull_model(
    name: str,
    *,
    progress: DownloadProgress | None = None,
    replace: bool = False,
    accept_license: bool = False,
    mirror: str | None = None,
) -> Path:
    """Download the model `name` of a catalogue, convert it where needed, and register it.

    progress is called with the bytes done and the total. accept_license: whether a license that forbids commercial use
    is accepted. mirror: the https address of a folder to fetch from instead. Raises UnknownModelError, OptionError,
    DownloadError, ChecksumError and what `import_model` raises.
    """
    entry = download_entry(name)
    check_pull(entry, accept_license=accept_license, replace=replace)
    return install(entry, fetch(entry, mirror=mirror, progress=progress), replace=replace)
