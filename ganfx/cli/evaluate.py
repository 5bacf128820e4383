"""`ganfx eval`: how good, and how fast, beside the alternatives."""

from __future__ import annotations

from pathlib import Path

import click

from ganfx.errors import ModelError


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.group("eval")
def evaluate() -> None:
    """Compare models by figures, sheets and speed (needs: pip install "ganfx[train]")."""


_models = click.option(
    "-n", "--model", "models", multiple=True, default=["photo-x4"], metavar="NAME|FILE", help="Repeat for several."
)


@evaluate.command()
@_models
@click.option(
    "--set", "sets", type=click.Path(path_type=Path), multiple=True, required=True, help="A folder of good pictures."
)
@click.option("--degradation", "degradations", multiple=True, help="clean or camera.  [default: both]")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first pictures of each folder.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write table, JSON and contact sheets there.")
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
    try:
        from ganfx.evaluation.protocol import DEGRADATIONS
        from ganfx.evaluation.upscale import evaluate_upscale
    except ModuleNotFoundError as error:
        raise ModelError(f"evaluating needs {error.name}", hint='pip install "ganfx[train]"') from error

    report = evaluate_upscale(models, sets, degradations=degradations or tuple(DEGRADATIONS), limit=limit, say=_say)
    click.echo(report.markdown())
    for path in report.save(output) if output else ():
        _say(f"written: {path}")


@evaluate.command()
@_models
@click.option("--size", type=click.IntRange(min=16), default=256, show_default=True, help="Input pixels per side.")
@click.option("--repeats", type=click.IntRange(min=1), default=9, show_default=True)
def speed(models: tuple[str, ...], size: int, repeats: int) -> None:
    """Time models in turns on the same input; the first one is the measure."""
    from ganfx.evaluation.speed import benchmark_speed, speed_table

    click.echo(speed_table(benchmark_speed(models, size=size, repeats=repeats)))
