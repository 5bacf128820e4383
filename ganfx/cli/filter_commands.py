"""One command for each filter, made from its declaration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.cli.interrupt import interruptible
from ganfx.cli.mask_options import as_mask_source, finder_options, mask_options
from ganfx.cli.options import as_engine_options, engine_options
from ganfx.errors import OptionError
from ganfx.files import WRITABLE
from ganfx.filters import Filter, Option

if TYPE_CHECKING:
    from ganfx.batch.plan import Item
    from ganfx.batch.process import Outcome
    from ganfx.files import MaskSource
    from ganfx.pipeline import Work

SOME_FAILED = 3
_EXTENSIONS = sorted(suffix.lstrip(".") for suffix in WRITABLE)
_FORMAT_HELP = f"Write another format: {', '.join(_EXTENSIONS)}."

_EPILOG = """\b
Examples:
  {example}
  ganfx {name} in.png{mask} -o out.png
  ganfx {name} FOLDER{masks} -o RESULTS -f png
"""


def _flag(option: Option) -> Callable[[Any], Any]:
    names = [f"--{option.name.replace('_', '-')}"] + ([f"-{option.letter}"] if option.letter else [])
    shown = option.default not in (None, ()) and not option.selects_model
    return click.option(
        *names,
        option.name,
        type=_kind(option),
        default=option.default,
        show_default=shown,
        help=option.help,
        metavar=option.metavar,
        multiple=option.repeatable,
        is_flag=option.kind is bool,
    )


def _kind(option: Option) -> Any:
    if option.choices:
        return click.Choice(option.choices)
    if option.bounds:
        low, high = option.bounds
        return click.IntRange(int(low), int(high)) if option.kind is int else click.FloatRange(low, high)
    return option.kind if isinstance(option.kind, type) else str


def filter_command(filter_: Filter) -> click.Command:
    """The command that runs `filter_` over files and folders."""

    def callback(**arguments: Any) -> int:
        engine = as_engine_options(
            *(arguments.pop(name) for name in ("provider", "precision", "gpu", "tile", "overlap"))
        )
        options = {option.name: arguments.pop(option.name) for option in filter_.options}
        masks = None
        if filter_.needs_mask:
            masks = as_mask_source(filter_.name, arguments.pop("mask"), arguments.pop("mask_color"))
        return _run(filter_, options, engine, masks, **arguments)

    command: Any = engine_options(callback)
    masking = mask_options() if filter_.needs_mask else finder_options() if filter_.finder else []
    for decorate in reversed([*_files_options(), *masking, *map(_flag, filter_.options), _model_option()]):
        command = decorate(command)
    mask, masks = (" --mask mask.png", " --mask MASKS") if filter_.needs_mask else ("", "")
    epilog = _EPILOG.format(name=filter_.name, example=filter_.example, mask=mask, masks=masks)
    decorated: click.Command = click.command(filter_.name, help=filter_.help, epilog=epilog)(command)
    return decorated


def _model_option() -> Callable[[Any], Any]:
    return click.option("-n", "--model", metavar="NAME|FILE", help="A model from `ganfx models`, or an ONNX file.")


def _files_options() -> list[Callable[[Any], Any]]:
    return [
        click.argument("files", nargs=-1),
        click.option("-i", "--input", "inputs", multiple=True, metavar="FILE|DIR", help="The same as naming it."),
        click.option("-o", "--output", type=click.Path(path_type=Path), help="A file for one picture, or a folder."),
        click.option("-f", "--format", "extension", type=click.Choice(_EXTENSIONS), metavar="EXT", help=_FORMAT_HELP),
        click.option("-q", "--quality", type=click.IntRange(1, 100), help="Of JPEG, WebP and AVIF."),
        click.option("--overwrite", is_flag=True, help="Replace outputs that exist."),
        click.option("--strip-metadata", is_flag=True, help="Leave EXIF, XMP and IPTC out; the colour profile stays."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object per file on standard output."),
        click.option("--quiet", is_flag=True, help="Say nothing but errors."),
    ]


def _run(
    filter_: Filter,
    options: dict[str, Any],
    engine: Any,
    masks: MaskSource | None,
    *,
    model: str | None,
    files: tuple[str, ...],
    inputs: tuple[str, ...],
    output: Path | None,
    extension: str | None,
    quality: int | None,
    overwrite: bool,
    strip_metadata: bool,
    as_json: bool,
    quiet: bool,
    finder: str | None = None,
    save_mask: Path | None = None,
) -> int:
    from ganfx import pipeline
    from ganfx.batch.run import run
    from ganfx.cli.progress import reporter
    from ganfx.files import SaveOptions

    names = [*inputs, *files]
    if not names:
        raise click.UsageError(f"name the pictures: ganfx {filter_.name} photo.jpg")
    work = pipeline.plan(filter_.name, options, model=model, finder=finder, engine=engine)
    items = _plan(names, work, output, extension, masks, save_mask)
    save = SaveOptions(quality=quality, strip_metadata=strip_metadata)
    with interruptible() as interrupt, reporter(len(items), work.engine.device, quiet=quiet) as report:

        def progress(item: Item, share: float) -> None:
            interrupt.check()
            report.progress(item, share)

        outcomes = run(items, work, save, overwrite=overwrite, progress=progress)
        return SOME_FAILED if _tell(outcomes, report, as_json) else 0


def _tell(outcomes: Iterable[Outcome], report: Any, as_json: bool) -> int:
    """Report each outcome as it comes; the number of failures."""
    failed = 0
    for outcome in outcomes:
        failed += outcome.error is not None
        report.finished(outcome)
        if as_json:
            click.echo(json.dumps(outcome.as_json()))
    return failed


def _plan(
    names: list[str],
    work: Work,
    output: Path | None,
    extension: str | None,
    masks: MaskSource | None,
    save_mask: Path | None,
) -> list[Item]:
    from ganfx.batch.masks import assign_mask_targets, assign_masks, without_mask
    from ganfx.batch.plan import assign_targets, find_sources
    from ganfx.files import is_picture, writable_suffix

    sources = find_sources(names, is_picture)
    if masks:
        sources = without_mask(sources, masks)
    several = len(sources) > 1 or any(Path(name).is_dir() for name in names)
    into_folder = output is not None and (several or output.is_dir() or not output.suffix)
    if several and output is not None and output.is_file():
        raise OptionError(f"{output}: is a file, but there are several pictures", hint="give -o a folder")
    suffix = f"_{work.filter.result_suffix(work.engine.spec)}"
    chosen = f".{extension}" if extension else None
    items = assign_targets(sources, output, suffix, lambda path: chosen or writable_suffix(path), into_folder)
    if masks:
        items = assign_masks(items, masks, is_picture)
    if save_mask:
        items = assign_mask_targets(items, save_mask, several)
    if output is not None and into_folder:
        output.mkdir(parents=True, exist_ok=True)
    for item in items:
        if item.mask_target:
            item.mask_target.parent.mkdir(parents=True, exist_ok=True)
    return items
