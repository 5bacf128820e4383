"""`ganfx eval`: how good, and how fast, beside the alternatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.cli.options import parse_size
from ganfx.cli.terminal import show_lines, tell
from ganfx.errors import ModelError

if TYPE_CHECKING:
    from ganfx.evaluation.report import EvaluationReport


def _say(line: str) -> None:
    tell(line)


@click.group("eval", short_help="Compare models by figures, sheets and speed.")
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


def _folders(*, required: bool) -> Callable[[Any], Any]:
    kind = click.Path(path_type=Path)
    return click.option("--set", "sets", type=kind, multiple=True, required=required, help="A folder of good pictures.")


_sets = _folders(required=True)
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


def _tell(report: EvaluationReport, output: Path | None) -> None:
    show_lines(report.markdown())
    for path in report.save(output) if output else ():
        _say(f"written: {path}")


@evaluate.command(short_help="Shrink pictures, enlarge them again, and compare.")
@_models("photo-x4")
@_folders(required=False)
@click.option("--degradation", "degradations", multiple=True, help="clean, camera or worn.  [default: all]")
@click.option("--clean", "cleaning", multiple=True, default=["auto"], help="auto, off, or both.  [default: auto]")
@click.option("--real", type=click.Path(path_type=Path), help="A folder of pictures to enlarge as they are, and show.")
@_limit
@_output
def upscale(
    models: tuple[str, ...],
    sets: tuple[Path, ...],
    degradations: tuple[str, ...],
    cleaning: tuple[str, ...],
    real: Path | None,
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

    chosen = degradations or tuple(DEGRADATIONS)
    report = evaluate_upscale(models, sets, degradations=chosen, cleaning=cleaning, real=real, limit=limit, say=_say)
    _tell(report, output)


@evaluate.command(short_help="Wear pictures, clean them again, and compare.")
@_models("photo-clean")
@_sets
@click.option("--wear", multiple=True, help="noise, jpeg, worn or none.  [default: all]")
@_limit
@_output
def clean(
    models: tuple[str, ...], sets: tuple[Path, ...], wear: tuple[str, ...], limit: int | None, output: Path | None
) -> None:
    """Make good pictures noisy and worn, clean them with each model and with OpenCV, and compare with the originals.

    A model may be an upscaler, too: its result is shrunk then.

    \b
    Example:
      ganfx eval clean -n photo-clean --set BSD100 -o figures
    """
    with _extras():
        from ganfx.evaluation.clean import evaluate_clean
        from ganfx.evaluation.protocol import WEAR

    _tell(evaluate_clean(models, sets, wear=wear or tuple(WEAR), limit=limit, say=_say), output)


@evaluate.command(short_help="Cut holes into pictures, fill them, and compare.")
@_models(None)
@_sets
@click.option("--kind", "kinds", multiple=True, help="Holes drawn: scratches, objects, large or huge.  [default: all]")
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

    chosen = models or (str(find_model(task="inpaint")),)
    report = evaluate_inpaint(chosen, sets, kinds=kinds, masks=masks, invert_masks=invert_masks, limit=limit, say=_say)
    _tell(report, output)


@evaluate.command(short_help="Look for damage where there is none, and where it is known.")
@_models(None)
@click.option("--set", "sets", type=click.Path(path_type=Path), multiple=True, help="A folder of undamaged pictures.")
@click.option("--scans", type=click.Path(path_type=Path), help="A folder of damaged pictures; needs --truth.")
@click.option(
    "--truth", type=click.Path(path_type=Path), help="A text file of what is damaged on them, drawn by somebody."
)
@click.option("--sensitivity", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@_limit
@_output
def heal(
    models: tuple[str, ...],
    sets: tuple[Path, ...],
    scans: Path | None,
    truth: Path | None,
    sensitivity: float,
    limit: int | None,
    output: Path | None,
) -> None:
    """Count what each finder takes for damage in undamaged pictures, and how much of known damage it finds on scans.

    \b
    Example:
      ganfx eval heal --set BSD100 --scans scans --truth drawn.txt -o figures
    """
    with _extras():
        from ganfx.evaluation.heal import evaluate_heal
        from ganfx.hub import find_model

    chosen = models or (str(find_model(task="scratches")),)
    settings = {"sensitivity": sensitivity}
    report = evaluate_heal(chosen, sets, scans=scans, truth=truth, settings=settings, limit=limit, say=_say)
    _tell(report, output)


@evaluate.command(short_help="Turn pictures gray, color them, and compare.")
@_models(None)
@_sets
@click.option(
    "--look", "degradations", multiple=True, help="plain, or old: faded, soft, grainy, red too dark.  [default: both]"
)
@_limit
@_output
def colorize(
    models: tuple[str, ...],
    sets: tuple[Path, ...],
    degradations: tuple[str, ...],
    limit: int | None,
    output: Path | None,
) -> None:
    """Turn good color pictures gray, color them with each model, and compare with the originals.

    A believable color that is not the true one counts as an error; the sheets show which are believable.

    \b
    Example:
      ganfx eval colorize --set BSD100 --look plain --limit 20 -o figures
    """
    with _extras():
        from ganfx.evaluation.colorize import evaluate_colorize
        from ganfx.hub import find_model

    chosen = models or (str(find_model(task="colorize")),)
    _tell(evaluate_colorize(chosen, sets, degradations=degradations, limit=limit, say=_say), output)


@evaluate.command(short_help="Paint photographs, and compare with the style.")
@_models(None)
@_sets
@click.option(
    "--style",
    type=click.Path(path_type=Path),
    required=True,
    help="What the models learned to paint like: a picture, or a folder of paintings.",
)
@_limit
@_output
def stylize(
    models: tuple[str, ...], sets: tuple[Path, ...], style: Path, limit: int | None, output: Path | None
) -> None:
    """Paint photographs with each model, and compare with the style and with the photographs.

    Figures tell how near a painting comes to the style and how much of the photograph it shows; whether one would
    hang it, the sheet shows.

    \b
    Example:
      ganfx eval stylize -n vangogh -n peer.onnx --set photos --style paintings -o figures
    """
    with _extras():
        from ganfx.evaluation.stylize import evaluate_stylize

    _tell(evaluate_stylize(models, sets, style, limit=limit, say=_say), output)


@evaluate.command(short_help="Make textures of examples, and compare with quilting and tiling.")
@_sets
@_limit
@_output
def texture(sets: tuple[Path, ...], limit: int | None, output: Path | None) -> None:
    """Make a seamless texture of each example by patches, by image quilting and by tiling, and compare.

    \b
    Example:
      ganfx eval texture --set materials -o figures
    """
    with _extras():
        from ganfx.evaluation.texture import evaluate_texture

    _tell(evaluate_texture(sets, limit=limit, say=_say), output)


def _size(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    return None if value is None else parse_size(value, 16)


@evaluate.command(short_help="Time models on the same input.")
@_models("photo-x4")
@click.option(
    "--size", callback=_size, metavar="N|WIDTHxHEIGHT", help="Input pixels.  [default: what the filter hands over]"
)
@click.option("--repeats", type=click.IntRange(min=1), default=9, show_default=True)
def speed(models: tuple[str, ...], size: tuple[int, int] | None, repeats: int) -> None:
    """Time models in turns on the same input; the first one is the measure."""
    from ganfx.evaluation.speed import benchmark_speed, speed_table

    show_lines(speed_table(benchmark_speed(models, size=size, repeats=repeats)))
