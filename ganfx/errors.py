"""Everything ganfx raises on purpose, split by what the caller can do about it.

    GanfxError
    ├── OptionError             the call is wrong: mend the options
    ├── ItemError               this file failed: go on with the next
    │   ├── UnreadableError     not a picture, truncated, or a bomb
    │   ├── PictureSizeError    too small or too large for the filter or the format
    │   ├── MaskError           missing, or of another size
    │   └── OutputError         exists already, read-only folder
    │       └── DiskFullError   which the next file would meet too
    ├── ModelError              the model cannot be used: choose or fetch another
    │   ├── UnknownModelError
    │   ├── DownloadError
    │   ├── ChecksumError
    │   └── ContractError       not an ONNX file, or one that breaks its own contract
    ├── EngineError             the run cannot go on
    │   ├── ProviderError       the provider asked for does not load here
    │   ├── DeviceMemoryError   out of memory even with the smallest tile
    │   └── InferenceError
    ├── ServerError             the service does not do it
    │   ├── RequestError        not what the service understands
    │   ├── TokenError          without the token, or with another
    │   ├── OriginError         from a web page, or to another host
    │   └── BusyError           more is waiting than there is room for
    ├── HostError               a painting program is not there, or does not take its plug-in
    ├── TrainingError
    └── ExportError

Each class carries the one word, exit status and HTTP status under which every front end reports it.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class GanfxError(Exception):
    """`message` is one line for a person; `hint`, where given, says what to do next."""

    code = "error"
    exit_status = 1
    http_status = 500

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class OptionError(GanfxError):
    code, exit_status, http_status = "option", 2, 422


class ItemError(GanfxError):
    """`subject` is the file that failed, once somebody who knows it has said so with `about`."""

    code, exit_status, http_status = "item", 3, 422
    subject: str | None = None

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message

    @classmethod
    @contextlib.contextmanager
    def about(cls, subject: object) -> Iterator[None]:
        """Name `subject` in the item errors of a block, unless they have one already."""
        try:
            yield
        except ItemError as error:
            error.subject = error.subject or str(subject)
            raise


class UnreadableError(ItemError):
    code = "unreadable"


class PictureSizeError(ItemError):
    code = "size"


class MaskError(ItemError):
    code = "mask"


class OutputError(ItemError):
    code = "output"


class DiskFullError(OutputError):
    code = "disk-full"


class ModelError(GanfxError):
    code, http_status = "model", 424


class UnknownModelError(ModelError):
    code, exit_status, http_status = "unknown-model", 2, 404


class DownloadError(ModelError):
    code = "download"


class ChecksumError(ModelError):
    code = "checksum"


class ContractError(ModelError):
    code = "contract"


class EngineError(GanfxError):
    code, http_status = "engine", 503


class ProviderError(EngineError):
    code = "provider"


class DeviceMemoryError(EngineError):
    code, http_status = "device-memory", 507


class InferenceError(EngineError):
    code, http_status = "inference", 500


class ServerError(GanfxError):
    code = "server"


class RequestError(ServerError):
    code, http_status = "request", 400


class TokenError(ServerError):
    code, http_status = "token", 401


class OriginError(ServerError):
    code, http_status = "origin", 403


class BusyError(ServerError):
    code, http_status = "busy", 503


class HostError(GanfxError):
    code = "host"


class TrainingError(GanfxError):
    code = "training"


class ExportError(GanfxError):
    code = "export"


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint at what may have been meant by `name`, of the names that are `known`; `otherwise` where none is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, cutoff=0.4)
    return f"did you mean {' or '.join(near)}?" if near else otherwise or f"known: {', '.join(names)}"
