"""Reading a catalogue of models: a TOML file of [[model]] blocks, strictly.

The keys of a block, and of its [[model.resources]], are those of OpenModelDB where it has one for the matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ganfx.errors import DownloadError, ModelError
from ganfx.hub.address import check_address
from ganfx.spec.parts import Name
from ganfx.spec.reading import Bounds, FieldError, read
from ganfx.toml_text import read_toml

MAX_TEXT_BYTES = 256 << 10
MAX_DOWNLOAD_BYTES = 8 << 30
# Where the catalogue does not know the size.
MAX_UNKNOWN_BYTES = 1 << 30
_GOOD_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
_SHA256 = re.compile("[0-9a-f]{64}")
# Kinds of files, those that are easiest to import first.
_PLATFORMS = ("onnx", "pytorch")
# What OpenModelDB tells of a model beside what is used here.
_UNUSED = frozenset({
    "date", "size", "tags", "inputChannels", "outputChannels", "images", "thumbnail", "trainingIterations",
    "trainingEpochs", "trainingBatchSize", "trainingHRSize", "trainingOTF", "dataset", "datasetSize",
    "pretrainedModelG", "pretrainedModelD",
})  # fmt: skip


@dataclass(frozen=True)
class Resource:
    """One file of a model, and where it is."""

    platform: Literal["onnx", "pytorch", "ncnn"]
    type: Annotated[str, Bounds(1, 20)]
    sha256: str
    urls: Annotated[tuple[str, ...], Bounds(1, 8)]
    size: Annotated[int, Bounds(1, MAX_DOWNLOAD_BYTES)] | None = None

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise FieldError("sha256", "must be 64 hexadecimal digits in lower case")
        for url in self.urls:
            try:
                check_address(url)
            except DownloadError as error:
                raise FieldError("urls", "must be https addresses") from error


@dataclass(frozen=True)
class CatalogueBlock:
    """One model that ganfx knows by name: bundled, with `file`, or to be downloaded, with `resources`."""

    name: Name
    task: Name = "unknown"
    default: bool = False
    suggested: bool = False
    refused: str = ""
    file: str = ""
    resources: Annotated[tuple[Resource, ...], Bounds(0, 16)] = ()
    aliases: Annotated[tuple[Name, ...], Bounds(0, 16)] = ()
    sets: Annotated[tuple[Name, ...], Bounds(0, 16)] = ()
    scale: Annotated[int, Bounds(1, 64)] | None = None
    architecture: str = ""
    author: str = ""
    license: str = "unknown"
    description: str = ""

    def __post_init__(self) -> None:
        if not is_good_name(self.name):
            raise FieldError("name", "must be of letters, digits, and any of . _ + -")
        if bool(self.file) == bool(self.resources):
            raise FieldError("file", "or resources must be there, and not both")
        if self.file and not (self.file.endswith(".onnx") and is_good_name(self.file)):
            raise FieldError("file", "must be the plain name of an .onnx file")
        if self.resources and not self.download:
            raise FieldError("resources", f"must have one whose platform is {' or '.join(_PLATFORMS)}")

    @property
    def download(self) -> Resource | None:
        """The file to fetch: ONNX where there is one. None for a bundled model."""
        return next((one for kind in _PLATFORMS for one in self.resources if one.platform == kind), None)


Blocks = tuple[CatalogueBlock, ...]


def is_good_name(name: str) -> bool:
    """Whether a model, or a file of one, may be called so."""
    return bool(_GOOD_NAME.fullmatch(name))


def read_catalogue(text: str, *, where: str = "the catalog of models", hint: str = "install ganfx anew") -> Blocks:
    """The blocks in `text`, in its order. Raises ModelError where it is damaged, in one line that names the place.

    where, hint: what the error calls the catalogue, and what to do about it.
    """
    try:
        return _blocks(text)
    except ValueError as error:
        raise ModelError(f"{where} is damaged: {error}", hint=hint) from error


def read_block(stored: object) -> CatalogueBlock:
    """The block with the keys and values of `stored`, ganfx's and OpenModelDB's. Raises FieldError."""
    block: CatalogueBlock = read(CatalogueBlock, _adapted(stored))
    return block


def _blocks(text: str) -> Blocks:
    if len(text) > MAX_TEXT_BYTES:
        raise ValueError(f"is longer than {MAX_TEXT_BYTES >> 10} KiB")
    try:
        stored = read_toml(text)
    except ValueError as error:
        raise ValueError(f"is no TOML: {error}") from error
    blocks = stored.pop("model", [])
    if stored or not isinstance(blocks, list):
        raise ValueError("must have [[model]] blocks, and nothing else")
    found: dict[str, CatalogueBlock] = {}
    for number, block in enumerate(blocks, 1):
        try:
            entry = read_block(block)
        except FieldError as error:
            raise ValueError(f"block {number}: {error.field} {error.reason}") from error
        if entry.name in found:
            raise ValueError(f"block {number}: {entry.name} is there twice")
        found[entry.name] = entry
    return tuple(found.values())


def _adapted(stored: object) -> object:
    """OpenModelDB's block without what is not used, with several authors as one text, and without what is null."""
    if not isinstance(stored, dict):
        return stored
    kept: dict[str, Any] = {key: value for key, value in stored.items() if key not in _UNUSED and value is not None}
    authors = kept.get("author")
    if isinstance(authors, list) and all(isinstance(one, str) for one in authors):
        kept["author"] = ", ".join(authors)
    return kept
