"""What a file held, noted so that it can be known again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ganfx.errors import UnreadableError


@dataclass(frozen=True)
class FileFingerprint:
    """A file's bytes: how many, when they were last changed, and their SHA-256 in hex."""

    size_bytes: int
    mtime_ns: int
    digest: str

    @classmethod
    def of(cls, path: Path) -> FileFingerprint:
        """The stamp of the file at `path`. Raises UnreadableError."""
        try:
            with path.open("rb") as file:
                state = os.fstat(file.fileno())
                return cls(state.st_size, state.st_mtime_ns, hashlib.file_digest(file, "sha256").hexdigest())
        except FileNotFoundError as error:
            raise UnreadableError("no such file", hint="check the name") from error
        except OSError as error:
            raise UnreadableError(f"cannot be read: {(error.strerror or str(error)).lower()}") from error

    def fits(self, path: Path, *, trust_time: bool = True) -> bool:
        """Whether the file at `path` has these bytes: by size and time where `trust_time`, else by its digest."""
        try:
            state = path.stat()
            if state.st_size != self.size_bytes:
                return False
            if trust_time and state.st_mtime_ns == self.mtime_ns:
                return True
            return FileFingerprint.of(path).digest == self.digest
        except (OSError, UnreadableError):
            return False


@dataclass(frozen=True)
class Made:
    """One result: what was made (`stamp`), of what (`source_stamp`), and how (`recipe`)."""

    target: Path
    source: Path
    source_stamp: FileFingerprint
    recipe: str
    stamp: FileFingerprint
