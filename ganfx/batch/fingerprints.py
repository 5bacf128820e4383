"""What identifies the contents of a file, and the record of one result."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ganfx.atomic import reason_of
from ganfx.errors import UnreadableError
from ganfx.files import open_regular


@dataclass(frozen=True)
class FileFingerprint:
    """The contents of a file: size in bytes, modification time in ns since 1970, and SHA-256 in hex."""

    size_bytes: int
    mtime_ns: int
    digest: str

    @classmethod
    def of(cls, path: Path) -> FileFingerprint:
        """The fingerprint of the file at `path`. Raises UnreadableError."""
        with open_regular(path) as file:
            try:
                state = os.fstat(file.fileno())
                return cls(state.st_size, _mtime_ns(state), hashlib.file_digest(file, "sha256").hexdigest())
            except OSError as error:
                raise UnreadableError(f"cannot be read: {reason_of(error)}") from error

    def fits(self, path: Path, *, trust_time: bool = True) -> bool:
        """Whether the file at `path` has these contents.

        With `trust_time`, equal size and modification time are enough; otherwise, and where the time differs, the
        digests are compared.
        """
        try:
            state = path.stat()
            if state.st_size != self.size_bytes:
                return False
            if trust_time and _mtime_ns(state) == self.mtime_ns:
                return True
            return FileFingerprint.of(path).digest == self.digest
        except (OSError, UnreadableError):
            return False


def _mtime_ns(state: os.stat_result) -> int:
    # Of file systems whose times go beyond the year 2262, what a database can store.
    return max(-(2**63), min(state.st_mtime_ns, 2**63 - 1))


@dataclass(frozen=True)
class ResultRecord:
    """One result: the file `target` with its fingerprint, the picture it was made from with its own, and the recipe.

    recipe: JSON text, see `item_runner.recipe_fingerprint`.
    """

    target: Path
    source: Path
    source_fingerprint: FileFingerprint
    recipe: str
    fingerprint: FileFingerprint
