"""The secret of this installation, by which it knows what it wrote itself from what came with a stranger's folder."""

from __future__ import annotations

import hmac
import re
import secrets
from pathlib import Path

from filelock import FileLock

from ganfx.atomic import reason_of, write_atomic
from ganfx.errors import OutputError
from ganfx.paths import state_dir
from ganfx.private import check_private, private_folder

KEY = "journal.key"
_KEY_BYTES = 32


class Seal:
    """Seals rows of a database by the secret `key`, so that rows which somebody else wrote are known."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def found(cls) -> Seal | None:
        """The seal of this installation; None where nothing was sealed yet."""
        try:
            check_private(state_dir())
        except OSError:
            return None
        key = _read(state_dir() / KEY)
        return cls(key) if key else None

    @classmethod
    def own(cls) -> Seal:
        """The seal of this installation, made if need be. Raises OutputError where it cannot be kept."""
        if seal := cls.found():
            return seal
        folder = own_folder(state_dir())
        try:
            with FileLock(folder / f"{KEY}.lock"):
                key = _read(folder / KEY) or secrets.token_bytes(_KEY_BYTES)
                write_atomic(folder / KEY, key.hex(), mode=0o600)
        except OSError as error:
            raise unusable(folder, error) from error
        return cls(key)

    def of(self, *values: object) -> str:
        """The seal of `values`, which are what SQLite can store: 64 hexadecimal digits."""
        return hmac.new(self._key, repr(values).encode("utf-8", "backslashreplace"), "sha256").hexdigest()

    def fits(self, seal: object, *values: object) -> bool:
        """Whether `seal` is that of `values`, and was made by this installation."""
        return isinstance(seal, str) and hmac.compare_digest(seal.encode("utf-8", "replace"), self.of(*values).encode())


def own_folder(folder: Path) -> Path:
    """`folder` in the user's state folder, made if need be, for the user alone. Raises OutputError."""
    try:
        return private_folder(folder)
    except OSError as error:
        raise unusable(folder, error) from error


def unusable(folder: Path, error: OSError) -> OutputError:
    """The error to raise where `folder`, below the user's state folder, cannot be used."""
    return OutputError(f"{folder} cannot be used: {reason_of(error)}", hint="set GANFX_STATE to a folder of yours")


def _read(path: Path) -> bytes | None:
    try:
        text = path.read_bytes()
    except OSError:
        return None
    return bytes.fromhex(text.decode()) if re.fullmatch(rb"[0-9a-f]{%d}" % (2 * _KEY_BYTES), text) else None
