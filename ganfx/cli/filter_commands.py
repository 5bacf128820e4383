"""One command for each filter, made from its declaration."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from ganfx.cli.batches import run_batch
from ganfx.cli.candidate_options import candidate_options
from ganfx.cli.file_options import FileArguments, file_options, files_argument
from ganfx.cli.help_groups import MODEL, Decorator, HeadedOption, headed, make_command
from ganfx.cli.mask_options import as_mask_source, finder_option, mask_options, save_mask_option
from ganfx.cli.options import engine_options, take_engine_options
from ganfx.cli.suggestions import suggest
from ganfx.filters import Filter, Option

_EPILOG = """\b
Examples:
  {example}
  ganfx {name} in.png{mask} -o out.png
  ganfx {name} FOLDER{masks} -o RESULTS -f png -r
"""


_METAVARS: dict[Any, str] = {int: "N", float: "X"}


def own_option(option: Option, heading: str) -> Decorator:
    """The option of a command for an `option` of a filter."""
    names = [f"--{option.name.replace('_', '-')}"] + ([f"-{option.letter}"] if option.letter else [])
    shown = option.default not in (None, ())
    return headed(heading)(
        *names,
        option.name,
        type=_click_type(option),
        default=option.default,
        show_default=shown,
        help=option.help,
        metavar=option.metavar or ("X|auto" if option.auto else _METAVARS.get(option.kind)),
        multiple=option.repeatable,
        is_flag=option.kind is bool,
    )


def _click_type(option: Option) -> Any:
    if option.auto:
        return str  # a number or "auto": checked by the option itself
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
        files = FileArguments.take(arguments)
        mask = as_mask_source(arguments["mask"], arguments.get("mask_color")) if filter_.takes_mask else None
        step = Step(filter_.name, options, arguments["model"], arguments.get("finder"))
        status = run_batch(
            filter_.name,
            Recipe((step,)),
            files,
            engine,
            mask=mask,
            mask_output=arguments.get("save_mask"),
            candidates=arguments.get("candidates", 1),
            sheet=arguments.get("sheet"),
        )
        if status == 0 and step.model is None and files.is_told:
            suggest(filter_.model_task)
        return status

    own = f"{filter_.name.capitalize()} options"
    decorators = [
        files_argument(),
        *(mask_options(own, required=filter_.needs_mask) if filter_.takes_mask else ()),
        *(own_option(option, own) for option in filter_.options),
        *(candidate_options(own) if filter_.has_seed else ()),
        *([save_mask_option(own)] if filter_.finder else ()),
        _model_option(filter_),
        *([finder_option()] if filter_.finder else ()),
        engine_options,
        *file_options(),
    ]
    mask, masks = (" --mask mask.png", " --mask MASKS") if filter_.needs_mask else ("", "")
    epilog = _EPILOG.format(name=filter_.name, example=filter_.example, mask=mask, masks=masks)
    return make_command(filter_.name, callback, decorators, help=filter_.help, epilog=epilog)


def _model_option(filter_: Filter) -> Decorator:
    return headed(MODEL)("-n", "--model", metavar="NAME|FILE", cls=_ModelOption, filter_name=filter_.model_task)


class _ModelOption(HeadedOption):
    """Lists the bundled models of a filter in its help; they are looked up only when the help is shown."""

    def __init__(self, *arguments: Any, filter_name: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.filter_name = filter_name

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The installed models, or files."""
        from ganfx.hub import list_models

        names = [entry.name for entry in list_models(self.filter_name) if entry.installed]
        found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from ganfx.hub import bundled_names

        names = ", ".join(bundled_names(self.filter_name))
        self.help = f"One of {names}, another from" if names else "One of"
        self.help += " `ganfx models`, or an ONNX file."
        return super().get_help_record(ctx)
