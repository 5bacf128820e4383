"""A batch in one call: find the pictures, name their results, run them and report on them."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganfx.atomic import reason_of
from ganfx.batch.candidates import WaitingSheets, assign_sheets, told_once
from ganfx.batch.earlier_results import without_results
from ganfx.batch.inputs import Input, Skipped, find_inputs
from ganfx.batch.item_runner import ItemRunner, OverwritePolicy
from ganfx.batch.items import Item, Naming, assign_targets
from ganfx.batch.masks import assign_mask_targets, assign_masks, without_mask
from ganfx.batch.name_template import NameTemplate
from ganfx.batch.options import BatchOptions
from ganfx.batch.patience import Note, Patience
from ganfx.batch.process import FAILED, POSTPONED, Outcome
from ganfx.batch.recipes import Recipe, find_recipe
from ganfx.batch.report import HtmlReport
from ganfx.batch.run import ItemProgress, run
from ganfx.batch.stage_limits import StageLimits
from ganfx.batch.unrecorded import UnrecordedRunner
from ganfx.batch.wording import counted, is_or_are
from ganfx.errors import OptionError, UnreadableError
from ganfx.files import MaskSource, is_picture, writable_suffix
from ganfx.filters import CANDIDATES
from ganfx.pipeline import Chooser, EngineOptions


@dataclass(frozen=True)
class Batch:
    """A batch that is planned and not run: its items with their targets, and the networks to run them through.

    sheets: contact sheets of the items.
    notes: what the user should know about the plan.
    unread: the folders and files in folders that cannot be read, as outcomes that failed.
    """

    items: tuple[Item, ...]
    chooser: Chooser
    options: BatchOptions
    limits: StageLimits
    sheets: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[Outcome, ...] = ()

    @property
    def total(self) -> int:
        """How many outcomes there will be."""
        return len(self.items) + len(self.sheets) + len(self.unread)

    @property
    def title(self) -> str:
        """What it is of, for people."""
        return counted(len({item.source for item in self.items}), "picture")

    @property
    def device(self) -> str:
        """The device that the networks run on, for people."""
        return self.chooser.device

    def run(self, progress: ItemProgress | None = None, on_note: Note | None = None) -> Iterator[Outcome]:
        """Make the results, yielding each outcome as it comes. An item that fails is an outcome too.

        `progress` is called by several threads with an item, its finished share, 0..1, the result's megapixels and
        frames; what it raises ends the batch, and nothing is half-written. `on_note` is told, by several threads, what
        was wrong with journals, and which other runs are waited for. Raises EngineError and ModelError, which would
        fail every item alike, and OutputError where the report cannot be written.
        """
        waiting, sheets = _Drained(self.items), WaitingSheets(self.sheets)
        with self._runner(on_note) as runner, self._report() as report:
            made = run(
                waiting, runner.make, limits=self.limits, max_failures=self.options.max_failures, progress=progress
            )
            for outcome in told_once(itertools.chain(made, self.unread)):
                if outcome.status == POSTPONED:
                    waiting.append(outcome.item)
                    continue
                waiting.extend(sheets.after(outcome))
                if report and not outcome.item.sheet:
                    report.add(outcome)
                yield outcome

    def dry_run(self) -> Iterator[Outcome]:
        """What `run` would come to, without writing anything; PLANNED where it would work.

        No network is run, but those that look at a picture to choose its steps.
        """
        with self._runner() as runner:
            yield from told_once(runner.dry_run((*self.items, *self.sheets)))
        yield from self.unread

    def _runner(self, on_note: Note | None = None) -> ItemRunner:
        options = self.options
        existing = OverwritePolicy(options.overwrite, options.skip_existing)
        kind = ItemRunner if options.recorded else UnrecordedRunner
        return kind(self.chooser, options.saving, existing, patience=_patience(options, on_note))

    def _report(self) -> HtmlReport | contextlib.nullcontext[None]:
        if self.options.report is None:
            return contextlib.nullcontext()
        return HtmlReport(self.options.report, self.total, self.device, overwrite=self.options.overwrite)


class _Drained(deque[Item]):
    """Items that are taken out by iterating; more may be added after the last one was."""

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        try:
            return self.popleft()
        except IndexError:
            raise StopIteration from None


def run_folder(
    inputs: str | Path | Sequence[str | Path],
    recipe: str | Recipe,
    options: BatchOptions | None = None,
    *,
    engine: EngineOptions | None = None,
    progress: ItemProgress | None = None,
) -> Iterator[Outcome]:
    """Run the pictures that `inputs` stand for through `recipe`, yielding what becomes of each as it comes.

    >>> from ganfx.batch import BatchOptions, run_folder
    >>> outcomes = run_folder("holiday", "upscale:2", BatchOptions(output=Path("large"), format="png"))
    >>> sorted((outcome.item.target.name, outcome.status) for outcome in outcomes)
    [('beach.png', 'done'), ('harbor.png', 'done')]

    Results that are up to date are not made again. Arguments and errors are those of `plan_batch` and `Batch.run`.
    """
    return plan_batch(inputs, recipe, options, engine=engine).run(progress)


def plan_batch(
    inputs: str | Path | Sequence[str | Path],
    recipe: str | Recipe,
    options: BatchOptions | None = None,
    *,
    engine: EngineOptions | None = None,
    on_note: Note | None = None,
) -> Batch:
    """Decide what a batch will do, and open its networks; nothing is written yet.

    inputs: files, folders and patterns such as `*.jpg`.
    recipe: steps such as "heal,upscale:4", the name of a recipe in ganfx.toml, or "auto": what each picture needs.
    options: default to `BatchOptions()`; what they leave open, the recipe says.
    engine: the provider, the precision and the tiles to use; chosen automatically by default.
    on_note: called with a line where another run is waited for.

    Raises OptionError where options contradict each other, inputs are missing or two results would share a file;
    ModelError or EngineError where a network cannot be opened; HeldError where another run holds a journal too long.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    options = (options or BatchOptions()).filled_from(recipe)
    names = [str(name) for name in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    if options.overwrite and options.skip_existing:
        raise OptionError("overwrite and skip_existing exclude each other", hint="leave one of them out")
    template = NameTemplate(options.name) if options.name is not None else None
    _check_mask(recipe, options.mask)
    chooser = recipe.open(engine or EngineOptions())
    _check_candidates(options, chooser)
    skipped = Skipped()
    found = find_inputs(names, is_picture, recursive=options.recursive, leave_out=options.output, skipped=skipped)
    pictures = without_results(found, _patience(options, on_note))
    if not pictures:
        raise OptionError("these are all results of earlier runs", hint="name those that are to be worked on again")
    suffix, adds_alpha = f".{options.format}" if options.format else None, recipe.adds_alpha
    naming = Naming(
        chooser.names, template, lambda path: suffix or _suffix_for(path, adds_alpha), options.frame, options.candidates
    )
    results = len(found) - len(pictures)
    if options.mask:
        pictures = without_mask(pictures, options.mask)
    # A folder may hold several another time.
    several = len(pictures) > 1 or any(os.path.isdir(name) for name in names)
    items = _items(pictures, naming, options, several=several)
    sheets = assign_sheets(items, options.sheet, several) if options.sheet else ()
    limits = options.limits or StageLimits.fitting(chooser)
    notes = [f"{counted(results, 'result')} of earlier runs {is_or_are(results)} left out"] if results else []
    notes += skipped.notes()
    if (
        adds_alpha
        and any(_suffix_for(one.path, True) != _suffix_for(one.path, False) for one in pictures)
        and not suffix
    ):
        notes.append("what holds no transparency, such as JPEG, becomes PNG")
    notes += dict.fromkeys(remark for engine in chooser.engines for remark in engine.remarks)
    return Batch(
        tuple(items), chooser, options, limits, tuple(sheets), tuple(notes), tuple(map(_unread, skipped.unread))
    )


def _items(pictures: list[Input], naming: Naming, options: BatchOptions, *, several: bool) -> list[Item]:
    """What to make of `pictures`."""
    items = assign_targets(pictures, options.output, naming, into_folder=options.names_folder(several=several))
    if options.mask:
        items = assign_masks(items, options.mask, is_picture)
    if options.mask_output:
        items = assign_mask_targets(items, options.mask_output, several)
    if options.shard:
        items = [item for item in items if options.shard.has(item.inside / item.source.name)]
    return items


def _suffix_for(picture: Path, alpha: bool) -> str:
    """The suffix for the result of `picture`; one that cannot be read will fail later, with the reason."""
    try:
        return writable_suffix(picture, alpha=alpha)
    except Exception:
        return picture.suffix


def _patience(options: BatchOptions, on_note: Note | None) -> Patience:
    return Patience(options.wait_s, on_note) if on_note else Patience(options.wait_s)


def _unread(error: OSError) -> Outcome:
    path = Path(os.fsdecode(error.filename))
    found = UnreadableError(f"cannot be read: {reason_of(error)}", hint="may you read it?")
    found.subject = str(path)
    return Outcome(Item(path, path), error=found, status=FAILED)


def _check_candidates(options: BatchOptions, chooser: Chooser) -> None:
    """Raises OptionError where there cannot be so many candidates."""
    if not 1 <= options.candidates <= CANDIDATES:
        raise OptionError(f"candidates: {options.candidates} is not between 1 and {CANDIDATES}")
    if options.candidates > 1:
        chooser.varied(options.candidates - 1)


def _check_mask(recipe: Recipe, mask: MaskSource | None) -> None:
    """Raises OptionError where a step needs a mask and there is none, or the other way round."""
    if mask and not recipe.takes_mask:
        raise OptionError("no step takes a mask", hint="add one that does: --steps inpaint,...")
    if recipe.needing_mask and not mask:
        hint = "--mask FILE (white is filled), --mask alpha, or --mask-color '#ff00ff'"
        raise OptionError(f"{recipe.needing_mask[0]} needs a mask", hint=hint)
