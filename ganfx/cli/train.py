"""`ganfx train`: a network of one's own, by the clock."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.errors import TrainingError

if TYPE_CHECKING:
    from ganfx.training.run import Request


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.group()
def train() -> None:
    """Train a network on your own pictures (needs: pip install "ganfx[train]")."""


@dataclass(frozen=True)
class _Kind:
    """Models of one filter: what they are, what teaches them, and how a trained one is used.

    Those without a `recipe` of their own learn a style, whose kind decides.
    """

    filter: str
    recipe: str | None
    what: str
    advice: str
    use: str
    also: str = ""


_KINDS = (
    _Kind(
        "upscale",
        "photo-x4",
        "an upscaler",
        "Sharp, clean photographs teach most; a hundred are a start, a thousand are good.",
        "ganfx upscale -n {name} photo.jpg",
    ),
    _Kind(
        "inpaint",
        "photo-fill",
        "a network that fills holes",
        "Photographs of everything that it shall fill teach most; a thousand are a start.",
        "ganfx inpaint -n {name} photo.jpg --mask mask.png",
    ),
    _Kind(
        "scratches",
        "photo-scratches",
        "a finder of scratches for `ganfx heal`",
        "Undamaged photographs of what the old prints show teach most; the damage is drawn on them.",
        "ganfx heal --finder {name} old.jpg",
    ),
    _Kind(
        "colorize",
        "photo-color",
        "a colorizer",
        "Color photographs of many kinds of things teach most; some thousands are a start.",
        "ganfx colorize -n {name} old.jpg",
    ),
    _Kind(
        "stylize",
        None,
        "a style from one picture or a folder of paintings",
        "Photographs of many things, some hundreds, show where strokes belong.",
        "ganfx stylize -n {name} photo.jpg",
        " --style wave.jpg",
    ),
)

_HELP = """Train {what} and add it to your models.

\b
Example:
  ganfx train {filter} --photos ~/Pictures/best{also} --minutes 60 --name mine
  {use}

{advice} A sample grid and a line of metrics are written each minute; Ctrl-C leaves a checkpoint behind.
"""

_OPTIONS = (
    click.option(
        "--photos", type=click.Path(path_type=Path), multiple=True, required=True, help="A folder of photographs."
    ),
    click.option("--minutes", type=click.FloatRange(0, min_open=True), required=True, help="For the whole schedule."),
    click.option("--name", help="What to call the model.  [default: the recipe's name, with -custom]"),
    click.option("--folder", type=click.Path(path_type=Path), help="Checkpoints and samples.  [default: runs/NAME]"),
    click.option("--resume", is_flag=True, help="Go on where this folder's last run stopped."),
    click.option("--start-from", metavar="NAME|FILE", help="Begin with the weights of a model that ganfx trained."),
    click.option("--pause-after", type=float, metavar="MINUTES", help="Stop this run early; --resume finishes it."),
    click.option("--limit", type=click.IntRange(min=1), help="Read only this many files."),
    click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda."),
    click.option("--devices", default="1", show_default=True, help="How many, or auto."),
    click.option("--license", default="private", show_default=True, help="Written into the model."),
)


_STYLE = click.option(
    "--style",
    type=click.Path(path_type=Path),
    help="A picture in the style, or a folder of paintings.",
)
_BOTH = click.option(
    "--both",
    is_flag=True,
    help="Of a folder of paintings, learn the way back too, from paintings to photographs, as NAME-back; each takes "
    "half of the minutes.",
)


def _command(kind: _Kind) -> click.Command:
    def callback(**settings: Any) -> None:
        _train(kind, **settings)

    default = True if kind.recipe else "by what --style is"
    recipe = click.option(
        "--recipe", default=kind.recipe, show_default=default, help="A recipe's name, or a TOML file."
    )
    own = (recipe,) if kind.recipe else (_STYLE, _BOTH, recipe)
    command: Any = callback
    for decorate in reversed((*_OPTIONS[:2], *own, *_OPTIONS[2:])):
        command = decorate(command)
    use = kind.use.format(name="mine")
    text = _HELP.format(filter=kind.filter, what=kind.what, advice=kind.advice, use=use, also=kind.also)
    decorated: click.Command = click.command(kind.filter, help=text)(command)
    return decorated


for _kind in _KINDS:
    train.add_command(_command(_kind))


def _train(
    kind: _Kind,
    name: str | None,
    recipe: str | None,
    folder: Path | None,
    start_from: str | None,
    license: str,
    both: bool = False,
    **settings: Any,
) -> None:
    try:
        from ganfx.exporters.weights import generator_state
        from ganfx.training.run import Request
        from ganfx.training.stylize import check_both, default_recipe
    except ModuleNotFoundError as error:
        raise TrainingError(f"training needs {error.name}", hint='pip install "ganfx[train]"') from error
    from ganfx.hub import find_model

    if both:
        check_both(settings["style"])
    recipe = recipe or default_recipe(settings.get("style"))
    name = name or f"{Path(recipe).stem}-custom"
    folder = folder or Path("runs") / name
    weights = generator_state(find_model(start_from, task=kind.filter, selectors={})) if start_from else None
    request = Request(filter=kind.filter, recipe=recipe, folder=folder, **settings)
    training = _Training(kind, license, start_from, weights)
    if both:
        training.both_ways(name, request)
    else:
        training.one_way(name, request)


@dataclass(frozen=True)
class _Training:
    """What all networks of one command share; `weights` are those of the model `start_from`."""

    kind: _Kind
    license: str
    start_from: str | None
    weights: dict[str, Any] | None

    def both_ways(self, name: str, request: Request) -> None:
        """Train there and back one after the other, each in a folder of its own; a way that is finished stays so."""
        from ganfx.training.trainer import CHECKPOINT

        begun = time.monotonic()
        half = dataclasses.replace(request, minutes=request.minutes / 2)
        if not self.one_way(name, dataclasses.replace(half, folder=request.folder / name)):
            return
        name = f"{name}-back"
        folder, pause = request.folder / name, request.pause_after
        left = None if pause is None else max(0.0, pause - (time.monotonic() - begun) / 60)
        resume = request.resume and (folder / CHECKPOINT).exists()
        self.one_way(name, dataclasses.replace(half, folder=folder, back=True, resume=resume, pause_after=left))

    def one_way(self, name: str, request: Request) -> bool:
        """Train, export and, once its minutes are over, register one network; whether they are."""
        from ganfx.exporters.export import export_generator
        from ganfx.hub import register
        from ganfx.training.run import train as run

        trained = run(request, _say, self.weights)
        file = request.folder / f"{name}.onnx"
        spec = trained.spec(name)
        origin = {"start_from": Path(self.start_from).stem} if self.start_from else {}
        spec = dataclasses.replace(spec, license=self.license, training={**spec.training, **origin})
        report = export_generator(trained.generator, spec, file)
        _say(f"exported {file}: {report.size_bytes / 1e6:.2f} MB, largest error {report.max_error_stored:.1e}")
        if not trained.finished:
            _say("paused: --resume goes on; the file above is what the network knows so far")
            return False
        register(file, name, replace=True)
        _say(f"ready: {self.kind.use.format(name=name)}")
        return True
