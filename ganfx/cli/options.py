"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ganfx.batch.stage_limits import StageLimits
from ganfx.engine import PRECISIONS, PROVIDERS, EngineOptions

_PROVIDERS = ("auto", *(provider.name for provider in PROVIDERS))
_PRECISIONS = ("auto", *PRECISIONS)

Command = Callable[..., Any]

_ENGINE = (
    click.option("--provider", type=click.Choice(_PROVIDERS), default="auto", show_default=True, help="Where to run."),
    click.option(
        "--precision", type=click.Choice(_PRECISIONS), default="auto", show_default=True, help="Number format."
    ),
    click.option("-g", "--gpu", type=click.IntRange(-1), default=0, show_default=True, help="GPU number; -1: the CPU."),
    click.option("-t", "--tile", type=click.IntRange(0), default=0, help="Tile side in input pixels; 0 chooses."),
    click.option("--overlap", type=click.IntRange(0), help="Input pixels that neighbouring tiles share."),
)


def lanes_option(help_: str) -> Command:
    """`--lanes`, a `StageLimits` or None."""

    def read(context: click.Context, parameter: click.Parameter, said: str | None) -> StageLimits | None:
        return StageLimits.parse(said) if said else None

    return click.option("-j", "--lanes", metavar="OPEN:FILTER:ENCODE", callback=read, help=help_)


def engine_options(command: Command) -> Command:
    """Add the options of the engine; `take_engine_options` reads them back."""
    for option in reversed(_ENGINE):
        command = option(command)
    return command


def take_engine_options(arguments: dict[str, Any]) -> EngineOptions:
    """Move the options of the engine out of a command's `arguments`."""
    gpu, provider = arguments.pop("gpu"), arguments.pop("provider")
    rest = {name: arguments.pop(name) for name in ("precision", "tile", "overlap")}
    return EngineOptions(provider="cpu" if gpu < 0 else provider, device_id=max(gpu, 0), **rest)
