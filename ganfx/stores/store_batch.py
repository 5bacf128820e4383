"""A batch over stores: each picture is fetched, made as any other, and put; the ledger says what is made already."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganfx.batch.item_runner import recipe_fingerprint
from ganfx.batch.items import Item
from ganfx.batch.making import way_to_make
from ganfx.batch.name_template import NameTemplate
from ganfx.batch.options import BatchOptions
from ganfx.batch.process import DONE, FAILED, PLANNED, SKIPPED, UP_TO_DATE, Outcome, WritePolicy
from ganfx.batch.recipes import Recipe, find_recipe
from ganfx.batch.run import ItemProgress, run
from ganfx.batch.stage_limits import DECODE, StageLimits, StageSlot
from ganfx.errors import EngineError, GanfxError, ItemError, ModelError, OptionError, OutputError
from ganfx.files.formats import WRITABLE
from ganfx.pipeline import Chooser, EngineOptions
from ganfx.stores.addresses import split
from ganfx.stores.ledger import LedgerRow, LedgerWriter, latest
from ganfx.stores.planning import Names, StoreItem, planned, sources_of
from ganfx.stores.store import Store, StoredFile

_EXISTS = "--overwrite replaces it, --skip-existing leaves it"


class StoreBatch:
    """A batch that is planned and not run; its pictures are listed while it runs.

    total   how many pictures were listed so far, of those that are this shard's
    notes   what the user should know of it
    """

    def __init__(
        self,
        sources: Sequence[tuple[Store, StoredFile | None]],
        output: Store,
        names: Names,
        chooser: Chooser,
        options: BatchOptions,
    ) -> None:
        self.output, self.chooser, self.options = output, chooser, options
        self.limits = options.limits or StageLimits.fitting(chooser)
        self.title = "pictures as they are listed"
        self.total, self.notes = 0, tuple(remark for engine in chooser.engines for remark in engine.remarks)
        self._sources, self._names = sources, names
        self._save = options.saving
        whole = Item(Path(), Path(), mask=options.mask, frame=options.frame)
        recipe = recipe_fingerprint(whole, chooser, self._save)
        self._recipe = hashlib.sha256(recipe.encode()).hexdigest()

    @property
    def device(self) -> str:
        """The device that the networks run on, for people."""
        return self.chooser.device

    def run(self, progress: ItemProgress | None = None, on_note: object = None) -> Iterator[Outcome]:
        """Make the results, yielding each outcome as it comes. A picture that fails is an outcome too.

        `progress` as in `ganfx.batch.Batch.run`. Raises EngineError and ModelError, which would fail every picture
        alike, OptionError where an input may not be listed, and OutputError where the ledger cannot be written.
        """
        known = self._known()
        worker = str(self.options.shard) if self.options.shard else f"{socket.gethostname()}-{os.getpid()}"
        with LedgerWriter(self.output, worker) as ledger:

            def make(item: Item, slot: StageSlot) -> Outcome:
                assert isinstance(item, StoreItem)
                return self._make(item, slot, known, ledger)

            items, most = self._items(), self.options.max_failures
            yield from run(items, make, limits=self.limits, max_failures=most, progress=progress)

    def dry_run(self) -> Iterator[Outcome]:
        """What `run` would come to, without reading a picture or writing anything; PLANNED where it would work."""
        known = self._known()
        for item in self._items():
            try:
                with ItemError.about(item.source):
                    yield self._settled(item, known) or Outcome(item, status=PLANNED)
            except ItemError as error:
                yield Outcome(item, error=error, status=FAILED)

    def _known(self) -> dict[str, LedgerRow]:
        shard = self.options.shard
        return latest(self.output, (lambda name: shard.has(Path(name))) if shard else (lambda name: True))

    def _items(self) -> Iterator[StoreItem]:
        shard = self.options.shard
        for item in planned(self._sources, self.output, self._names, recursive=self.options.recursive):
            assert item.entry
            if shard is None or shard.has(Path(item.entry.name)):
                self.total += 1
                yield item

    def _make(self, item: StoreItem, slot: StageSlot, known: dict[str, LedgerRow], ledger: LedgerWriter) -> Outcome:
        assert item.entry
        row = LedgerRow(item.entry.name, item.result, item.entry.version, self._recipe, FAILED)
        try:
            with slot, tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
                slot.enter(DECODE)
                if settled := self._settled(item, known):
                    return settled
                outcome, made = self._made(item, slot, Path(folder), row)
                ledger.add(made)
                return outcome
        except (EngineError, ModelError):
            raise
        except GanfxError as error:
            if isinstance(error, ItemError):
                error.subject = str(item.source)  # not the temporary file
            ledger.add(dataclasses.replace(row, error=error.message))
            raise

    def _settled(self, item: StoreItem, known: dict[str, LedgerRow]) -> Outcome | None:
        """The outcome of `item` where nothing is to be made, by the ledger and what the store tells without reading.

        Raises OutputError where a result is in the way.
        """
        if item.clash:
            raise OutputError(
                f"{item.clash} becomes {item.target}, too",
                hint="run them one by one, or give --name a field that differs",
            )
        existing, row = self.output.entry(item.result), known.get(item.result)
        if existing is None:
            return None
        assert item.entry
        is_ours = row is not None and row.status == DONE and row.output_version == existing.version
        if row and is_ours and (row.input_version, row.recipe) == (item.entry.version, self._recipe):
            return Outcome(item, status=UP_TO_DATE)
        if self.options.skip_existing:
            return Outcome(item, status=SKIPPED, notes=("exists already",))
        if row and row.status == DONE and not self.options.overwrite:
            how = ", made by other settings or from another picture" if is_ours else ", and is not what was made"
            raise OutputError(f"{item.target} exists already{how}", hint=_EXISTS)
        # Of what no ledger tells, as after a crash, the contents decide.
        return None

    def _made(self, item: StoreItem, slot: StageSlot, folder: Path, row: LedgerRow) -> tuple[Outcome, LedgerRow]:
        assert item.entry
        assert item.store
        source = folder / f"in{Path(item.entry.name).suffix}"
        target = folder / f"out{Path(item.result).suffix}"
        item.store.fetch(item.entry.name, source)
        local = Item(source, target, mask=self.options.mask, frame=self.options.frame)
        with contextlib.ExitStack() as stack:
            make = way_to_make(local, stack)
            outcome = make(local, self.chooser, self._save, WritePolicy(), slot)
        digest = _sha256(target)
        status = DONE
        if not self.output.put(target, item.result, overwrite=self.options.overwrite):
            if hashlib.sha256(self.output.read(item.result)).hexdigest() != digest:
                raise OutputError(f"{item.target} exists already", hint=_EXISTS)
            status = UP_TO_DATE
        stored = self.output.entry(item.result)
        made = dataclasses.replace(
            row,
            status=DONE,
            input_sha256=_sha256(source),
            output_sha256=digest,
            output_version=stored.version if stored else "",
            seconds=round(outcome.seconds, 3),
            megapixels=round(outcome.megapixels, 3),
        )
        return dataclasses.replace(outcome, item=item, status=status), made


def plan_stores(
    names: Sequence[str],
    output: str,
    recipe: str | Recipe,
    options: BatchOptions | None = None,
    *,
    engine: EngineOptions | None = None,
) -> StoreBatch:
    """Decide what a batch over stores will do, and open its networks; nothing is listed yet.

    names: addresses, or paths of this computer, of pictures and folders. output: the address, or path, of a folder, or
    for one picture of a file. The others are those of `ganfx.batch.plan_batch`, but for `output`; a batch over stores
    has no report, no candidates, and one mask for all.

    Raises OptionError where options contradict each other or an input is missing, ModelError or EngineError where a
    network cannot be opened.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    options = (options or BatchOptions()).filled_from(recipe)
    _check(options, recipe)
    chooser = recipe.open(engine or EngineOptions())
    suffix = Path(output).suffix.lower()
    is_file = len(names) == 1 and suffix in WRITABLE and not options.into_folder
    folder, file = split(output) if is_file else (output, "")
    target = Store(folder)
    sources = sources_of(names, target, recursive=options.recursive)
    if is_file and sources[0][1] is None:
        raise OptionError(f"{output} is a file, and {names[0]} a folder", hint="name a folder with -o")
    template = NameTemplate(options.name) if options.name is not None else None
    extension = f".{options.format}" if options.format else None
    naming = Names(template, dict(chooser.names), extension, file or None, recipe.adds_alpha)
    return StoreBatch(sources, target, naming, chooser, options)


def _check(options: BatchOptions, recipe: Recipe) -> None:
    """Raises OptionError for what a batch over stores does not do."""
    if options.overwrite and options.skip_existing:
        raise OptionError("overwrite and skip_existing exclude each other", hint="leave one of them out")
    lacking = {
        "report": options.report,
        "sheet": options.sheet,
        "candidates": options.candidates > 1,
        "save-mask": options.mask_output,
        "a folder of masks": options.mask and options.mask.path and options.mask.path.is_dir(),
    }
    for name, given in lacking.items():
        if given:
            raise OptionError(f"a batch over stores has no {name}", hint="work on a folder of this computer")
    if recipe.needing_mask and options.mask is None:
        raise OptionError(f"{recipe.needing_mask[0]} needs a mask", hint="--mask mask.png, one for all pictures")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
