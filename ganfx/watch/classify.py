"""Decides what to make of one file of a watched folder that has stopped changing."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.fingerprints import ResultRecord
from ganfx.batch.homes import Home
from ganfx.batch.item_runner import ItemRunner, OverwritePolicy, recipe_fingerprint
from ganfx.batch.items import Item
from ganfx.batch.journal import Journal
from ganfx.errors import ItemError, OutputError
from ganfx.files import PICTURE_SUFFIXES, is_picture, open_animation, open_reader
from ganfx.watch.folder_recipes import FolderRecipe, FolderRecipes


class NotNow(enum.Enum):
    """Why nothing is to be made of a file: it is not a source picture, its result is up to date, or it must wait."""

    NOT_A_SOURCE = enum.auto()
    UP_TO_DATE = enum.auto()
    LATER = enum.auto()


@dataclass(frozen=True)
class PendingItem:
    """An item to be made, and what makes it."""

    item: Item
    runner: ItemRunner


class Classifier:
    """Classifies files below `source` by their `recipes` and by `journal`, that of the folder `output`.

    check: called between parts of a picture that is decoded; what it raises ends that.
    """

    def __init__(
        self, source: Path, output: Path, journal: Journal, recipes: FolderRecipes, check: Callable[[], None]
    ) -> None:
        self._source, self._output, self._journal, self._recipes = source, output, journal, recipes
        self._check = check

    def classify(self, picture: Path, busy: Collection[Path], *, arrived: bool) -> PendingItem | NotNow:
        """The item to make of `picture`, or why there is none.

        busy: the targets in work.
        arrived: the picture came while the folder was watched; then a result that was moved away is made again.

        Raises UnreadableError where the picture does not decode completely, UnsupportedError where it is of a kind that
        is not read here, OutputError where there is no free name for its result, and what opening its recipe raises.
        """
        if picture.suffix.lower() not in PICTURE_SUFFIXES and not is_picture(picture):
            return NotNow.NOT_A_SOURCE
        with ItemError.about(picture):
            origin = self._journal.origin(picture)
            if origin and origin.source.is_relative_to(self._source):
                return NotNow.NOT_A_SOURCE
            recipe = self._recipes.of(picture)
            target = self._target(picture, recipe, arrived=arrived)
            if target is None:
                return NotNow.UP_TO_DATE
            if target in busy:
                return NotNow.LATER
            check_complete(picture, self._check)
            # An existing file there is the picture's own earlier result.
            existing = OverwritePolicy(overwrite=os.path.lexists(target))
            runner = ItemRunner(recipe.chooser, recipe.save, existing, self._journal)
            return PendingItem(self._item(picture, target), runner)

    def _item(self, picture: Path, target: Path) -> Item:
        inside = picture.parent.relative_to(self._source)
        return Item(picture, target, inside=inside, home=Home(self._output), below=self._output)

    def _target(self, picture: Path, recipe: FolderRecipe, *, arrived: bool) -> Path | None:
        """The file for the result of `picture`; None where it is up to date. Raises OutputError."""
        folder = self._output / picture.parent.relative_to(self._source)
        targets = [folder / name for name in recipe.names(picture, folder)]
        for target in targets:
            made, exists = self._journal.made(target), os.path.lexists(target)
            # The result of another picture keeps its name, even when that picture is gone.
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
        return made.recipe == recipe_fingerprint(item, recipe.chooser, recipe.save) and made.source_fingerprint.fits(
            picture
        )


def check_complete(picture: Path, check: Callable[[], None]) -> None:
    """Decode the whole picture, all frames of an animation, with a `check` after each part of it.

    Raises UnreadableError or PictureSizeError where that cannot be done, and what `check` raises.
    """
    with open_animation(picture) or open_reader(picture) as reader:
        for _ in reader.samples():
            check()
