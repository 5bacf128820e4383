"""One item and its journal: skipped where its result is up to date, else claimed, made and recorded."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx import pipeline
from ganfx.atomic import check_name_length
from ganfx.batch.animations import animation_of
from ganfx.batch.fingerprints import FileFingerprint
from ganfx.batch.homes import Home
from ganfx.batch.items import Item
from ganfx.batch.journal import Claim, Journal
from ganfx.batch.making import way_to_make
from ganfx.batch.open_journals import OpenJournals
from ganfx.batch.owners import describe
from ganfx.batch.patience import Patience
from ganfx.batch.process import FAILED, PLANNED, POSTPONED, SKIPPED, UP_TO_DATE, Outcome, WritePolicy
from ganfx.batch.records import Lookup, Records
from ganfx.batch.stage_limits import DECODE, StageSlot
from ganfx.errors import ItemError, OutputError
from ganfx.files import MaskSource, SaveOptions, open_reader, writing
from ganfx.incidents import unexpected
from ganfx.open_folder import OpenFolder

# Part of every recipe: increased when the same filters, options and models give other results than before.
RECIPE_FORMAT = 3
_OTHERS = "another run is making it"


@dataclass(frozen=True)
class OverwritePolicy:
    """What to do where a result exists and is not up to date: an error, unless it is replaced or left alone."""

    overwrite: bool = False
    skip_existing: bool = False


class ItemRunner:
    """Makes items by one chooser; a context manager that closes the journals it opened. Safe for several threads.

    journal: an open one to use for its folder; it is not closed.
    patience: with other runs: an item that one of them is making is POSTPONED when it is met first, and waited for when
        it is met again. None skips such an item.
    """

    def __init__(
        self,
        chooser: pipeline.Chooser,
        save: SaveOptions,
        existing: OverwritePolicy = OverwritePolicy(),
        journal: Journal | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.chooser, self.save, self.existing = chooser, save, existing
        self._patience, self._running = patience, threading.local()
        self._postponed: set[Item] = set()
        self._waiting_since: float | None = None
        if patience:
            patience.pause = self._pause
        self._journals = OpenJournals(journal, patience or Patience())

    def make(self, item: Item, slot: StageSlot) -> Outcome:
        """Make the result of `item`, unless it is up to date or another run is making it.

        Raises ItemError for the item (HeldError where another run makes it for too long), EngineError and ModelError,
        which would fail every item alike.
        """
        self._running.slot = slot
        with slot, ItemError.about(item.source), contextlib.ExitStack() as stack:
            slot.enter(DECODE)
            recipe = self._recipe(item)
            make_folders(item)
            journals = [stack.enter_context(self._journals.open(home)) for _, home in _targets(item)]
            claims: list[Claim] = []
            while not claims:
                if known := settled_outcome(item, recipe, journals, self.existing):
                    return known
                claims = _claim_targets(item, recipe, journals, stack)
                if not claims and self._is_left(item):
                    return Outcome(item, status=POSTPONED if self._patience else SKIPPED, notes=(_OTHERS,))
                if not claims:
                    self._wait(item, journals)
            self._waiting_since = None
            # Another run may have finished it before the claim.
            if known := settled_outcome(item, recipe, journals, self.existing):
                return known
            policy = self._write_policy(item, recipe, journals, claims)
            outcome = way_to_make(item, stack)(item, self.chooser_of(item), self.save, policy, slot)
            for claim in claims:
                claim.finish()
            return outcome

    def chooser_of(self, item: Item) -> pipeline.Chooser:
        return self.chooser.varied(item.candidate) if item.candidate else self.chooser

    def _recipe(self, item: Item) -> str:
        return recipe_fingerprint(item, self.chooser_of(item), self.save)

    def _is_left(self, item: Item) -> bool:
        """Whether `item`, which another run is making, is not waited for: for now, or ever."""
        met = self._patience is not None and item in self._postponed
        self._postponed.add(item)
        return not met

    def _wait(self, item: Item, journals: Sequence[Journal]) -> None:
        assert self._patience
        holders = [journal.holder(path) for (path, _), journal in zip(_targets(item), journals, strict=True)]
        holder = next((describe(owner) for owner in holders if owner), "another run")
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()
        self._patience.wait(self._waiting_since, str(item.target), lambda: holder)

    def _pause(self, seconds: float) -> None:
        # The thread that closes the journals makes no item.
        if slot := getattr(self._running, "slot", None):
            slot.check()
        time.sleep(seconds)

    def _write_policy(
        self, item: Item, recipe: str, journals: Sequence[Journal], claims: Sequence[Claim]
    ) -> WritePolicy:
        overwrite = self.existing.overwrite
        is_current = journals[0].is_current(item.source, item.target, recipe)
        return WritePolicy(overwrite or is_current, overwrite or _is_unchanged(item.mask_target, journals[-1]), *claims)

    def dry_run(self, items: Iterable[Item]) -> Iterator[Outcome]:
        """What `make` would come to for each of `items`, without writing anything; PLANNED where it would work."""
        with Lookup(self._patience) as lookup:
            for homes, group in itertools.groupby(items, key=lambda item: [home for _, home in _targets(item)]):
                with contextlib.ExitStack() as stack:
                    records = [lookup.of(home) for home in homes]
                    for found in records:
                        if found:
                            stack.enter_context(contextlib.closing(found))
                    yield from (self._planned(item, records) for item in group)

    def _planned(self, item: Item, records: Sequence[Records | None]) -> Outcome:
        try:
            with contextlib.ExitStack() as stack, ItemError.about(item.source):
                reader = stack.enter_context(open_reader(item.source, frame=item.frame))
                animation = animation_of(item)
                frames = stack.enter_context(animation).count if animation else 1
                if known := settled_outcome(item, self._recipe(item), records, self.existing):
                    return known
                chain = self.chooser_of(item).choose(reader, lambda pixels: None)
                chain = chain.framed([reader], lambda pixels: None)
                sizes = (reader.width, reader.height), chain.output_size(reader)
                return Outcome(item, 0.0, *sizes, chain.steps, chain.reasons, status=PLANNED, frames=frames)
        except ItemError as error:
            return Outcome(item, error=error, status=FAILED)
        except Exception as error:
            return Outcome(item, error=unexpected(error, item.source), status=FAILED)

    def __enter__(self) -> ItemRunner:
        return self

    def __exit__(self, *error: object) -> None:
        self._journals.close()


def settled_outcome(
    item: Item, recipe: str, records: Sequence[Records | None], existing: OverwritePolicy
) -> Outcome | None:
    """The outcome of `item` where nothing is to be made; None where it is to be made.

    records: of the folders of its result and, where one is to be saved, of its mask.

    Raises OutputError where a file is in the way.
    """
    for path, _ in _targets(item):
        check_name_length(path.name)
    mask = item.mask_target
    # Looked at before the records: another run records a result just before it is put in place.
    exists, mask_exists = os.path.exists(item.target), mask is not None and os.path.exists(mask)
    current = [
        known is not None and known.is_current(item.source, path, recipe)
        for (path, _), known in zip(_targets(item), records, strict=True)
    ]
    if all(current):
        return Outcome(item, status=UP_TO_DATE)
    if existing.skip_existing and exists:
        return Outcome(item, status=SKIPPED, notes=("exists already",))
    if exists and not existing.overwrite and not current[0]:
        how = "by other settings or from another picture" if _is_unchanged(item.target, records[0]) else ""
        raise OutputError(
            f"{item.target.name} exists already{how and ', made '}{how}",
            hint="--overwrite replaces it, --skip-existing leaves it",
        )
    if mask and mask_exists and not existing.overwrite and not _is_unchanged(mask, records[-1]):
        raise OutputError(f"{mask.name} exists already", hint="--overwrite replaces it")
    return None


def recipe_fingerprint(item: Item, chooser: pipeline.Chooser, save: SaveOptions) -> str:
    """All that decides the result of `item`, as JSON text: steps, options for saving, and the mask's digest."""
    recipe: dict[str, Any] = {"format": RECIPE_FORMAT, "steps": chooser.fingerprint, "save": dataclasses.asdict(save)}
    if item.sheet:
        recipe["sheet"] = item.sheet.candidates
    if item.frame is not None:
        recipe["frame"] = item.frame
    return json.dumps(recipe | {"mask": _mask_recipe(item.mask)}, sort_keys=True)


