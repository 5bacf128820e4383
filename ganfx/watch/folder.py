"""A watched folder in one call."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from ganfx.batch.patience import Note
from ganfx.batch.process import Outcome
from ganfx.batch.recipes import Recipe
from ganfx.batch.stage_limits import StageLimits
from ganfx.errors import OptionError
from ganfx.pipeline import EngineOptions
from ganfx.watch.folder_recipes import FolderRecipes
from ganfx.watch.stability import WatchOptions
from ganfx.watch.watcher import Watcher
from ganfx.watch.watcher_lock import WatcherLock


def watch_folder(
    source: str | Path,
    output: str | Path,
    recipe: str | None = None,
    options: WatchOptions | None = None,
    *,
    engine: EngineOptions | None = None,
    on_note: Note | None = None,
) -> Iterator[Outcome]:
    """Make what comes into the folder `source` into `output`, each picture once, yielding each outcome as it comes.

    >>> from ganfx.watch import WatchOptions, watch_folder
    >>> outcomes = watch_folder("incoming", "better", "upscale:2", WatchOptions(settle_s=0, once=True))
    >>> sorted((outcome.item.target.name, outcome.status) for outcome in outcomes)
    [('beach.jpg', 'done'), ('harbor.jpg', 'done')]

    Without `once` it goes on until the iterator is closed; `Watcher.stop` lets it finish the pictures in work.
    Arguments and errors are those of `open_watcher` and `Watcher.run`.
    """
    return open_watcher(source, output, recipe, options, engine=engine, on_note=on_note).run()


def open_watcher(
    source: str | Path,
    output: str | Path,
    recipe: str | None = None,
    options: WatchOptions | None = None,
    *,
    engine: EngineOptions | None = None,
    on_note: Note | None = None,
) -> Watcher:
    """A watcher that has not started yet; the networks of its main recipe are opened.

    source, output: folders; `output` may be `source`, or inside it.
    recipe: steps such as "heal,upscale:4", the name of a recipe in ganfx.toml, or "auto"; None takes what the
        ganfx.toml of `source` says, else "auto". Sub-folders may have a ganfx.toml of their own.
    options: default to `WatchOptions()`.
    engine: the provider, the precision and the tiles to use; chosen automatically by default.
    on_note: called with lines about the watcher itself, for users to read.

    Raises OptionError where `source` does not exist or the recipe is unknown; WatchedError where another watcher has
    these folders; ModelError or EngineError where a network cannot be opened.
    """
    source, output, options = Path(source).resolve(), Path(output).resolve(), options or WatchOptions()
    recipes = find_recipes(source, recipe, options, engine or EngineOptions())
    WatcherLock(source, output).check()
    limits = options.limits or StageLimits.fitting(recipes.main().chooser)
    return Watcher(source, output, recipes, options, on_note or (lambda line: None), limits)


def find_recipes(source: Path, recipe: str | None, options: WatchOptions, engine: EngineOptions) -> FolderRecipes:
    """The recipes for pictures below `source`, with nothing opened yet. Raises OptionError."""
    if not source.is_dir():
        raise OptionError(f"there is no folder {source}", hint="make it first, or check the name")

    def completed(recipe: Recipe) -> Recipe:
        return dataclasses.replace(
            recipe,
            format=options.format or recipe.format,
            quality=options.quality or recipe.quality,
            lossless=options.lossless or recipe.lossless,
            icc=options.icc or recipe.icc,
            strip_metadata=options.strip_metadata or recipe.strip_metadata,
        )

    allowed = options.allow_model_files
    return FolderRecipes(source, recipe, lambda recipe: recipe.open(engine), completed, allow_model_files=allowed)
