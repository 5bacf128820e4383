"""Options that every command over files and folders shares."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from ganfx.batch.patience import WAIT_S
from ganfx.batch.shards import Shard
from ganfx.batch.stage_limits import StageLimits
from ganfx.cli.help_groups import FILES, RUN, Decorator, headed
from ganfx.cli.options import lanes_option, log_option, max_pixels_option
from ganfx.files import WRITABLE, Icc
from ganfx.stores.addresses import is_address

if TYPE_CHECKING:
    from ganfx.batch import BatchOptions
    from ganfx.files import SaveOptions

_EXTENSIONS = sorted(suffix.lstrip(".") for suffix in WRITABLE)
_INPUT_HELP = "The same as naming it as an argument; - is standard input."
_FROM_HELP = "Read names of files and folders from a file, one a line, or from standard input."
_OUTPUT_HELP = "A folder, or a file for one picture; - is standard output."
_FORMAT_HELP = f"Write another format: {', '.join(_EXTENSIONS)}."
_QUALITY_HELP = "Of JPEG, WebP, AVIF, HEIC and JPEG XL; 100 is lossless but in JPEG."
_ICC_HELP = "The color space of results: srgb or p3 converts into it, keep leaves that of the picture.  [default: keep]"
_NAME_HELP = (
    "Template for the names of results, of {stem} {suffix} {filter} {model} {scale} {candidate} {ext}.  "
    "[default: {stem}_{suffix}{ext}, in another folder {stem}{ext}]"
)
_FRAME_HELP = "Take this frame of an animation, counted from 1, as a picture of its own."
_LANES_HELP = (
    "So many pictures at once, or as OPEN:FILTER:ENCODE how many in each stage. More need more memory; "
    "on a CPU the filter uses all of it for one.  [default: 1, with a GPU 2:4:4]"
)
_SHARD_HELP = (
    "Make only part K of N, from 0: each machine another one, without talking. auto reads the numbers of Slurm, AWS "
    "Batch or Kubernetes (which says no N: auto/N)."
)
_REPORT_HELP = "Write a web page that shows each picture before and after under a slider, with its figures."


class Level(IntEnum):
    """How much is reported on the terminal."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


def saving_options(heading: str) -> list[Decorator]:
    """How results are encoded."""
    option = headed(heading)
    return [
        option("-f", "--format", "extension", type=click.Choice(_EXTENSIONS), metavar="EXT", help=_FORMAT_HELP),
        option("--quality", type=click.IntRange(1, 100), metavar="N", help=_QUALITY_HELP),
        option(
            "--lossless", is_flag=True, help="Keep all samples as they are: an error for JPEG, GIF and Radiance HDR."
        ),
        option("--icc", type=click.Choice(get_args(Icc)), metavar="WHICH", help=_ICC_HELP),
        option("--strip-metadata", is_flag=True, help="Leave out EXIF, XMP and IPTC; the color profile stays."),
    ]


def take_saving_options(arguments: dict[str, Any]) -> SaveOptions:
    """How to save, as the options of `saving_options` among a command's `arguments` say."""
    from ganfx.files import SaveOptions

    return SaveOptions(
        quality=arguments["quality"],
        lossless=arguments["lossless"],
        icc=arguments["icc"] or "keep",
        strip_metadata=arguments["strip_metadata"],
    )


def file_options() -> list[Decorator]:
    """The options of a command over files and folders; `FileArguments.take` reads them back."""
    file, run = headed(FILES), headed(RUN)
    return [
        file("-i", "--input", "inputs", multiple=True, metavar="FILE|DIR", help=_INPUT_HELP),
        file("--files-from", metavar="FILE|-", help=_FROM_HELP),
        file(
            "-0", "--null", is_flag=True, help="Names in --files-from end with a zero byte, as find -print0 has them."
        ),
        file("-o", "--output", type=click.Path(), help=_OUTPUT_HELP),
        file("-r", "--recursive", is_flag=True, help="Search sub-folders too, and mirror them in the output."),
        *saving_options(FILES),
        file("--name", metavar="TEMPLATE", help=_NAME_HELP),
        file("--frame", type=click.IntRange(1), metavar="N", help=_FRAME_HELP),
        file("--overwrite", is_flag=True, help="Replace results that exist and are not up to date."),
        file("--skip-existing", is_flag=True, help="Leave results that exist alone, whatever made them."),
        max_pixels_option(FILES),
        file("--report", type=click.Path(path_type=Path), metavar="FILE.html", help=_REPORT_HELP),
        run("--dry-run", is_flag=True, help="Only say what would be done."),
        run("--shard", callback=_shard, metavar="K/N|auto", help=_SHARD_HELP),
        run("--fail-fast", is_flag=True, help="Start no more pictures after one has failed."),
        run(
            "--max-failures",
            type=click.IntRange(0),
            metavar="N",
            help="Start no more pictures after more than N have failed.",
        ),
        lanes_option(_LANES_HELP),
        run(
            "--wait",
            "wait_s",
            type=click.FloatRange(0),
            default=WAIT_S,
            metavar="SECONDS",
            show_default=True,
            help="How long to wait for results that another run is making.",
        ),
        run("--json", "as_json", is_flag=True, help="Print one JSON object per file on standard output."),
        log_option(),
        run("-q", "--quiet", is_flag=True, help="Print errors only."),
        run("-v", "--verbose", is_flag=True, help="Print more: what is up to date, skipped or left out."),
    ]


