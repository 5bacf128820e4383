"""Reading a catalogue of models: a TOML file of [[model]] blocks, strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from ganfx.errors import DownloadError, ModelError
from ganfx.hub.address import check_address
from ganfx.spec.parts import Name
from ganfx.spec.reading import Bounds, FieldError, read
from ganfx.toml_text import read_toml

MAX_TEXT_BYTES = 256 << 10
MAX_DOWNLOAD_BYTES = 8 << 30
_GOOD_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class CatalogueBlock:
    """One model that ganfx knows by name: bundled, with `file`, or to be downloaded, with `url` to `size_bytes`."""

    name: Name
    task: Name
    default: bool = False
    file: str = ""
    url: str = ""
    sha256: str = ""
    size_bytes: Annotated[int, Bounds(1, MAX_DOWNLOAD_BYTES)] | None = None
    scale: Annotated[int, Bounds(1, 64)] | None = None
    license: str = "unknown"
    description: str = ""

    def __post_init__(self) -> None:
        if not is_good_name(self.name):
            raise FieldError("name", "must be of letters, digits, and any of . _ + -")
        if bool(self.file) == bool(self.url):
            raise FieldError("file", "or url must be there, and not both")
        if self.file and not (self.file.endswith(".onnx") and is_good_name(self.file)):
            raise FieldError("file", "must be the plain name of an .onnx file")
        if self.url:
            self._check_download()

    def _check_download(self) -> None:
        try:
            check_address(self.url, may_be_local=True)
        except DownloadError as error:
            raise FieldError("url", "is no https address") from error
        if not _SHA256.fullmatch(self.sha256):
            raise FieldError("sha256", "must be 64 hexadecimal digits in lower case")
        if self.size_bytes is None:
            raise FieldError("size_bytes", "is missing")


def is_good_name(name: str) -> bool:
    """Whether a model, or a file of one, may be called so."""
    return bool(_GOOD_NAME.fullmatch(name))


def read_catalogue(text: str) -> tuple[CatalogueBlock, ...]:
    """The blocks in `text`, in its order. Raises ModelError where it is damaged, in one line that names the place."""
    if len(text) > MAX_TEXT_BYTES:
        raise _error_in(f"is longer than {MAX_TEXT_BYTES >> 10} KiB")
    try:
        stored = read_toml(text)
    except ValueError as error:
        raise _error_in(f"is no TOML: {error}") from error
    blocks = stored.pop("model", [])
    if stored or not isinstance(blocks, list):
        raise _error_in("must have [[model]] blocks, and nothing else")
    found: dict[str, CatalogueBlock] = {}
    for number, block in enumerate(blocks, 1):
        try:
            entry: CatalogueBlock = read(CatalogueBlock, block)
        except FieldError as error:
            raise _error_in(f"block {number}: {error.field} {error.reason}") from error
        if entry.name in found:
            raise _error_in(f"block {number}: {entry.name} is there twice")
        found[entry.name] = entry
    return tuple(found.values())


def _error_in(reason: str) -> ModelError:
    return ModelError(f"the catalog of models is damaged: {reason}", hint="install ganfx anew")
