"""One model: installed, or known from a catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganfx.spec import ModelSpec

# Parts of license identifiers that forbid commercial use.
_NON_COMMERCIAL = frozenset({"nc", "noncommercial"})


@dataclass(frozen=True)
class ModelEntry:
    """One model: installed, or known from a catalogue."""

    name: str
    """The model's name on the command line; of an installed model that of its file."""
    task: str = "unknown"
    """The filter it serves, from its contract or the catalogue."""
    scale: int | None = None
    """Output pixels per input pixel and side; None where it is not known."""
    origin: Literal["bundled", "user", "download"] = "user"
    """bundled: ships with ganfx; user: in the user's models folder; download: in a catalogue only."""
    license: str = "unknown"
    """SPDX identifier of the weights' license."""
    description: str = ""
    """One sentence for people: what it is for."""
    default: bool = False
    """Whether it is what its task takes where no model is named."""
    suggested: bool = False
    """Whether people are told once that it can be fetched, since what ships for its task is smaller."""
    refused: str = ""
    """Why it is not pulled: ganfx would not run it rightly. Empty where it is."""
    size_bytes: int | None = None
    """Size of the file, or of the download; None where it is not known."""
    path: Path | None = None
    """The ONNX file; None where it is not installed."""
    spec: ModelSpec | None = None
    """Its contract; None where it is not installed, or its file carries none."""
    problem: str = ""
    """Why an installed file cannot be used; empty where it can."""
    file: str = ""
    """Name in `WEIGHTS` of a bundled model; else empty."""
    urls: tuple[str, ...] = ()
    """Where it is downloaded from, the first that has it; empty where that is not known."""
    sha256: str = ""
    """Checksum of the download, in hex; else empty."""
    aliases: tuple[str, ...] = ()
    """Other names that people know it by."""
    sets: tuple[str, ...] = ()
    """Names of the sets that it is part of."""
    architecture: str = ""
    """What kind of network it is; empty where that is not known."""
    author: str = ""
    """Who made it; empty where that is not known."""

    @property
    def installed(self) -> bool:
        return self.path is not None

    @property
    def non_commercial(self) -> bool:
        """Whether the license forbids commercial use."""
        return not _NON_COMMERCIAL.isdisjoint(self.license.casefold().split("-"))
