"""One item and its journal: skipped where its result is up to date, else claimed, made and recorded."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganfx import pipeline
from ganfx.atomic import check_name_length
from ganfx.batch.fingerprints import FileFingerprint
from ganfx.batch.items import Item
from ganfx.batch.journal import Claim, Journal
from ganfx.batch.process import FAILED, PLANNED, SKIPPED, UP_TO_DATE, Outcome, WritePolicy, process
from ganfx.batch.records import Records, peek
from ganfx.batch.stage_limits import DECODE, StageSlot
from ganfx.errors import ItemError, OutputError
from ganfx.files import MaskSource, SaveOptions, open_reader, writing
from ganfx.incidents import unexpected
from ganfx.open_folder import OpenFolder

# Part of every recipe: increased when the same filters, options and models give other results than before.
RECIPE_FORMAT = 1
_OPEN_JOURNALS = 8


@dataclass(frozen=True)
class OverwritePolicy:
    """What to do where a result exists and is not up to date: an error, unless it is replaced or left alone."""

    overwrite: bool = False
    skip_existing: bool = False


class ItemRunner:
    """Makes items by one chooser; a context manager that closes the journals it opened. Safe for several threads.

    journal: an open one to use for its folder; it is not closed.
    """

    def __init__(
        self,
        chooser: pipeline.Chooser,
        save: SaveOptions,
        existing: OverwritePolicy = OverwritePolicy(),
        journal: Journal | None = None,
    ) -> None:
        self.chooser, self.save, self.existing = chooser, save, existing
        self._journals = _OpenJournals(journal)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was wrong with the journals that were opened."""
        return tuple(self._journals.notes)

    def make(self, item: Item, slot: StageSlot) -> Outcome:
        """Make the result of `item`, unless it is up to date or another run is making it.

        Raises ItemError for the item, EngineError and ModelError, which would fail every item alike.
        """
        with slot, ItemError.about(item.source), contextlib.ExitStack() as stack:
            slot.enter(DECODE)
            recipe = recipe_fingerprint(item, self.chooser, self.save)
            _make_folders(item)
            journal = stack.enter_context(self._journals.open(item.home))
            if known := settled_outcome(item, recipe, journal, self.existing):
                return known
            claims = _claim_targets(item, recipe, journal, stack)
            if claims is None:
                return Outcome(item, status=SKIPPED, notes=("another run is making it",))
            # Another run may have finished it before the claim.
            if known := settled_outcome(item, recipe, journal, self.existing):
                return known
            outcome = process(item, self.chooser, self.save, self._write_policy(item, recipe, journal, claims), slot)
            for claim in claims:
                claim.finish()
            return outcome

    def _write_policy(self, item: Item, recipe: str, journal: Journal, claims: list[Claim]) -> WritePolicy:
        overwrite = self.existing.overwrite
        is_current = journal.is_current(item.source, item.target, recipe)
        return WritePolicy(overwrite or is_current, overwrite or _is_own(item.mask_target, journal), *claims)

    def dry_run(self, items: Iterable[Item]) -> Iterator[Outcome]:
        """What `make` would come to for each of `items`, without writing anything; PLANNED where it would work."""
        for home, group in itertools.groupby(items, key=lambda item: item.home):
            records = peek(home)
            with contextlib.closing(records) if records else contextlib.nullcontext():
                yield from (self._planned(item, records) for item in group)

    def _planned(self, item: Item, records: Records | None) -> Outcome:
        try:
            with ItemError.about(item.source), open_reader(item.source) as reader:
                known = settled_outcome(item, recipe_fingerprint(item, self.chooser, self.save), records, self.existing)
                return known or Outcome(item, input_size=(reader.width, reader.height), status=PLANNED)
        except ItemError as error:
            return Outcome(item, error=error, status=FAILED)
        except Exception as error:
            return Outcome(item, error=unexpected(error, item.source), status=FAILED)

    def __enter__(self) -> ItemRunner:
        return self

    def __exit__(self, *error: object) -> None:
        self._journals.close()


