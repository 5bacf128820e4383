"""What every command over files and folders may be told about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.batch.stage_limits import StageLimits
from ganfx.cli.options import lanes_option
from ganfx.files import WRITABLE

if TYPE_CHECKING:
    from ganfx.batch import BatchOptions
    from ganfx.files import MaskSource

_EXTENSIONS = sorted(suffix.lstrip(".") for suffix in WRITABLE)
_FORMAT_HELP = f"Write another format: {', '.join(_EXTENSIONS)}."
_NAME_HELP = (
    "How results are called, of {stem} {suffix} {filter} {model} {scale} {ext}.  "
    "[default: {stem}_{suffix}{ext}, in another folder {stem}{ext}]"
)
_LANES_HELP = (
    "Pictures at once: being opened, in the filter, being encoded. More take more memory; "
    "on a processor the filter takes all of it for one.  [default: 1:1:1, with a GPU 2:4:4]"
)
_REPORT_HELP = "Write a page that shows each picture before and after under a slider, with its figures."


class Level(IntEnum):
    """How much is reported on the terminal."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


def file_options() -> list[Callable[[Any], Any]]:
    """The options, to be laid over a command from the last to the first; `FileArguments.take` reads them back."""
    return [
        click.argument("files", nargs=-1),
        click.option("-i", "--input", "inputs", multiple=True, metavar="FILE|DIR", help="The same as naming it."),
        click.option("-o", "--output", type=click.Path(path_type=Path), help="A file for one picture, or a folder."),
        click.option("-r", "--recursive", is_flag=True, help="Look into folders' folders too, and mirror them."),
        click.option("-f", "--format", "extension", type=click.Choice(_EXTENSIONS), metavar="EXT", help=_FORMAT_HELP),
        click.option("--name", metavar="TEMPLATE", help=_NAME_HELP),
        click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, WebP and AVIF."),
        click.option("--strip-metadata", is_flag=True, help="Leave EXIF, XMP and IPTC out; the color profile stays."),
        click.option("--overwrite", is_flag=True, help="Replace outputs that exist and are not up to date."),
        click.option("--skip-existing", is_flag=True, help="Leave outputs that exist alone, whatever made them."),
        click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing."),
        click.option("--fail-fast", is_flag=True, help="Begin no more pictures once one has failed."),
        lanes_option(_LANES_HELP),
        click.option("--report", type=click.Path(path_type=Path), metavar="FILE.html", help=_REPORT_HELP),
        click.option("--json", "as_json", is_flag=True, help="One JSON object per file on standard output."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("-v", "--verbose", is_flag=True, help="Say more: what is up to date, skipped or left out."),
    ]


@dataclass(frozen=True)
class FileArguments:
    """What was said by `file_options`."""

    files: tuple[str, ...]
    inputs: tuple[str, ...]
    output: Path | None
    recursive: bool
    extension: str | None
    name: str | None
    quality: int | None
    strip_metadata: bool
    overwrite: bool
    skip_existing: bool
    dry_run: bool
    fail_fast: bool
    lanes: StageLimits | None
    report: Path | None
    as_json: bool
    quiet: bool
    verbose: bool

    @classmethod
    def take(cls, arguments: dict[str, Any]) -> FileArguments:
        """Move what belongs here out of a command's `arguments`. Raises UsageError for what excludes each other."""
        taken = cls(**{field.name: arguments.pop(field.name) for field in fields(cls)})
        for one, other in (("overwrite", "skip_existing"), ("quiet", "verbose")):
            if getattr(taken, one) and getattr(taken, other):
                names = (f"--{name.replace('_', '-')}" for name in (one, other))
                raise click.UsageError(" and ".join(names) + " exclude each other")
        return taken

    def batch_options(self, *, mask: MaskSource | None = None, mask_output: Path | None = None) -> BatchOptions:
        """What the library is told of these options."""
        from ganfx.batch import BatchOptions

        return BatchOptions(
            output=self.output,
            recursive=self.recursive,
            format=self.extension,
            name=self.name,
            quality=self.quality,
            strip_metadata=self.strip_metadata,
            overwrite=self.overwrite,
            skip_existing=self.skip_existing,
            mask=mask,
            mask_output=mask_output,
            limits=self.lanes,
            fail_fast=self.fail_fast,
            report=self.report,
        )

    @property
    def level(self) -> Level:
        """How much to report on the terminal."""
        return Level.QUIET if self.quiet else Level.VERBOSE if self.verbose or self.dry_run else Level.NORMAL

    @property
    def names(self) -> list[str]:
        """All files, folders and patterns, in their order."""
        return [*self.inputs, *self.files]
