"""`ganfx apply`: runs a model, whatever it is for."""

from __future__ import annotations

import click

from ganfx.cli.terminal import tell
from ganfx.errors import OptionError


@click.command(
    short_help="Run a model, whatever it is for.",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["-h", "--help"]},
)
@click.option("-n", "--model", required=True, metavar="NAME|FILE", help="One of `ganfx models`, or an ONNX file.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="FILES... [OPTIONS]")
@click.pass_context
def apply(context: click.Context, model: str, arguments: tuple[str, ...]) -> int:
    """Run a model on pictures with the filter that it is for. All else is as with that filter's own command.

    \b
    Examples:
      ganfx apply -n 4xSomething photo.jpg
      ganfx apply -n migan photo.jpg --mask mask.png -o filled.png
    """
    name, option = _filter_of(model)
    tell(f"{model} is for {name}: as with ganfx {name}")
    assert context.parent is not None
    command = context.parent.command
    assert isinstance(command, click.Group)
    with command.commands[name].make_context(name, [*arguments, option, model], parent=context.parent) as chosen:
        return int(chosen.command.invoke(chosen) or 0)


def _filter_of(model: str) -> tuple[str, str]:
    """The filter that the model is for, and the option that takes it. Raises OptionError where there is none."""
    from ganfx.engine.acceptance import accept
    from ganfx.filters import all_filters
    from ganfx.hub import find_model

    task = accept(find_model(model)).spec.task
    # Heal takes inpainters, too: the filter of the task's own name comes first.
    for filter_ in sorted(all_filters().values(), key=lambda one: one.name != task):
        if filter_.model_task == task:
            return filter_.name, "-n"
    for filter_ in all_filters().values():
        if filter_.finder and filter_.finder.models == task:
            return filter_.name, "--finder"
    raise OptionError(f"{model} is for {task}, which no filter does", hint="see ganfx models")
