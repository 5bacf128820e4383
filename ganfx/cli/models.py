"""`ganfx models`: lists models, checks them and gets more."""

from __future__ import annotations

from pathlib import Path

import click

from ganfx.cli.model_files import add, info, path, prune, remove
from ganfx.cli.model_pull import pull
from ganfx.cli.model_text import command_for, model_json, model_line
from ganfx.cli.model_verify import verify
from ganfx.cli.terminal import show, show_json


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List, inspect, verify, import and download models."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@models.command("list")
@click.option("--filter", "filter_", metavar="NAME", help="Only the models of one filter.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_(filter_: str | None = None, as_json: bool = False) -> None:
    """List the bundled models, your own, and those to download."""
    from ganfx.hub import list_models

    entries = list_models(filter_)
    if as_json:
        show_json([model_json(entry) for entry in entries], indent=2)
        return
    for entry in entries:
        show(model_line(entry))
    show("* the default of its filter; `ganfx models pull NAME` fetches what is not installed")


@models.command("import", short_help="Import an ONNX file, an ncnn network or a PyTorch checkpoint.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it.  [default: the file's name]")
@click.option("--license", default="unknown", show_default=True, help="Kept with the model.")
@click.option("--replace", is_flag=True, help="Replace a model of that name.")
def import_(file: Path, name: str | None, license: str, replace: bool) -> None:
    """Import an ONNX file, an ncnn network (.param, with its .bin beside it) or a PyTorch checkpoint (.pth,
    .safetensors) as a model.

    Checkpoints of the usual upscalers need nothing else; others need: pip install "ganfx[import]". Code inside a
    checkpoint is never run.
    """
    from ganfx.hub import import_model

    path = import_model(file, name=name, license=license, replace=replace)
    show(f"ready: {command_for(path.stem)}")


for _command in (add, info, path, prune, pull, remove, verify):
    models.add_command(_command)
