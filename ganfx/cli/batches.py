"""Runs a batch for a command: the options given, one call to the library, and what it reports on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganfx.cli.file_options import FileArguments, Level
from ganfx.cli.interrupt import interruptible
from ganfx.cli.pipes import piped
from ganfx.cli.terminal import show_json, tell
from ganfx.errors import ItemError
from ganfx.stores.addresses import is_address

if TYPE_CHECKING:
    from ganfx.batch import Batch, BatchOptions
    from ganfx.batch.items import Item
    from ganfx.batch.recipes import Recipe
    from ganfx.engine import EngineOptions
    from ganfx.files import MaskSource
    from ganfx.stores import StoreBatch


def run_batch(
    command: str,
    recipe: Recipe,
    arguments: FileArguments,
    engine: EngineOptions,
    *,
    mask: MaskSource | None = None,
    mask_output: Path | None = None,
    candidates: int = 1,
    sheet: Path | None = None,
) -> int:
    """Run all files in `arguments` through `recipe`; the exit status. `command` is the command's name, for errors."""
    names = arguments.names()
    if not names:
        raise click.UsageError(f"name the pictures: ganfx {command} photo.jpg")
    if arguments.address or any(map(is_address, names)):
        options = arguments.batch_options(mask=mask, mask_output=mask_output, candidates=candidates, sheet=sheet)
        return _run_stores(command, recipe, arguments, names, options, engine)
    with piped(arguments, names, alpha=recipe.adds_alpha) as (changed, files):
        options = changed.batch_options(mask=mask, mask_output=mask_output, candidates=candidates, sheet=sheet)
        return _run(changed, files, recipe, options, engine)


def _run(
    arguments: FileArguments, names: list[str], recipe: Recipe, options: BatchOptions, engine: EngineOptions
) -> int:
    from ganfx.batch import plan_batch

    return _report(plan_batch(names, recipe, options, engine=engine, on_note=_early_note(arguments)), arguments)


def _run_stores(
    command: str,
    recipe: Recipe,
    arguments: FileArguments,
    names: list[str],
    options: BatchOptions,
    engine: EngineOptions,
) -> int:
    from ganfx.stores import plan_stores

    output = arguments.address or (str(arguments.output) if arguments.output else None)
    if output is None:
        raise click.UsageError(f"say where results go: ganfx {command} {names[0]} -o s3://bucket/folder")
    return _report(plan_stores(names, output, recipe, options, engine=engine), arguments)


def _report(batch: Batch | StoreBatch, arguments: FileArguments) -> int:
    """Run the batch, or say what it would do; the exit status."""
    from ganfx.cli.progress import reporter

    with interruptible() as interrupt, reporter(batch.total, batch.device, arguments.level) as report:
        report.say(f"{batch.title}, lanes {batch.limits}, on {batch.device}", Level.VERBOSE)
        for note in batch.notes:
            report.say(f"note: {note}")

        def progress(item: Item, share: float, megapixels: float, frames: int) -> None:
            interrupt.check()
            report.expect(batch.total)
            report.progress(item, share, megapixels, frames)

        def on_note(note: str) -> None:
            report.say(f"note: {note}")

        for outcome in batch.dry_run() if arguments.dry_run else batch.run(progress, on_note):
            report.finished(outcome)
            if arguments.as_json:
                show_json(outcome.as_json())
        return ItemError.exit_status if report.has_failures else 0


def _early_note(arguments: FileArguments) -> Callable[[str], None]:
    """What prints a note before there is a reporter."""
    return lambda note: None if arguments.level == Level.QUIET else tell(f"note: {note}")
