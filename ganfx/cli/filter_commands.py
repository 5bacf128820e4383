"""One command for each filter, made from its declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ganfx.cli.batches import run_batch
from ganfx.cli.file_options import FileArguments, file_options
from ganfx.cli.mask_options import as_mask_source, finder_options, mask_options
from ganfx.cli.options import engine_options, take_engine_options
from ganfx.filters import Filter, Option

_EPILOG = """\b
Examples:
  {example}
  ganfx {name} in.png{mask} -o out.png
  ganfx {name} FOLDER{masks} -o RESULTS -f png -r
"""


def _flag(option: Option) -> Callable[[Any], Any]:
    names = [f"--{option.name.replace('_', '-')}"] + ([f"-{option.letter}"] if option.letter else [])
    shown = option.default not in (None, ()) and not option.selects_model
    return click.option(
        *names,
        option.name,
        type=_kind(option),
        default=option.default,
        show_default=shown,
        help=option.help,
        metavar=option.metavar,
        multiple=option.repeatable,
        is_flag=option.kind is bool,
    )


def _kind(option: Option) -> Any:
    if option.choices:
        return click.Choice(option.choices)
    if option.bounds:
        low, high = option.bounds
        return click.IntRange(int(low), int(high)) if option.kind is int else click.FloatRange(low, high)
    return option.kind if isinstance(option.kind, type) else str


def filter_command(filter_: Filter) -> click.Command:
    """The command that runs `filter_` over files and folders."""

    def callback(**arguments: Any) -> int:
        from ganfx.batch.recipes import Recipe
        from ganfx.pipeline import Step

        engine = take_engine_options(arguments)
        options = {option.name: arguments.pop(option.name) for option in filter_.options}
        given = FileArguments.take(arguments)
        mask = as_mask_source(arguments["mask"], arguments["mask_color"]) if filter_.needs_mask else None
        step = Step(filter_.name, options, arguments["model"], arguments.get("finder"))
        return run_batch(
            filter_.name, Recipe((step,)), given, engine, mask=mask, mask_output=arguments.get("save_mask")
        )

    command: Any = engine_options(callback)
    masking = mask_options() if filter_.needs_mask else finder_options() if filter_.finder else []
    for decorate in reversed([*file_options(), *masking, *map(_flag, filter_.options), _model_option(filter_)]):
        command = decorate(command)
    mask, masks = (" --mask mask.png", " --mask MASKS") if filter_.needs_mask else ("", "")
    epilog = _EPILOG.format(name=filter_.name, example=filter_.example, mask=mask, masks=masks)
    decorated: click.Command = click.command(filter_.name, help=filter_.help, epilog=epilog)(command)
    return decorated


def _model_option(filter_: Filter) -> Callable[[Any], Any]:
    return click.option("-n", "--model", metavar="NAME|FILE", cls=_ModelOption, filter_name=filter_.model_task)


class _ModelOption(click.Option):
    """Names the bundled models of a filter; looks them up only when its help is asked for."""

    def __init__(self, *arguments: Any, filter_name: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.filter_name = filter_name

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from ganfx.hub import bundled_names

        names = ", ".join(bundled_names(self.filter_name))
        self.help = f"One of {names}, another from `ganfx models`, or an ONNX file."
        return super().get_help_record(ctx)
