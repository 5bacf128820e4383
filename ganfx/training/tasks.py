"""What can be trained: one row for each filter. Imports nothing heavy, for it is asked by `ganfx train --help`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganfx.errors import TrainingError

if TYPE_CHECKING:
    from ganfx.training.task import TrainingTask


@dataclass(frozen=True)
class Trainable:
    """The networks of one filter.

    filter: its name, which recipes and models carry too.
    task: the TrainingTask that trains them, as "module:class".
    recipe: the recipe where none is named; None for styles, whose pictures decide.
    what, advice: for the help text: what is trained, and which photographs are fit for it.
    use: the command that uses a trained network, with {name} in it.
    example: what `ganfx train` needs beside the common options.
    """

    filter: str
    task: str
    recipe: str | None
    what: str
    advice: str
    use: str
    example: str = ""

    @property
    def learns_style(self) -> bool:
        """Whether it takes pictures of a style beside the photographs."""
        return self.recipe is None

    def task_class(self) -> type[TrainingTask]:
        """The task; imports torch."""
        module, name = self.task.split(":")
        found: type[TrainingTask] = getattr(importlib.import_module(module), name)
        return found


_ROWS = (
    Trainable(
        "clean",
        "ganfx.training.clean:CleanTask",
        "photo-clean",
        "a cleaner",
        "Sharp photographs without noise teach most; the wear is made from them.",
        "ganfx clean -n {name} photo.jpg",
    ),
    Trainable(
        "level",
        "ganfx.training.level:LevelTask",
        "photo-level",
        "the estimator that sets the strength of `ganfx clean`",
        "Photographs without noise, as for clean.",
        "ganfx models list level",
    ),
    Trainable(
        "upscale",
        "ganfx.training.upscale:UpscaleTask",
        "photo-x4",
        "an upscaler",
        "Sharp, clean photographs teach most; a hundred are a start, a thousand are good.",
        "ganfx upscale -n {name} photo.jpg",
    ),
    Trainable(
        "inpaint",
        "ganfx.training.inpaint:InpaintTask",
        "photo-fill",
        "a network that fills holes",
        "Photographs of everything that it shall fill teach most; a thousand are a start.",
        "ganfx inpaint -n {name} photo.jpg --mask mask.png",
    ),
    Trainable(
        "scratches",
        "ganfx.training.scratches:ScratchTask",
        "photo-scratches",
        "a finder of scratches for `ganfx heal`",
        "Undamaged photographs of what the old prints show teach most; the damage is drawn on them.",
        "ganfx heal --finder {name} old.jpg",
    ),
    Trainable(
        "colorize",
        "ganfx.training.colorize:ColorizeTask",
        "photo-color",
        "a colorizer",
        "Color photographs of many kinds of things teach most; some thousands are a start.",
        "ganfx colorize -n {name} old.jpg",
    ),
    Trainable(
        "stylize",
        "ganfx.training.stylize:StylizeTask",
        None,
        "a style from one picture or a folder of paintings",
        "Photographs of many things, some hundreds, show where strokes belong.",
        "ganfx stylize -n {name} photo.jpg",
        example=" --style wave.jpg",
    ),
    Trainable(
        "texture",
        "ganfx.training.texture:TextureTask",
        "texture",
        "a generator of textures",
        "One picture of a material, or a folder of pictures of one kind; what they show is what it makes.",
        "ganfx generate {name}",
    ),
)
TRAINABLE = {row.filter: row for row in _ROWS}


def trainable(filter: str) -> Trainable:
    """The row of a filter. Raises TrainingError where its networks cannot be trained."""
    try:
        return TRAINABLE[filter]
    except KeyError:
        raise TrainingError(f"no training for {filter!r}", hint=f"there is one for {', '.join(TRAINABLE)}") from None
