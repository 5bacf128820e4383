"""`ganfx models`: lists models, checks them and gets more."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganfx.cli.options import device_options
from ganfx.cli.terminal import show, show_json, tell
from ganfx.cli.transfers import transfer_bar

if TYPE_CHECKING:
    from ganfx.hub import ModelEntry


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
        show_json([dataclasses.asdict(entry) for entry in entries], indent=2)
        return
    for entry in entries:
        show(_line(entry))
    show("* the default of its filter; `ganfx models pull NAME` fetches what is not installed")


def _line(entry: ModelEntry) -> str:
    mark = "*" if entry.default else " "
    scale = f"x{entry.scale}" if entry.scale else ""
    size = f"{entry.size_bytes / 1e6:.1f} MB" if entry.size_bytes else ""
    license = f"{entry.license} (non-commercial)" if entry.non_commercial else entry.license
    state = f"{entry.origin if entry.installed else 'to pull':8} {license}"
    state = f"unusable: {entry.problem}" if entry.problem else state
    return f"{mark} {entry.name:28} {entry.task:9} {scale:3} {size:>9}  {state}"


@models.command()
@click.argument("name")
@device_options
def verify(name: str, provider: str, precision: str) -> int:
    """Run a model's self-test on a device of this machine, and compare it with the processor.

    \b
    Example:
      ganfx models verify photo-x4 --provider webgpu
    """
    from ganfx.engine import EngineOptions, open_engine
    from ganfx.engine import verify as run_self_test
    from ganfx.hub import find_model

    engine = open_engine(find_model(name), EngineOptions(provider, precision))
    result = run_self_test(engine)
    if result is None:
        tell(f"{engine.spec.name}: carries no self-test")
        return 1
    verdict = "good" if result.passed else "BAD"
    off = f"{result.error:.1e} off the reference"
    network = engine.network
    how = " ".join(filter(None, (engine.precision, network.layout)))
    beside = f", {network.decibels:.0f} dB from the processor" if math.isfinite(network.decibels) else ""
    show(f"{engine.spec.name} on {engine.device}, {how}: {verdict}, {off}{beside}")
    return 0 if result.passed else 1


@models.command("import", short_help="Import an ONNX file, an ncnn network or a PyTorch checkpoint.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it.  [default: the file's name]")
@click.option("--license", default="unknown", show_default=True, help="Kept with the model.")
@click.option("--replace", is_flag=True, help="Replace a model of that name.")
def import_(file: Path, name: str | None, license: str, replace: bool) -> None:
    """Import an ONNX file, an ncnn network (.param, with its .bin beside it) or a PyTorch checkpoint (.pth,
    .safetensors) as a model.

    Checkpoints need: pip install "ganfx[import]". Code inside a checkpoint is never run.
    """
    from ganfx.hub import import_model

    path = import_model(file, name=name, license=license, replace=replace)
    show(f"ready: {_use_of(path)}")


@models.command()
@click.argument("name")
def pull(name: str) -> None:
    """Download a model of the catalog, showing its license first."""
    from ganfx.hub import list_models, pull_model

    for entry in list_models():
        if entry.name == name:
            tell(_line(entry))
    with transfer_bar(name) as progress:
        path = pull_model(name, progress=progress)
    show(f"ready: {_use_of(path)}")


def _use_of(path: Path) -> str:
    """A command that uses the model in `path`, or its name where no filter does."""
    from ganfx.filters import all_filters
    from ganfx.hub import list_models

    task = next(entry.task for entry in list_models() if entry.name == path.stem)
    for filter_ in all_filters().values():
        if filter_.finder and filter_.finder.models == task:
            return f"ganfx {filter_.name} --finder {path.stem} photo.jpg"
        if filter_.name == task:
            return f"ganfx {task} -n {path.stem} photo.jpg{' --mask mask.png' if filter_.needs_mask else ''}"
    return path.stem