def _shard(context: click.Context, parameter: click.Parameter, value: str | None) -> Shard | None:
    return Shard.parse(value) if value else None


def files_argument() -> Decorator:
    """The files, folders and patterns to work on."""
    return click.argument("files", nargs=-1, type=click.Path())


@dataclass(frozen=True)
class FileArguments:
    """The values of `files_argument` and `file_options`; `address` is the output where it is in a store."""

    files: tuple[str, ...]
    inputs: tuple[str, ...]
    files_from: str | None
    null: bool
    output: Path | None
    recursive: bool
    extension: str | None
    name: str | None
    quality: int | None
    lossless: bool
    icc: Icc | None
    strip_metadata: bool
    frame: int | None
    overwrite: bool
    skip_existing: bool
    dry_run: bool
    fail_fast: bool
    max_failures: int | None
    lanes: StageLimits | None
    wait_s: float
    report: Path | None
    shard: Shard | None
    as_json: bool
    quiet: bool
    verbose: bool
    recorded: bool = True
    into_folder: bool = False
    address: str | None = None

    @classmethod
    def take(cls, arguments: dict[str, Any]) -> FileArguments:
        """Move the values out of a command's `arguments`. Raises UsageError for options that exclude each other."""
        output = arguments.pop("output")
        arguments["address"] = output if output is not None and is_address(output) else None
        arguments["output"] = None if output is None or arguments["address"] else Path(output)
        given = (field.name for field in fields(cls) if field.name in arguments)
        taken = cls(**{name: arguments.pop(name) for name in list(given)})
        if output is not None and output.endswith(("/", os.sep)):
            taken = dataclasses.replace(taken, into_folder=True)
        for one, other in (("overwrite", "skip_existing"), ("quiet", "verbose")):
            if getattr(taken, one) and getattr(taken, other):
                names = (f"--{name.replace('_', '-')}" for name in (one, other))
                raise click.UsageError(" and ".join(names) + " exclude each other")
        return taken

    def batch_options(self, **own: Any) -> BatchOptions:
        """These options as the library takes them, with a command's `own` fields of `BatchOptions`."""
        from ganfx.batch import BatchOptions

        return BatchOptions(
            output=self.output,
            recursive=self.recursive,
            format=self.extension,
            name=self.name,
            quality=self.quality,
            lossless=self.lossless,
            icc=self.icc,
            strip_metadata=self.strip_metadata,
            frame=self.frame,
            overwrite=self.overwrite,
            skip_existing=self.skip_existing,
            limits=self.lanes,
            max_failures=0 if self.fail_fast else self.max_failures,
            report=self.report,
            shard=self.shard,
            wait_s=self.wait_s,
            recorded=self.recorded,
            into_folder=self.into_folder,
            **own,
        )

    @property
    def level(self) -> Level:
        """How much to report on the terminal."""
        return Level.QUIET if self.quiet else Level.VERBOSE if self.verbose or self.dry_run else Level.NORMAL

    @property
    def is_told(self) -> bool:
        """Whether a person is told of results, beside errors."""
        return not (self.quiet or self.as_json or self.dry_run)

    def names(self) -> list[str]:
        """All files, folders and patterns, in their order. Raises UsageError where a list of them cannot be read."""
        return [*self.inputs, *self.files, *self._listed()]

    def _listed(self) -> list[str]:
        if self.files_from is None:
            return []
        try:
            with click.open_file(self.files_from, "rb") as file:
                names = file.read().split(b"\0" if self.null else b"\n")
        except OSError as error:
            raise click.UsageError(
                f"--files-from {self.files_from}: {(error.strerror or str(error)).lower()}"
            ) from error
        found = [os.fsdecode(name if self.null else name.removesuffix(b"\r")) for name in names]
        return [name for name in found if name]
