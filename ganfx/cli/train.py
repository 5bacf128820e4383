"""`ganfx train`: a network of one's own, by the clock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.cli.terminal import tell
from ganfx.errors import TrainingError

if TYPE_CHECKING:
    from ganfx.training.tasks import Trainable

_HELP = """Train {what} and add it to your models.

\b
Example:
  ganfx train {filter} --photos ~/Pictures/best{example} --minutes 60 --name mine
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
_RULE = click.option(
    "--rule", metavar="NAME", help="A style drawn by rule, such as watercolor or pencil; ? lists them."
)
_BOTH = click.option(
    "--both",
    is_flag=True,
    help="Of a folder of paintings, learn the way back too, from paintings to photographs, as NAME-back; each takes "
    "half of the minutes.",
)


def _say(line: str) -> None:
    tell(line)


def _command(row: Trainable) -> click.Command:
    def callback(**settings: Any) -> None:
        try:
            from ganfx.training import train_model
        except ModuleNotFoundError as error:
            raise TrainingError(f"training needs {error.name}", hint='pip install "ganfx[train]"') from error
        train_model(row.filter, say=_say, **settings)

    default = "by what --style is" if row.learns_style else True
    recipe = click.option("--recipe", default=row.recipe, show_default=default, help="A recipe's name, or a TOML file.")
    own = (_STYLE, _RULE, _BOTH, recipe) if row.learns_style else (recipe,)
    command: Any = callback
    for decorate in reversed((*_OPTIONS[:2], *own, *_OPTIONS[2:])):
        command = decorate(command)
    use = row.use.format(name="mine")
    text = _HELP.format(filter=row.filter, what=row.what, advice=row.advice, use=use, example=row.example)
    decorated: click.Command = click.command(row.filter, help=text, short_help=f"Train {row.what}.")(command)
    return decorated


class _TrainGroup(click.Group):
    """One command for each row of `ganfx.training.tasks`, which is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from ganfx.training.tasks import TRAINABLE

        return list(TRAINABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from ganfx.training.tasks import TRAINABLE

        return _command(TRAINABLE[cmd_name]) if cmd_name in TRAINABLE else None


@click.group(cls=_TrainGroup, short_help="Train a network on your own pictures.")
def train() -> None:
    """Train a network on your own pictures (needs: pip install "ganfx[train]")."""