def settled_outcome(item: Item, recipe: str, records: Records | None, existing: OverwritePolicy) -> Outcome | None:
    """The outcome of `item` where nothing is to be made, as far as `records` show; None where it is to be made.

    Raises OutputError where a file is in the way.
    """
    for path in _targets(item):
        check_name_length(path.name)
    current = [records is not None and records.is_current(item.source, path, recipe) for path in _targets(item)]
    if all(current):
        return Outcome(item, status=UP_TO_DATE)
    if existing.skip_existing and os.path.exists(item.target):
        return Outcome(item, status=SKIPPED, notes=("exists already",))
    if os.path.exists(item.target) and not existing.overwrite and not current[0]:
        how = "by other settings or from another picture" if _is_own(item.target, records) else ""
        raise OutputError(
            f"{item.target.name} exists already{how and ', made '}{how}",
            hint="--overwrite replaces it, --skip-existing leaves it",
        )
    mask = item.mask_target
    if mask and os.path.exists(mask) and not existing.overwrite and not _is_own(mask, records):
        raise OutputError(f"{mask.name} exists already", hint="--overwrite replaces it")
    return None


def recipe_fingerprint(item: Item, chooser: pipeline.Chooser, save: SaveOptions) -> str:
    """All that decides the result of `item`, as JSON text: steps, options for saving, and the mask's digest."""
    recipe = {"format": RECIPE_FORMAT, "steps": chooser.fingerprint, "save": dataclasses.asdict(save)}
    return json.dumps(recipe | {"mask": _mask_recipe(item.mask)}, sort_keys=True)


def _mask_recipe(mask: MaskSource | None) -> dict[str, str | None] | None:
    if mask is None:
        return None
    with ItemError.about(mask.path):
        return {"digest": FileFingerprint.of(mask.path).digest if mask.path else None, "color": mask.color}


def _make_folders(item: Item) -> None:
    for path, below in ((item.target, item.below), (item.mask_target, item.mask_below)):
        if path:
            with writing(path.parent), OpenFolder.at(path.parent, below=below, create=True):
                pass


def _claim_targets(item: Item, recipe: str, journal: Journal, stack: contextlib.ExitStack) -> list[Claim] | None:
    """Claims on all targets of `item`, entered on `stack`; None where another run has one of them."""
    claims = []
    for path in _targets(item):
        claim = journal.claim(item.source, path, recipe)
        if claim is None:
            return None
        claims.append(stack.enter_context(claim))
    return claims


def _targets(item: Item) -> list[Path]:
    return [item.target, item.mask_target] if item.mask_target else [item.target]


def _is_own(path: Path | None, records: Records | None) -> bool:
    """Whether the file at `path` is one that ganfx wrote there, unchanged."""
    made = records.made(path) if records and path else None
    return made is not None and made.fingerprint.fits(made.target)


class _OpenJournals:
    """The journals of several folders: opened when needed, and closed when unused and more than `_OPEN_JOURNALS`.

    One may be `given`: it is used for its folder, and not closed.
    """

    def __init__(self, given: Journal | None) -> None:
        self._given = given
        self.notes: list[str] = []
        self._opened: dict[Path, Journal] = {}
        self._used: Counter[Path] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def open(self, folder: Path) -> Iterator[Journal]:
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
            if folder not in self._opened:
                self._opened[folder] = Journal(folder)
                self.notes += self._opened[folder].notes
            self._used[folder] += 1
            return self._opened[folder]

    def _give_back(self, folder: Path) -> None:
        with self._lock:
            self._used[folder] -= 1
            idle = [folder for folder in self._opened if not self._used[folder]]
            for folder in idle[: max(0, len(self._opened) - _OPEN_JOURNALS)]:
                self._opened.pop(folder).close()

    def close(self) -> None:
        for journal in self._opened.values():
            journal.close()
        self._opened.clear()
