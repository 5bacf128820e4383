"""One item with its journal: left alone where its result is current, else claimed, made and noted."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganfx import pipeline
from ganfx.batch.fingerprints import FileFingerprint
from ganfx.batch.items import Item
from ganfx.batch.journal import Journal
from ganfx.batch.process import FAILED, PLANNED, SKIPPED, UP_TO_DATE, Outcome, WritePolicy, process
from ganfx.batch.records import Records, peek
from ganfx.batch.stage_limits import DECODE, StageSlot
from ganfx.errors import ItemError, OutputError
from ganfx.files import MaskSource, SaveOptions, open_reader, writing

# Part of every recipe: raised when ganfx makes other results of the same filters, options and models.
FORMAT = 1
_OPEN_JOURNALS = 8


@dataclass(frozen=True)
class OverwritePolicy:
    """What becomes of results that exist and are not current: an error, unless they are replaced or left alone."""

    overwrite: bool = False
    skip_existing: bool = False


class ItemRunner:
    """Makes items by one chooser, for several threads; a context manager that closes the journals but the one given."""

    def __init__(
        self,
        chooser: pipeline.Chooser,
        save: SaveOptions,
        rules: OverwritePolicy = OverwritePolicy(),
        journal: Journal | None = None,
    ) -> None:
        self.chooser, self.save, self.rules = chooser, save, rules
        self._journals = _Journals(journal)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was wrong with the journals found."""
        return tuple(self._journals.notes)

    def make(self, item: Item, slot: StageSlot) -> Outcome:
        """Make what `item` asks for, unless it is there or being made. Raises ItemError, EngineError or ModelError."""
        with slot, ItemError.about(item.source):
            slot.enter(DECODE)
            recipe = recipe_of(item, self.chooser, self.save)
            for path in _targets(item):
                with writing(path.parent):
                    path.parent.mkdir(parents=True, exist_ok=True)
            with self._journals.of(item.home) as journal:
                return foresee(item, recipe, journal, self.rules) or self._claimed(item, recipe, journal, slot)

    def foreseen(self, items: Iterable[Item]) -> Iterator[Outcome]:
        """What `make` would come to for each of `items`, without writing anything; PLANNED where it would work."""
        for home, group in itertools.groupby(items, key=lambda item: item.home):
            records = peek(home)
            with contextlib.closing(records) if records else contextlib.nullcontext():
                yield from (self._foreseen(item, records) for item in group)

    def _foreseen(self, item: Item, records: Records | None) -> Outcome:
        try:
            with ItemError.about(item.source), open_reader(item.source) as reader:
                found = foresee(item, recipe_of(item, self.chooser, self.save), records, self.rules)
                return found or Outcome(item, input_size=(reader.width, reader.height), status=PLANNED)
        except ItemError as error:
            return Outcome(item, error=error, status=FAILED)

    def _claimed(self, item: Item, recipe: str, journal: Journal, slot: StageSlot) -> Outcome:
        with contextlib.ExitStack() as stack:
            claims = []
            for path in _targets(item):
                claim = journal.claim(item.source, path, recipe)
                if claim is None:
                    return Outcome(item, status=SKIPPED, notes=("another run is making it",))
                claims.append(stack.enter_context(claim))
            # Another run may have finished it just before.
            if found := foresee(item, recipe, journal, self.rules):
                return found
            may, remake = self.rules.overwrite, journal.is_current(item.source, item.target, recipe)
            policy = WritePolicy(may or remake, may or _is_own_at(item.mask_target, journal), *claims)
            outcome = process(item, self.chooser, self.save, policy, slot)
            for claim in claims:
                claim.finish()
            return outcome

    def __enter__(self) -> ItemRunner:
        return self

    def __exit__(self, *error: object) -> None:
        self._journals.close()


def foresee(item: Item, recipe: str, records: Records | None, rules: OverwritePolicy) -> Outcome | None:
    """What becomes of `item` without any work, by what `records` know; None where it is to be made.

    Raises OutputError where a file is in its way.
    """
    current = [records is not None and records.is_current(item.source, path, recipe) for path in _targets(item)]
    if all(current):
        return Outcome(item, status=UP_TO_DATE)
    if rules.skip_existing and item.target.exists():
        return Outcome(item, status=SKIPPED, notes=("exists already",))
    if item.target.exists() and not rules.overwrite and not current[0]:
        how = "by other settings or from another picture" if _is_own_at(item.target, records) else ""
        raise OutputError(
            f"{item.target.name} exists already{how and ', made '}{how}",
            hint="--overwrite replaces it, --skip-existing leaves it",
        )
    mask = item.mask_target
    if mask and mask.exists() and not rules.overwrite and not _is_own_at(mask, records):
        raise OutputError(f"{mask.name} exists already", hint="--overwrite replaces it")
    return None


def recipe_of(item: Item, chooser: pipeline.Chooser, save: SaveOptions) -> str:
    """All that decides what becomes of the picture of `item`: the steps, how they are saved, and the mask's bytes."""
    recipe = {"format": FORMAT, "steps": chooser.fingerprint, "save": dataclasses.asdict(save)}
    return json.dumps(recipe | {"mask": _mask_recipe(item.mask)}, sort_keys=True)


def _mask_recipe(mask: MaskSource | None) -> dict[str, str | None] | None:
    if mask is None:
        return None
    with ItemError.about(mask.path):
        return {"digest": FileFingerprint.of(mask.path).digest if mask.path else None, "color": mask.color}


def _targets(item: Item) -> list[Path]:
    return [item.target, item.mask_target] if item.mask_target else [item.target]


def _is_own_at(path: Path | None, records: Records | None) -> bool:
    """Whether the file at `path` is what ganfx put there."""
    made = records.made(path) if records and path else None
    return made is not None and made.stamp.fits(made.target)


class _Journals:
    """The journals of several folders, opened when they are needed and closed when many are; one may be `given`."""

    def __init__(self, given: Journal | None) -> None:
        self._given = given
        self.notes: list[str] = []
        self._open: dict[Path, Journal] = {}
        self._used: Counter[Path] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def of(self, folder: Path) -> Iterator[Journal]:
        """The journal of `folder`, which must exist. Raises OutputError."""
        if self._given and self._given.folder == folder:
            yield self._given
            return
        journal = self._take(folder)
        try:
            yield journal
        finally:
            self._give_back(folder)

    def _take(self, folder: Path) -> Journal:
        with self._lock:
            if folder not in self._open:
                self._open[folder] = Journal(folder)
                self.notes += self._open[folder].notes
            self._used[folder] += 1
            return self._open[folder]

    def _give_back(self, folder: Path) -> None:
        with self._lock:
            self._used[folder] -= 1
            idle = [folder for folder in self._open if not self._used[folder]]
            for folder in idle[: max(0, len(self._open) - _OPEN_JOURNALS)]:
                self._open.pop(folder).close()

    def close(self) -> None:
        for journal in self._open.values():
            journal.close()
        self._open.clear()