def _mask_recipe(mask: MaskSource | None) -> dict[str, str | None] | None:
    if mask is None:
        return None
    with ItemError.about(mask.path):
        return {"digest": FileFingerprint.of(mask.path).digest if mask.path else None, "color": mask.color}


def make_folders(item: Item) -> None:
    for path, below in ((item.target, item.below), (item.mask_target, item.mask_below)):
        if path:
            with writing(path.parent), OpenFolder.at(path.parent, below=below, create=True):
                pass


def _claim_targets(item: Item, recipe: str, journals: Sequence[Journal], stack: contextlib.ExitStack) -> list[Claim]:
    """Claims on all targets of `item`, entered on `stack`; none at all where another run has one of them."""
    claims: list[Claim] = []
    with contextlib.ExitStack() as held:
        for (path, _), journal in zip(_targets(item), journals, strict=True):
            claim = journal.claim(item.source, path, recipe)
            if claim is None:
                return []
            claims.append(held.enter_context(claim))
        stack.push(held.pop_all())
    return claims


def _targets(item: Item) -> list[tuple[Path, Home]]:
    """What is written for `item`, each with the folder whose journal records it."""
    if item.mask_target is None or item.mask_home is None:
        return [(item.target, item.home)]
    return [(item.target, item.home), (item.mask_target, item.mask_home)]


def _is_unchanged(path: Path | None, records: Records | None) -> bool:
    """Whether the file at `path` is one that ganfx wrote there, unchanged."""
    made = records.made(path) if records and path else None
    return made is not None and made.fingerprint.fits(made.target)
