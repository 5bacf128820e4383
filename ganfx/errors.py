"""All errors that ganfx raises on purpose, arranged by what the caller can do about them.

    GanfxError
    ├── OptionError             the call is wrong: change the options
    ├── ItemError               this file failed: go on with the next
    │   ├── UnreadableError     not a picture, truncated, or a bomb
    │   ├── UnsupportedError    a kind of file that is known, and not read here
    │   ├── PictureSizeError    too small or too large for the filter or the format
    │   ├── MaskError           missing, or of another size
    │   ├── OutputError         exists already, read-only folder
    │   │   ├── DiskFullError   which the next file would meet too
    │   │   ├── HeldError       another process is at it
    │   │   └── NameLengthError longer than file systems allow
    │   └── UnexpectedError     a defect of ganfx, or a lack of memory: the details are in a log
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
    │   ├── GoneError           an id that nothing has any more
    │   └── BusyError           more is waiting than there is room for
    ├── WatchedError            another watcher has these folders
    ├── HostError               a painting program is not there, or does not take its plug-in
    ├── TrainingError           the training cannot start or go on
    └── ExportError             a network cannot be written as ONNX

Each class has the `code` (one word, for programs), the `exit_status` of the command line and the `http_status` of the
service by which every front end reports it.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class GanfxError(Exception):
    """The base of all errors of ganfx.

    message   what is wrong, in one line for the user
    hint      what the user can do next; None: nothing is known
    """

    code = "error"
    exit_status = 1
    http_status = 500

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class OptionError(GanfxError):
    """An option, a step, a recipe or a combination of them is not allowed: change the call. No file was touched."""

    code, exit_status, http_status = "option", 2, 422


class ItemError(GanfxError):
    """One file failed; a batch goes on with the next.

    subject   the file that failed; None until `about` has set it
    """

    code, exit_status, http_status = "item", 3, 422
    subject: str | None = None

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message

    @classmethod
    @contextlib.contextmanager
    def about(cls, subject: object) -> Iterator[None]:
        """Set `subject` on the item errors of a block, unless they have one already."""
        try:
            yield
        except ItemError as error:
            error.subject = error.subject or str(subject)
            raise

    @classmethod
    def of(cls, error: GanfxError, subject: object) -> ItemError:
        """`error` as an error of the file `subject`, with its own message, hint and code."""
        found = error if isinstance(error, ItemError) else ItemError(error.message, hint=error.hint)
        if found is not error:
            found.code, found.__cause__ = error.code, error
        found.subject = found.subject or str(subject)
        return found


class UnreadableError(ItemError):
    """The file is missing, is not a picture of a known format, or is damaged: replace it."""

    code = "unreadable"


class UnsupportedError(ItemError):
    """The file's kind is known and not read, or not as ganfx is installed: convert the file, or install the rest."""

    code = "unsupported"


class PictureSizeError(ItemError):
    """The picture is too large or too small for memory, the filter or the format: cut it, or choose another format."""

    code = "size"


class MaskError(ItemError):
    """The mask is missing, has another size than the picture, or marks all of it: give another mask."""

    code = "mask"


class OutputError(ItemError):
    """The result cannot be written: it exists, its folder is missing or read-only, or the format cannot hold it."""

    code = "output"


class DiskFullError(OutputError):
    """The disk of the output folder is full: make free space. Other files in the batch would fail, too."""

    code = "disk-full"


class HeldError(OutputError):
    """Another process makes the same result, or holds the journal: wait for it, or end it.

    repeated   whether the same was told of another file before
    """

    code = "held"
    repeated = False


class NameLengthError(OutputError):
    """The result's name is longer than file systems allow: rename the picture, or give a shorter template."""

    code = "name"


class UnexpectedError(ItemError):
    """An error that nobody foresaw, while one file was worked on: the hint says where the details are."""

    code = "unexpected"


class ModelError(GanfxError):
    """A model cannot be used: choose, import or download another."""

    code, http_status = "model", 424


class UnknownModelError(ModelError):
    """No model has that name; the hint has similar names."""

    code, exit_status, http_status = "unknown-model", 2, 404


class DownloadError(ModelError):
    """A model was not downloaded: try again, or fetch the file by hand and import it."""

    code = "download"


class ChecksumError(ModelError):
    """A downloaded file has another SHA-256 than the catalogue says, and was removed: try again later."""

    code = "checksum"


class ContractError(ModelError):
    """The file is not ONNX, has no valid contract, or its graph does not do what the contract says: ask its author."""

    code = "contract"


class EngineError(GanfxError):
    """The network cannot be run here: choose another provider or precision."""

    code, http_status = "engine", 503


class ProviderError(EngineError):
    """The provider asked for does not load on this computer: install what the hint names, or choose another."""

    code = "provider"


class DeviceMemoryError(EngineError):
    """The device is out of memory even with the smallest tile: choose another provider or a smaller model."""

    code, http_status = "device-memory", 507


class InferenceError(EngineError):
    """onnxruntime failed while the network ran, or the run was cancelled: try again, or choose another provider."""

    code, http_status = "inference", 500


class ServerError(GanfxError):
    """The service cannot start, or cannot answer: see its log."""

    code = "server"


class RequestError(ServerError):
    """The request does not follow the protocol: the client has to be corrected or updated."""

    code, http_status = "request", 400


class TokenError(ServerError):
    """The request has no token, or a wrong one: read it anew from the service's address file."""

    code, http_status = "token", 401


class OriginError(ServerError):
    """The request comes from a web page or names another host, and is refused for safety."""

    code, http_status = "origin", 403


class GoneError(ServerError):
    """No picture, job or watched folder has this id, or none has it any more: send it again, or list what there is."""

    code, http_status = "gone", 404


class BusyError(ServerError):
    """Too many pictures are waiting, or the service is ending: try again later."""

    code, http_status = "busy", 503


class WatchedError(GanfxError):
    """Another watcher is at work on the same two folders: leave it to that one, or end it first."""

    code, exit_status = "watched", 4


class HostError(GanfxError):
    """A painting program is not installed, or its plug-in cannot be installed, removed or loaded."""

    code = "host"


class TrainingError(GanfxError):
    """A training cannot start or go on: unknown recipe, too few pictures, missing packages, or a loss that diverges."""

    code = "training"


class ExportError(GanfxError):
    """A network cannot be written as ONNX, or the written graph does not equal it."""

    code = "export"


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint with the names in `known` that are similar to `name`; `otherwise`, or all of them, where none is."""
    names = list(known)
    similar = difflib.get_close_matches(name, names, cutoff=0.4)
    return f"did you mean {' or '.join(similar)}?" if similar else otherwise or f"known: {', '.join(names)}"
