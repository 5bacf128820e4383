"""At most one watcher of this user on each pair of folders."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from filelock import FileLock, Timeout

from ganfx.atomic import write_atomic
from ganfx.batch.processes import describe_process
from ganfx.batch.seals import own_folder, unusable
from ganfx.errors import WatchedError
from ganfx.open_folder import read_small
from ganfx.paths import state_dir

_FOLDER = "watchers"
_MOST_BYTES = 1000


class WatcherLock:
    """The right to watch `source` for `output`, both absolute paths without links; a context manager.

    It ends with the process, however that ends. Raises WatchedError where another process has it, OutputError where the
    state folder cannot be used.
    """

    def __init__(self, source: Path, output: Path) -> None:
        self._source, self._output = source, output
        name = hashlib.sha256(b"\0".join((os.fsencode(source), os.fsencode(output)))).hexdigest()[:32]
        self._path = state_dir() / _FOLDER / name
        # The thread that ends a watcher may be another one than began it.
        self._lock = FileLock(self._path.with_suffix(".lock"), thread_local=False)

    def check(self) -> None:
        """Raise WatchedError now where entering would."""
        with self:
            pass

    def __enter__(self) -> WatcherLock:
        own_folder(state_dir())
        own_folder(self._path.parent)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise self._taken() from None
        except OSError as error:
            raise unusable(self._path.parent, error) from error
        try:
            # Beside the lock, since a lock is emptied whenever somebody tries to take it.
            write_atomic(self._path.with_suffix(".json"), json.dumps({"pid": os.getpid()}), durable=False)
        except OSError as error:
            self._lock.release()
            raise unusable(self._path.parent, error) from error
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def _taken(self) -> WatchedError:
        try:
            pid = int(json.loads(read_small(self._path.with_suffix(".json"), _MOST_BYTES))["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            who, how = "another process", "end it"
        else:
            who, how = describe_process(pid), f"end it first: kill {pid}"
        return WatchedError(
            f"{who} watches {self._source} for {self._output} already", hint=f"leave it to that one, or {how}"
        )
