"""What is to be made of each picture of a watched folder: the ganfx.toml nearest above it says, or the watcher."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from ganfx import pipeline
from ganfx.batch.items import Naming
from ganfx.batch.recipes import AUTO, FILE, Recipe, find_recipe, recipe_of
from ganfx.errors import OptionError
from ganfx.files import SaveOptions, writable_suffix
from ganfx.filters import find_filter
from ganfx.watch.stability import FileState

# Opened networks of more recipes than these are let go of.
_OPENED = 4


class FolderRecipe:
    """A recipe with its networks opened."""

    def __init__(self, recipe: Recipe, chooser: pipeline.Chooser) -> None:
        self.recipe, self.chooser = recipe, chooser
        self.save = SaveOptions(quality=recipe.quality, strip_metadata=recipe.strip_metadata)

    def names(self, picture: Path, folder: Path) -> tuple[str, str]:
        """What the result of `picture` in `folder` is called, and what if another picture's has that name."""
        extension = f".{self.recipe.format}" if self.recipe.format else writable_suffix(picture)
        naming = Naming(self.chooser.names, self.recipe.name, lambda path: extension)
        other = picture.with_name(f"{picture.stem}_{picture.suffix.lstrip('.')}{picture.suffix}")
        return naming.name(picture, folder), naming.name(other, folder)


class FolderRecipes:
    """The recipes for the pictures below `source`.

    `wanted` is the recipe, by name or by its steps, of all but those in sub-folders with one of their own; without it
    the ganfx.toml of `source` says, or else AUTO. That one is `completed`; `open_` opens networks. Raises OptionError.
    """

    def __init__(
        self,
        source: Path,
        wanted: str | None,
        open_: Callable[[Recipe], pipeline.Chooser],
        completed: Callable[[Recipe], Recipe] = lambda recipe: recipe,
    ) -> None:
        self._source, self._open, self._completed = source, open_, completed
        self._recipe = find_recipe(wanted, source) if wanted is not None else None
        self.name = wanted or f"what {FILE} says, else {AUTO}"
        self._read: dict[Path, tuple[FileState, Recipe | None]] = {}
        self._opened: list[FolderRecipe] = []

    def of(self, picture: Path) -> FolderRecipe:
        """The order for `picture`. Raises OptionError, ModelError or EngineError where it cannot be carried out."""
        for folder in itertools.takewhile(lambda folder: folder != self._source, picture.parents):
            if found := self._recipe_in(folder):
                return self._order(found)
        return self.main()

    def main(self) -> FolderRecipe:
        """The order for pictures in no sub-folder. Raises as `of` does."""
        recipe = self._recipe or self._recipe_in(self._source) or Recipe.of(AUTO)
        return self._order(self._completed(recipe))

    def _recipe_in(self, folder: Path) -> Recipe | None:
        state = FileState.of(folder / FILE)
        if state is None:
            return None
        if folder not in self._read or self._read[folder][0] != state:
            self._read[folder] = state, recipe_of(folder)
        return self._read[folder][1]

    def _order(self, recipe: Recipe) -> FolderRecipe:
        order = next((order for order in self._opened if order.recipe == recipe), None) or self._new(recipe)
        self._opened = [order, *(other for other in self._opened if other is not order)][:_OPENED]
        return order

    def _new(self, recipe: Recipe) -> FolderRecipe:
        if any(find_filter(step.filter).needs_mask for step in recipe.steps):
            raise OptionError("a watched folder has no masks to fill by", hint="choose other steps, such as heal")
        return FolderRecipe(recipe, self._open(recipe))
