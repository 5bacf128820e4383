"""Errors that nobody foresaw: kept with their traceback in a log of the user's, under a reference."""

from __future__ import annotations

import logging
import secrets
import threading
import traceback
from pathlib import Path
from typing import Any

from ganfx.errors import UnexpectedError
from ganfx.paths import error_log
from ganfx.private import PrivateLog, private_folder
from ganfx.text import printable

# The log never takes more than twice this: it is begun anew, and one older log is kept.
_LOG_BYTES = 2**20
# Lines of a traceback that are kept at its beginning and its end, and characters of each.
_LINES, _WIDTH = 100, 500
_MESSAGE_WIDTH = 200
_lock = threading.Lock()


def unexpected(error: Exception, subject: object = None) -> UnexpectedError:
    """An error of one item in place of `error`, whose traceback is logged; the hint says where.

    subject: the file that was worked on.
    """
    reference = secrets.token_hex(4)
    text = "".join(traceback.format_exception_only(error)).strip()
    what = text.splitlines()[-1][:_MESSAGE_WIDTH]
    try:
        where = f"details: {_log(error, reference, subject)}, reference {reference}"
    except OSError as problem:
        where = f"the details could not be logged ({problem.strerror})"
    found = UnexpectedError(f"failed unexpectedly, {what}", hint=f"{where}; please report it")
    found.subject = None if subject is None else str(subject)
    found.__cause__ = error
    return found


def _log(error: Exception, reference: str, subject: object) -> Path:
    path = error_log()
    lines = "".join(traceback.format_exception(error)).splitlines()
    if len(lines) > 2 * _LINES:
        lines = [*lines[:_LINES], f"... {len(lines) - 2 * _LINES} lines ...", *lines[-_LINES:]]
    head = f"reference {reference}" + ("" if subject is None else f": {subject}")
    text = "\n".join([printable(head), *(f"    {printable(line[:_WIDTH])}" for line in lines)])
    with _lock:
        private_folder(path.parent)
        handler = _Handler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        try:
            handler.emit(logging.makeLogRecord({"msg": text, "levelno": logging.ERROR}))
        finally:
            handler.close()
    return path


class OneLineFormatter(logging.Formatter):
    """Writes each record, whatever files in it are called, as one line, and a traceback below it, indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line of `record`."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The lines of a traceback."""
        return "\n".join(f"    {printable(line)}" for line in super().formatException(ei).splitlines())


class _Handler(PrivateLog):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Raise what went wrong, instead of printing it."""
        raise
