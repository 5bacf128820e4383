"""`ganfx models import`: other people's models, with all that was found out about them."""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.cli.model_files import json_option
from ganfx.cli.model_text import command_for, tell_fact
from ganfx.cli.terminal import show, show_json
from ganfx.errors import OptionError

if TYPE_CHECKING:
    from ganfx.engine.findings import ModelFact, Said


class _Range(click.ParamType[tuple[float, float]]):
    name = "LOW..HIGH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        found = re.fullmatch(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)", str(value))
        if not found or float(found[1]) >= float(found[2]):
            self.fail(f"{value!r} is not two numbers such as 0..255", param, ctx)
        return float(found[1]), float(found[2])


class _Normalization(click.ParamType[Any]):
    name = "imagenet|MEAN/DEVIATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from ganfx.engine.findings import IMAGENET

        if value == "imagenet":
            return IMAGENET
        try:
            mean, deviation = (tuple(float(number) for number in part.split(",")) for part in str(value).split("/"))
        except ValueError:
            self.fail(f"{value!r} is neither imagenet nor such as 0.5,0.5,0.5/0.5,0.5,0.5", param, ctx)
        return mean, deviation


_WISHES = (
    click.option(
        "--task", metavar="FILTER", help="What it is for: upscale, restore, stylize, colorize, inpaint, matte, ..."
    ),
    click.option("--range", "range_", type=_Range(), help="Values of black and white that it takes, such as 0..255."),
    click.option("--order", type=click.Choice(["rgb", "bgr"]), help="Order of the colors that it takes."),
    click.option("--layout", type=click.Choice(["nchw", "nhwc"]), help="Order of the axes: channels first or last."),
    click.option("--scale", type=click.IntRange(1, 64), help="How many times larger the result has to be."),
    click.option("--normalise", "normalise", type=_Normalization(), help="Mean and deviation of the colors, in 0..1."),
    click.option("--tile", type=click.Choice(["fixed", "whole", "free"]), help="How a picture may be cut for it."),
)


@click.command("import", short_help="Import an ONNX file, an ncnn network or a PyTorch checkpoint.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it.  [default: the file's name]")
@click.option("--license", default="unknown", show_default=True, help="Kept with the model.")
@click.option("--replace", is_flag=True, help="Replace a model of that name.")
@click.option("--preview", type=click.Path(path_type=Path), help="Show there what it makes of a drawing: a PNG.")
@functools.partial(functools.reduce, lambda command, wish: wish(command), reversed(_WISHES))
@json_option
def import_(
    file: Path, name: str | None, license: str, replace: bool, preview: Path | None, as_json: bool, **wishes: Any
) -> None:
    """Import an ONNX file, an ncnn network (.param, with its .bin beside it) or a PyTorch checkpoint (.pth,
    .safetensors) as a model.

    What the network wants is found out by running it on a picture, and printed with how sure it is; where something
    is doubtful, the import stops, and says which option tells it.

    Checkpoints of the usual upscalers need nothing else; others need: pip install "ganfx[import]". Code inside a
    checkpoint is never run: of TorchScript (.pt) the weights alone are read, where they are those of a known network.
    """
    from ganfx.hub import import_model

    said = _said(**wishes)
    found: list[ModelFact] = []
    report = found.append if as_json else tell_fact
    path = import_model(file, name=name, license=license, replace=replace, said=said, preview=preview, report=report)
    if as_json:
        show_json({"name": path.stem, "path": path, "found": [dataclasses.asdict(fact) for fact in found]})
    else:
        show(f"ready: {command_for(path.stem)}")


def _said(*, order: str | None, layout: str | None, range_: tuple[float, float] | None, **others: Any) -> Said:
    from ganfx.engine.findings import Said

    _check_task(others["task"])
    upper = {name: value.upper() if value else None for name, value in (("order", order), ("layout", layout))}
    return Said(range=range_, **upper, **others)  # type: ignore[arg-type]


def _check_task(task: str | None) -> None:
    """Raises OptionError for a task that no filter has."""
    from ganfx.filters import all_filters

    filters = all_filters().values()
    known = {filter_.model_task for filter_ in filters} | {
        filter_.finder.models for filter_ in filters if filter_.finder
    }
    if task is not None and task not in known:
        raise OptionError(f"{task}: no filter is for that", hint=f"choose {', '.join(sorted(known))}")
