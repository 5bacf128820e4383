"""What the user says about a batch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.patience import WAIT_S
from ganfx.batch.recipes import Recipe
from ganfx.batch.shards import Shard
from ganfx.batch.stage_limits import StageLimits
from ganfx.errors import OptionError
from ganfx.files import Icc, MaskSource, SaveOptions


@dataclass(frozen=True)
class BatchOptions:
    """How a batch finds its pictures, and how it names and writes their results.

    output: a folder, or a file for a single picture; None puts each result beside its picture.
    recursive: look into sub-folders too, and mirror them in `output`.
    format: the suffix of results without its dot; None keeps the picture's format where it can be written.
    name: a template for the names of results, see `NameTemplate`; None chooses, see `Naming`.
    quality: 1..100, of formats that have one; None is the default of the format.
    lossless: keep all samples as they are; formats that cannot do that are refused.
    icc: the color space of results, see `SaveOptions`; None is keep.
    strip_metadata: leave out EXIF, XMP and IPTC; the color profile stays.
    frame: take this frame of animations, counted from 1, as a single picture; None takes all of them.
    overwrite: replace results that exist and are not up to date; without it they are errors.
    skip_existing: leave results that exist alone, whatever made them; excludes `overwrite`.
    mask: where to work, for recipes with a step that needs a mask.
    mask_output: a file or folder for the masks that a step finds; None does not keep them.
    candidates: 1..CANDIDATES results for each picture, with seeds that count up; for recipes with a step that has one.
    sheet: a file or folder for contact sheets of the picture and its candidates.
    limits: pictures per stage; None fits them to the device.
    max_failures: start no more pictures after more than so many have failed; None goes on whatever fails.
    report: an HTML page to write, with each picture before and after.
    wait_s: seconds to wait, after all others, for results that another run is making; they fail after that.
    recorded: keep a journal of the results, so that none is made twice.
    into_folder: `output` is a folder, whatever it is called.
    shard: make only the pictures of this part; names are those of the whole batch.
    """

    output: Path | None = None
    recursive: bool = False
    format: str | None = None
    name: str | None = None
    quality: int | None = None
    lossless: bool = False
    icc: Icc | None = None
    strip_metadata: bool = False
    frame: int | None = None
    overwrite: bool = False
    skip_existing: bool = False
    mask: MaskSource | None = None
    mask_output: Path | None = None
    candidates: int = 1
    sheet: Path | None = None
    limits: StageLimits | None = None
    max_failures: int | None = None
    report: Path | None = None
    wait_s: float = WAIT_S
    recorded: bool = True
    into_folder: bool = False
    shard: Shard | None = None

    def filled_from(self, recipe: Recipe) -> BatchOptions:
        """These options with what `recipe` says about saving wherever they say nothing."""
        return dataclasses.replace(
            self,
            format=self.format or recipe.format,
            name=self.name or recipe.name,
            quality=self.quality or recipe.quality,
            lossless=self.lossless or recipe.lossless,
            icc=self.icc or recipe.icc,
            strip_metadata=self.strip_metadata or recipe.strip_metadata,
        )

    def names_folder(self, *, several: bool) -> bool:
        """Whether `output` names a folder, for one picture or for `several`. Raises OptionError where it cannot."""
        output = self.output
        if output is None:
            return False
        if several and output.is_file():
            raise OptionError(f"{output}: is a file, but there are several pictures", hint="give -o a folder")
        into_folder = self.into_folder or several or output.is_dir() or not output.suffix
        if self.name is not None and not into_folder:
            raise OptionError(f"-o {output} and --name both name the result", hint="give -o a folder")
        return into_folder

    @property
    def saving(self) -> SaveOptions:
        """How results are saved. Raises OptionError where a value is out of range."""
        return SaveOptions(self.quality, self.lossless, self.icc or "keep", self.strip_metadata)
