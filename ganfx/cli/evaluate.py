"""`ganfx eval`: how good, and how fast, beside the alternatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.errors import ModelError

if TYPE_CHECKING:
    from ganfx.evaluation.report import Report


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.group("eval")
def evaluate() -> None:
    """Compare models by figures, sheets and speed (needs: pip install "ganfx[train]")."""


def _models(default: str | None) -> Callable[[Any], Any]:
    return click.option(
        "-n",
        "--model",
        "models",
        multiple=True,
        default=[default] if default else None,
        metavar="NAME|FILE",
        help="Repeat for several.",
    )


_sets = click.option(
    "--set", "sets", type=click.Path(path_type=Path), multiple=True, required=True, help="A folder of good pictures."
)
_limit = click.option("--limit", type=click.IntRange(min=1), help="Only the first pictures of each folder.")
_output = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write table, JSON and contact sheets there."
)


@contextmanager
def _extras() -> Iterator[None]:
    """Say what to install where evaluating misses a package."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModelError(f"evaluating needs {error.name}", hint='pip install "ganfx[train]"') from error


def _tell(report: Report, output: Path | None) -> None:
    click.echo(report.markdown())
    for path in report.save(output) if output else ():
        _say(f"written: {path}")


@evaluate.command()
@_models("photo-x4")
@_sets
@click.option("--degradation", "degradations", multiple=True, help="clean or camera.  [default: both]")
@_limit
@_output
def upscale(
    models: tuple[str, ...],
    sets: tuple[Path, ...],
    degradations: tuple[str, ...],
    limit: int | None,
    output: Path | None,
) -> None:
    """Shrink good pictures, enlarge them again with each model, and compare with the originals.

    \b
    Example:
      ganfx eval upscale -n photo-x4 -n peer.onnx --set BSD100 -o figures
    """
    with _extras():
        from ganfx.evaluation.protocol import DEGRADATIONS
        from ganfx.evaluation.upscale import evaluate_upscale

    _tell(
        evaluate_upscale(models, sets, degradations=degradations or tuple(DEGRADATIONS), limit=limit, say=_say), output
    )


@evaluate.command()
@_models(None)
@_sets
@click.option("--kind", "kinds", multiple=True, help="Holes to draw: scratches, objects or huge.  [default: all]")
@click.option(
    "--masks", type=click.Path(path_type=Path), help="A folder of masks named as the pictures are; no --kind."
)
@click.option("--invert-masks", is_flag=True, help="The masks are black where to fill, not white.")
@_limit
@_output
def inpaint(
    models: tuple[str, ...],
    sets: tuple[Path, ...],
    kinds: tuple[str, ...],
    masks: Path | None,
    invert_masks: bool,
    limit: int | None,
    output: Path | None,
) -> None:
    """Cut holes into good pictures, fill them with each model and with OpenCV, and compare with the originals.

    Masks over real things measure how well those come back; whether they were removed well, the sheets show.

    \b
    Example:
      ganfx eval inpaint --set BSD100 --kind scratches --limit 20 -o figures
    """
    with _extras():
        from ganfx.evaluation.inpaint import evaluate_inpaint
        from ganfx.hub import find_model

    chosen = models or (str(find_model(filter="inpaint")),)
    report = evaluate_inpaint(chosen, sets, kinds=kinds, masks=masks, invert_masks=invert_masks, limit=limit, say=_say)
    _tell(report, output)


@evaluate.command()
@_models("photo-x4")
@click.option("--size", type=click.IntRange(min=16), default=256, show_default=True, help="Input pixels per side.")
@click.option("--repeats", type=click.IntRange(min=1), default=9, show_default=True)
def speed(models: tuple[str, ...], size: int, repeats: int) -> None:
    """Time models in turns on the same input; the first one is the measure."""
    from ganfx.evaluation.speed import benchmark_speed, speed_table

    click.echo(speed_table(benchmark_speed(models, size=size, repeats=repeats)))
