"""Several results for one picture: reasons of failures told once, and contact sheets of the picture and the results."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ganfx.batch.homes import Home
from ganfx.batch.items import ContactSheet, Item
from ganfx.batch.process import DONE, FAILED, ONE_RESULT, SKIPPED, UP_TO_DATE, Outcome, WritePolicy
from ganfx.batch.records import followed
from ganfx.batch.stage_limits import ENCODE, StageSlot
from ganfx.errors import GanfxError, OptionError
from ganfx.files import PictureReader, SaveOptions, format_for, open_reader, piece, save_picture
from ganfx.imaging.contact_sheet import Cell, Sheet
from ganfx.imaging.picture import Box, Picture
from ganfx.pipeline import Chooser

# The longest side of the pieces of pictures, in pixels.
SIDE = 360
# What is shown around what the mask marks: a share of its longer side, and at least so many pixels.
AROUND, LEAST_AROUND = 0.5, 64
MISSING, FAILED_TOO = "not all candidates are there", "another candidate failed for the same reason"


def assign_sheets(items: Sequence[Item], output: Path, several: bool) -> list[Item]:
    """A contact sheet for each picture of `items`: `output`, or {stem}.jpg in it where that is a folder.

    Raises OptionError where a sheet would replace another file, or cannot be written.
    """
    into_folder = several or output.is_dir() or not output.suffix
    candidates = 1 + max(item.candidate for item in items)
    taken = {followed(path) for item in items for path in _files(item)}
    sheets = []
    for item in (item for item in items if item.candidate == 0):
        target = output / item.inside / f"{item.source.stem}.jpg" if into_folder else output
        try:
            format_for(target)
        except GanfxError as error:
            raise OptionError(f"{target}: {error.message}", hint=error.hint) from error
        if followed(target) in taken:
            raise OptionError(f"{target}: a contact sheet would replace another file", hint="call it something else")
        taken.add(followed(target))
        home = Home(output) if into_folder else Home(output.parent, beside=True)
        below, sheet = output if into_folder else None, ContactSheet(candidates)
        sheets.append(dataclasses.replace(item, target=target, home=home, below=below, sheet=sheet))
    return sheets


def _files(item: Item) -> Iterable[Path]:
    mask = item.mask.path if item.mask else None
    return [item.source, item.target, *([mask] if mask else [])]


def told_once(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """`outcomes`, of which those are skipped that failed for the reason that another candidate did."""
    told: set[tuple[Path, str]] = set()
    for outcome in outcomes:
        reason = outcome.item.source, str(outcome.error)
        if outcome.status == FAILED and reason in told:
            yield dataclasses.replace(outcome, error=None, status=SKIPPED, notes=(FAILED_TOO,))
            continue
        if outcome.status == FAILED:
            told.add(reason)
        yield outcome


class WaitingSheets:
    """The contact sheets of a batch, each of which waits for the outcomes of its candidates."""

    def __init__(self, sheets: Iterable[Item]) -> None:
        self._sheets = {sheet.source: sheet for sheet in sheets}
        self._outcomes: dict[Path, list[Outcome]] = {source: [] for source in self._sheets}

    def after(self, outcome: Outcome) -> list[Item]:
        """The sheet that can be made after `outcome`, as the only item; none in most cases."""
        item = outcome.item
        if item.sheet or item.source not in self._sheets:
            return []
        outcomes = self._outcomes[item.source]
        outcomes.append(outcome)
        sheet = self._sheets[item.source]
        assert sheet.sheet
        if len(outcomes) < sheet.sheet.candidates:
            return []
        del self._outcomes[item.source], self._sheets[item.source]
        return [dataclasses.replace(sheet, sheet=dataclasses.replace(sheet.sheet, shown=_shown(outcomes)))]


def _shown(outcomes: Iterable[Outcome]) -> tuple[Item, ...]:
    """The candidates that were made, in their order; none at all where one is missing that could be there."""
    others = [outcome for outcome in outcomes if outcome.notes != (ONE_RESULT,)]
    if any(outcome.status not in (DONE, UP_TO_DATE) for outcome in others):
        return ()
    return tuple(sorted((outcome.item for outcome in others), key=lambda item: item.candidate))


def make_sheet(item: Item, chooser: Chooser, save: SaveOptions, policy: WritePolicy, slot: StageSlot) -> Outcome:
    """Write the contact sheet `item`, whose first candidate `chooser` made. Raises ItemError."""
    assert item.sheet
    if not item.sheet.shown:
        return Outcome(item, status=SKIPPED, notes=(MISSING,))
    started = time.monotonic()
    slot.enter(ENCODE)
    with open_reader(item.source) as reader:
        size, box = (reader.width, reader.height), _box(reader, item)
        seed = chooser.choose(reader, lambda pixels: slot.check()).seed
    picture = _drawn(item.sheet.shown, item.source, size, box, seed)
    save_picture(
        picture,
        item.target,
        options=save,
        overwrite=policy.overwrite,
        commit_hook=policy.commit_hook,
        below=item.below,
    )
    return Outcome(item, time.monotonic() - started, size, (picture.width, picture.height))


def _box(reader: PictureReader, item: Item) -> Box:
    """What is filled, with something around it; the whole picture where nothing is."""
    mask = item.mask.read(reader) if item.mask else None
    if mask is None or not mask.any():
        return Box(0, 0, reader.width, reader.height)
    spans = [np.flatnonzero(mask.any(axis)) for axis in (0, 1)]
    size = max(int(span[-1] - span[0]) + 1 for span in spans)
    side = size + 2 * max(round(AROUND * size), LEAST_AROUND)
    (left, right), (top, bottom) = (
        _centred(int(span[0] + span[-1]) // 2, side, length)
        for span, length in zip(spans, (reader.width, reader.height), strict=True)
    )
    return Box(left, top, right, bottom)


def _centred(middle: int, side: int, length: int) -> tuple[int, int]:
    """The span of `side` pixels around `middle`, moved and cut so that it lies within `length`."""
    start = min(max(middle - side // 2, 0), max(length - side, 0))
    return start, min(start + side, length)


def _drawn(shown: Sequence[Item], source: Path, size: tuple[int, int], box: Box, seed: int | None) -> Picture:
    cells = [Cell(piece(source, box, size, SIDE), "original")]
    for item in shown:
        of_seed = "" if seed is None else f": seed {seed + item.candidate}"
        cells.append(Cell(piece(item.target, box, size, SIDE, is_own=True), f"{item.candidate + 1}{of_seed}"))
    columns = math.ceil(math.sqrt(len(cells)))
    sheet = Sheet([""] * columns, max(max(cell.pixels.shape[:2]) for cell in cells))
    for at in range(0, len(cells), columns):
        sheet.rows.append(cells[at : at + columns])
    return Picture(sheet.draw())
