"""`ganfx enhance`: several filters one after another, named, or chosen for each photograph."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from ganfx.cli.batches import run_batch
from ganfx.cli.file_options import FileArguments, file_options, files_argument
from ganfx.cli.filter_commands import own_option
from ganfx.cli.help_groups import headed, make_command
from ganfx.cli.mask_options import as_mask_source, mask_options
from ganfx.cli.options import engine_options, model_files_option, take_engine_options
from ganfx.filters import SIZES

_STEPS_HELP = "Filters with commas between, or auto: what each photograph needs.  [default: auto]"
_EPILOG = """\b
Examples:
  ganfx enhance album/*.jpg                          what each of them needs
  ganfx enhance album --long-side 3840 -o better     the same, and all of one size
  ganfx enhance old.png --steps heal,colorize,upscale:4
  ganfx enhance *.jpg --steps "upscale:2,stylize:oil:strength=0.7"
  ganfx enhance scans --recipe old-photos -o restored -r

\b
A step is a filter, then the value that chooses its model, then options as in the filter's own
--help, each after a colon:  upscale:4   stylize:oil:strength=0.7:keep-color   heal:sensitivity=0.3
Pictures stay in memory between steps, at full precision.

\b
A recipe is kept in a file ganfx.toml, here, in a folder above, or in your settings:
  [recipes.old-photos]
  steps = "heal,colorize,upscale:4"
  format = "png"
It may also say quality, lossless, icc, strip_metadata, name and a size (width, long_side, ...), as the
options here do. It cannot be called as a filter is, and outside your settings names your own models
alone, see --allow-model-files.
"""


_SHORT = "Heal, clean, enlarge: what each picture needs."
_HELP = """Run several filters over photographs, or those that each of them needs.

By default it heals old prints that look damaged, cleans what is noisy and enlarges what is small, and says why.
"""


def _enhance(**arguments: Any) -> int:
    from ganfx.batch.recipes import AUTO, Recipe, find_recipe

    engine = take_engine_options(arguments)
    size = {option.name: arguments.pop(option.name) for option in SIZES}
    files = FileArguments.take(arguments)
    steps, named = arguments["steps"], arguments["recipe"]
    if steps is not None and named is not None:
        raise click.UsageError("--steps and --recipe exclude each other")
    if steps is not None and arguments["color"]:
        raise click.UsageError("--color is for steps that are chosen: name colorize among --steps")
    if named is None:
        recipe = Recipe.of(AUTO if steps is None else steps)
    else:
        recipe = find_recipe(named, allow_model_files=arguments["allow_model_files"])
    recipe = dataclasses.replace(recipe, color=recipe.color or arguments["color"]).sized(size)
    return run_batch("enhance", recipe, files, engine, mask=as_mask_source(arguments["mask"], arguments["mask_color"]))


_OWN = "Enhance options"
enhance = make_command(
    "enhance",
    _enhance,
    [
        files_argument(),
        headed(_OWN)("--steps", metavar="STEPS", help=_STEPS_HELP),
        headed(_OWN)("--color", is_flag=True, help="Give pictures without colors some, too."),
        *(own_option(option, _OWN) for option in SIZES),
        headed(_OWN)("--recipe", metavar="NAME", help="A recipe of ganfx.toml: its steps, and how to save."),
        *mask_options(_OWN),
        engine_options,
        model_files_option(),
        *file_options(),
    ],
    help=_HELP,
    epilog=_EPILOG,
    short_help=_SHORT,
)
