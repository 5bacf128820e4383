"""A command over files and folders: planned, run, and told about."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ganfx.cli.file_options import FileArguments
from ganfx.cli.interrupt import interruptible
from ganfx.errors import ItemError, OptionError

if TYPE_CHECKING:
    from ganfx.batch.item_runner import ItemRunner
    from ganfx.batch.items import Item
    from ganfx.batch.process import Outcome
    from ganfx.batch.report import HtmlReport
    from ganfx.batch.stage_limits import StageLimits
    from ganfx.cli.progress import Reporter
    from ganfx.files import MaskSource
    from ganfx.pipeline import Chooser


def run_batch(
    command: str,
    open_chooser: Callable[[], Chooser],
    given: FileArguments,
    masks: MaskSource | None = None,
    save_mask: Path | None = None,
) -> int:
    """Do for all that was `given` what `open_chooser` opens; the exit status. `command` is its name, for examples."""
    from ganfx.batch.item_runner import ItemRunner, OverwritePolicy
    from ganfx.batch.items import check_template
    from ganfx.batch.stage_limits import StageLimits
    from ganfx.files import SaveOptions

    if not given.names:
        raise click.UsageError(f"name the pictures: ganfx {command} photo.jpg")
    if given.name is not None:
        check_template(given.name)
    save = SaveOptions(quality=given.quality, strip_metadata=given.strip_metadata)
    chooser = open_chooser()
    plan = _plan(given, chooser, masks, save_mask)
    with ItemRunner(chooser, save, OverwritePolicy(given.overwrite, given.skip_existing)) as runner:
        return _run(plan, runner, given.lanes or StageLimits.fitting(chooser), given)


def _run(plan: _Plan, runner: ItemRunner, lanes: StageLimits, given: FileArguments) -> int:
    from ganfx.batch.run import run
    from ganfx.cli.progress import Level, reporter

    level = Level.QUIET if given.quiet else Level.VERBOSE if given.verbose or given.dry_run else Level.NORMAL
    with interruptible() as interrupt, reporter(len(plan.items), runner.chooser.device, level) as report:
        report.say(f"{len(plan.items)} pictures, lanes {lanes}, on {runner.chooser.device}", Level.VERBOSE)
        for line in plan.notes:
            report.say(f"note: {line}")

        def progress(item: Item, share: float) -> None:
            interrupt.check()
            report.progress(item, share)

        outcomes = run(plan.items, runner, limits=lanes, fail_fast=given.fail_fast, progress=progress)
        with _page(given, len(plan.items), runner.chooser.device) as page:
            _tell(runner.foreseen(plan.items) if given.dry_run else outcomes, report, given.as_json, page)
        for line in runner.notes:
            report.say(f"note: {line}")
        return ItemError.exit_status if report.has_failures else 0


def _page(given: FileArguments, total: int, device: str) -> HtmlReport | contextlib.nullcontext[None]:
    """The page to be written, if there is to be one."""
    from ganfx.batch.report import HtmlReport

    if given.report is None or given.dry_run:
        return contextlib.nullcontext()
    return HtmlReport(given.report, total, device, overwrite=given.overwrite)


def _tell(outcomes: Iterable[Outcome], report: Reporter, as_json: bool, page: HtmlReport | None) -> None:
    """HtmlReport each outcome as it comes."""
    for outcome in outcomes:
        report.finished(outcome)
        if page:
            page.add(outcome)
        if as_json:
            click.echo(json.dumps(outcome.as_json()))


class _Plan(NamedTuple):
    items: list[Item]
    notes: list[str]


def _plan(given: FileArguments, chooser: Chooser, masks: MaskSource | None, save_mask: Path | None) -> _Plan:
    from ganfx.batch.inputs import find_inputs, without_results
    from ganfx.batch.items import Naming, assign_targets
    from ganfx.batch.masks import assign_mask_targets, assign_masks, without_mask
    from ganfx.files import is_picture, writable_suffix

    found = find_inputs(given.names, is_picture, recursive=given.recursive, leave_out=given.output)
    inputs = without_results(found)
    if not inputs:
        raise OptionError("these are all results of earlier runs", hint="name those that are to be worked on again")
    if masks:
        inputs = without_mask(inputs, masks)
    several = len(inputs) > 1 or any(Path(name).is_dir() for name in given.names)
    chosen = f".{given.extension}" if given.extension else None
    naming = Naming(chooser.names, given.name, lambda path: chosen or writable_suffix(path))
    items = assign_targets(inputs, given.output, naming, into_folder=_is_folder(given, several))
    if masks:
        items = assign_masks(items, masks, is_picture)
    if save_mask:
        items = assign_mask_targets(items, save_mask, several)
    left_out = len(found) - len(inputs)
    return _Plan(items, [f"{left_out} results of earlier runs are left out"] if left_out else [])


def _is_folder(given: FileArguments, several: bool) -> bool:
    """Whether -o names a folder. Raises OptionError where it cannot."""
    output = given.output
    if output is None:
        return False
    if several and output.is_file():
        raise OptionError(f"{output}: is a file, but there are several pictures", hint="give -o a folder")
    into_folder = several or output.is_dir() or not output.suffix
    if given.name is not None and not into_folder:
        raise OptionError(f"-o {output} and --name both name the result", hint="give -o a folder")
    return into_folder
