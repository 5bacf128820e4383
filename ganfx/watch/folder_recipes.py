"""The recipe for each picture of a watched folder: that of the nearest ganfx.toml above it, else the watcher's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from ganfx import pipeline
from ganfx.batch.items import Naming
from ganfx.batch.recipes import AUTO, FILE, Recipe, find_recipe, folder_recipe
from ganfx.errors import OptionError
from ganfx.files import writable_suffix
from ganfx.watch.stability import FileState

# Max recipes whose networks stay open.
_MAX_OPEN = 4


class FolderRecipe:
    """A recipe with opened networks."""

    def __init__(self, recipe: Recipe, chooser: pipeline.Chooser) -> None:
        self.recipe, self.chooser = recipe, chooser
        self.save = recipe.saving

    def _suffix(self, picture: Path) -> str:
        return writable_suffix(picture, alpha=self.recipe.adds_alpha)

    def names(self, picture: Path, folder: Path) -> tuple[str, str]:
        """The name of the result of `picture` in `folder`, and another one for when that name is taken."""
        extension = f".{self.recipe.format}" if self.recipe.format else self._suffix(picture)
        naming = Naming(self.chooser.names, self.recipe.name, lambda path: extension)
        other = picture.with_name(f"{picture.stem}_{picture.suffix.lstrip('.')}{picture.suffix}")
        return naming.name(picture, folder), naming.name(other, folder)


class FolderRecipes:
    """The recipes for the pictures below `source`.

    wanted: the main recipe, by its name or its steps; None takes that of the ganfx.toml of `source`, else AUTO.
        Sub-folders with a ganfx.toml have their own.
    open_: opens the networks of a recipe.
    completed: fills in what the main recipe leaves open.
    allow_model_files: whether recipes in these folders may name any model file, and not just the user's models.

    Raises OptionError for an unknown recipe.
    """

    def __init__(
        self,
        source: Path,
        wanted: str | None,
        open_: Callable[[Recipe], pipeline.Chooser],
        completed: Callable[[Recipe], Recipe] = lambda recipe: recipe,
        *,
        allow_model_files: bool = False,
    ) -> None:
        self._source, self._open, self._completed = source, open_, completed
        self._allowed = allow_model_files
        self._recipe = find_recipe(wanted, source, allow_model_files=allow_model_files) if wanted is not None else None
        self.name = wanted or f"what {FILE} says, else {AUTO}"
        self._read: dict[Path, tuple[FileState, Recipe | None]] = {}
        self._opened: list[FolderRecipe] = []

    def of(self, picture: Path) -> FolderRecipe:
        """The recipe for `picture`. Raises OptionError, ModelError or EngineError where it cannot be opened."""
        for folder in itertools.takewhile(lambda folder: folder != self._source, picture.parents):
            if found := self._recipe_in(folder):
                return self._opened_recipe(found)
        return self.main()

    def main(self) -> FolderRecipe:
        """The main recipe. Raises as `of` does."""
        recipe = self._recipe or self._recipe_in(self._source) or Recipe.of(AUTO)
        return self._opened_recipe(self._completed(recipe))

    def _recipe_in(self, folder: Path) -> Recipe | None:
        state = FileState.of(folder / FILE)
        if state is None:
            return None
        if folder not in self._read or self._read[folder][0] != state:
            self._read[folder] = state, folder_recipe(folder, allow_model_files=self._allowed)
        return self._read[folder][1]

    def _opened_recipe(self, recipe: Recipe) -> FolderRecipe:
        """`recipe` with opened networks; the recipes used last stay open."""
        found = next((one for one in self._opened if one.recipe == recipe), None) or self._open_recipe(recipe)
        self._opened = [found, *(other for other in self._opened if other is not found)][:_MAX_OPEN]
        return found

    def _open_recipe(self, recipe: Recipe) -> FolderRecipe:
        if recipe.needing_mask:
            raise OptionError("a watched folder has no masks to fill by", hint="choose other steps, such as heal")
        return FolderRecipe(recipe, self._open(recipe))
