"""Options that several commands share."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import click

from ganfx.batch.stage_limits import StageLimits
from ganfx.cli.help_groups import MODEL, RUN, Decorator, headed
from ganfx.cli.terminal import log_to
from ganfx.engine import PRECISIONS, PROVIDERS, EngineOptions
from ganfx.paths import max_pixels, set_max_pixels

_PROVIDERS = ("auto", *(provider.name for provider in PROVIDERS))
_PRECISIONS = ("auto", *PRECISIONS)
_PROVIDER_HELP = "What to run on; auto takes the fastest that works here, see `ganfx doctor`."
_PRECISION_HELP = "Number format; auto takes the fastest that is exact enough."
_MAX_PIXELS_HELP = "Refuse pictures with more pixels; as in 150M or 2G.  [default: 1073741824]"
_LOG_HELP = "Add all messages to this file, too, with the time."
_MODEL_FILES_HELP = (
    "Let the recipes of a ganfx.toml that is found in a folder name any model file, and not just your own models."
)

_option = headed(MODEL)
_DEVICE = (
    _option("--provider", type=click.Choice(_PROVIDERS), default="auto", show_default=True, help=_PROVIDER_HELP),
    _option("--precision", type=click.Choice(_PRECISIONS), default="auto", show_default=True, help=_PRECISION_HELP),
)
_ENGINE = (
    *_DEVICE,
    _option(
        "-g", "--gpu", type=click.IntRange(-1), metavar="N", default=0, show_default=True, help="Which GPU; -1: CPU."
    ),
    _option(
        "-t", "--tile", type=click.IntRange(0), metavar="N", default=0, help="Tile side in input pixels; 0 chooses."
    ),
    _option("--overlap", type=click.IntRange(0), metavar="N", help="Input pixels that neighboring tiles share."),
)


def lanes_option(help_: str) -> Decorator:
    """`--lanes`, a `StageLimits` or None."""

    def parse(context: click.Context, parameter: click.Parameter, value: str | None) -> StageLimits | None:
        return StageLimits.parse(value) if value else None

    return headed(RUN)("-j", "--lanes", metavar="N", callback=parse, help=help_)


def model_files_option() -> Decorator:
    """`--allow-model-files`, for commands that read recipes."""
    return headed(MODEL)("--allow-model-files", is_flag=True, help=_MODEL_FILES_HELP)


def max_pixels_option(heading: str) -> Decorator:
    """`--max-pixels`, for commands that read pictures; it holds while the command runs, which sees nothing of it."""

    def keep(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            from ganfx.files.budget import parse_pixels

            parse_pixels("--max-pixels", value)
            context.call_on_close(functools.partial(set_max_pixels, max_pixels() or ""))
            set_max_pixels(value)

    return headed(heading)("--max-pixels", metavar="N", expose_value=False, callback=keep, help=_MAX_PIXELS_HELP)


def log_option() -> Decorator:
    """`--log-file`, for commands that run for long; the command sees nothing of it."""

    def keep(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
        if value is not None:
            log_to(value)

    kind = click.Path(path_type=Path, dir_okay=False)
    return headed(RUN)("--log-file", type=kind, metavar="FILE", expose_value=False, callback=keep, help=_LOG_HELP)


def device_options(command: Any) -> Any:
    """Add `--provider` and `--precision` to a command, as arguments of these names."""
    for option in reversed(_DEVICE):
        command = option(command)
    return command


def engine_options(command: Any) -> Any:
    """Add the options of the engine to a command; `take_engine_options` reads them back."""
    for option in reversed(_ENGINE):
        command = option(command)
    return command


def take_engine_options(arguments: dict[str, Any]) -> EngineOptions:
    """Move the options of the engine out of a command's `arguments`."""
    gpu, provider = arguments.pop("gpu"), arguments.pop("provider")
    rest = {name: arguments.pop(name) for name in ("precision", "tile", "overlap")}
    return EngineOptions(provider="cpu" if gpu < 0 else provider, device_id=max(gpu, 0), **rest)


def parse_size(text: str, least: int) -> tuple[int, int]:
    """'384x256' or '256' as (width, height). Raises BadParameter where a side is less than `least`."""
    match = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", text)
    size = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if min(size) < least:
        raise click.BadParameter(f"{text!r} is not N or WIDTHxHEIGHT, of at least {least} pixels")
    return size
