"""What is to be made of one file of a watched folder that stands still."""

from __future__ import annotations

import enum
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.fingerprints import ResultRecord
from ganfx.batch.item_runner import ItemRunner, OverwritePolicy, recipe_of
from ganfx.batch.items import Item
from ganfx.batch.journal import Journal
from ganfx.errors import ItemError, OutputError
from ganfx.files import WRITABLE, is_picture, open_reader
from ganfx.watch.folder_recipes import FolderRecipe, FolderRecipes


class Verdict(enum.Enum):
    """Why nothing is to be made of a file: it is none to make anything of, that is done, or to be asked later."""

    NOTHING = enum.auto()
    MADE = enum.auto()
    LATER = enum.auto()


@dataclass(frozen=True)
class WatchTask:
    """One picture to be made, and what makes it."""

    item: Item
    runner: ItemRunner


class Classifier:
    """Judges files below `source` by what `journal`, that of the results in `output`, knows of them."""

    def __init__(self, source: Path, output: Path, journal: Journal, recipes: FolderRecipes) -> None:
        self._source, self._output, self._journal, self._recipes = source, output, journal, recipes

    def judge(self, picture: Path, busy: Collection[Path], *, arrived: bool) -> WatchTask | Verdict:
        """The task that `picture` is, or why it is none. `busy` are the targets in work.

        `arrived` is whether it came while the folder was watched: then its result is made again where somebody took
        that away. Raises UnreadableError where the picture does not decode completely, OutputError where its result
        has no place, and what opening its recipe raises.
        """
        if picture.suffix.lower() not in WRITABLE and not is_picture(picture):
            return Verdict.NOTHING
        with ItemError.about(picture):
            origin = self._journal.origin(picture)
            if origin and origin.source.is_relative_to(self._source):
                return Verdict.NOTHING
            recipe = self._recipes.of(picture)
            found = self._place(picture, recipe, arrived=arrived)
            if found is None:
                return Verdict.MADE
            if found in busy:
                return Verdict.LATER
            check_complete(picture)
            # Nothing but its own earlier result can be there.
            rules = OverwritePolicy(overwrite=found.exists())
            return WatchTask(self._item(picture, found), ItemRunner(recipe.chooser, recipe.save, rules, self._journal))

    def _item(self, picture: Path, target: Path) -> Item:
        return Item(picture, target, inside=picture.parent.relative_to(self._source), home=self._output)

    def _place(self, picture: Path, recipe: FolderRecipe, *, arrived: bool) -> Path | None:
        """Where the result of `picture` is to go; None where it was made already. Raises OutputError."""
        folder = self._output / picture.parent.relative_to(self._source)
        targets = [folder / name for name in recipe.names(picture, folder)]
        for target in targets:
            made, exists = self._journal.made(target), os.path.lexists(target)
            # What was made of another picture keeps its place, even when that is gone.
            if made is None or made.source != picture:
                if made is None and not exists:
                    return target
            elif self._is_current(picture, made, recipe) and (exists or not arrived):
                return None
            elif not exists or made.fingerprint.fits(target):
                return target
        raise OutputError(f"{targets[0]} exists already, and was not made of it", hint="move it, or rename the picture")

    def _is_current(self, picture: Path, made: ResultRecord, recipe: FolderRecipe) -> bool:
        item = self._item(picture, made.target)
        return made.recipe == recipe_of(item, recipe.chooser, recipe.save) and made.source_fingerprint.fits(picture)


def check_complete(picture: Path) -> None:
    """Decode the whole picture. Raises UnreadableError or PictureSizeError where that cannot be done."""
    with open_reader(picture) as reader:
        for _ in reader.samples():
            pass
