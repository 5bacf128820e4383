"""`ganfx models info`, `path`, `add`, `remove` and `prune`: what there is of a model, and what is to go."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import urlsplit

import click

from ganfx.cli.model_text import model_json, model_lines
from ganfx.cli.terminal import show, show_json

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")


@click.command(short_help="Show what is known of a model.")
@click.argument("name", metavar="NAME|FILE")
@json_option
def info(name: str, as_json: bool) -> None:
    """Show what is known of a model: license, size, what it is for, where it is from."""
    from ganfx.hub import describe

    entry = describe(name)
    if as_json:
        show_json(model_json(entry), indent=2)
        return
    for line in model_lines(entry):
        show(line)


@click.command(short_help="Print where the file of a model is.")
@click.argument("name", required=False)
@json_option
def path(name: str | None, as_json: bool) -> None:
    """Print where the file of an installed model is; without NAME, the folder of your own models."""
    from ganfx.hub import find_model
    from ganfx.paths import models_dir

    found = find_model(name) if name else models_dir()
    if as_json:
        show_json({"path": found})
    else:
        show(found)


@click.command(short_help="Add a model to your own catalog.")
@click.argument("source", metavar="ADDRESS|FILE.json")
@click.option("--sha256", help="Of the file at the address: without it, nothing is fetched.")
@click.option("--name", help="What to call it.  [default: the file's name]")
@click.option("--task", help="The filter that it serves.  [default: found out when it is pulled]")
@click.option("--scale", type=click.IntRange(1, 64), metavar="N", help="How many times it enlarges.")
@click.option("--size", type=click.IntRange(1), metavar="BYTES", help="Size of the file.")
@click.option("--license", help="SPDX identifier, kept with the model.")
@json_option
def add(
    source: str,
    sha256: str | None,
    name: str | None,
    task: str | None,
    scale: int | None,
    size: int | None,
    license: str | None,
    as_json: bool,
) -> None:
    """Add a model to your own catalog: an https address, or a model's file of OpenModelDB.

    \b
    Example:
      ganfx models add https://example.org/4xSomething.onnx --sha256 9f86d081...
    """
    from ganfx.hub.adding import add_model, read_openmodeldb

    if "://" in source:
        block = _block_of(source, sha256, size, name)
    elif sha256 or size:
        raise click.UsageError("--sha256 and --size belong to an address")
    else:
        block = read_openmodeldb(Path(source), name)
    said = {"task": task, "scale": scale, "license": license}
    entry = add_model(block | {key: value for key, value in said.items() if value is not None})
    if as_json:
        show_json(model_json(entry), indent=2)
    else:
        show(f"added: ganfx models pull {entry.name}")


def _block_of(address: str, sha256: str | None, size: int | None, name: str | None) -> dict[str, object]:
    if not sha256:
        raise click.UsageError("an address needs the --sha256 of the file there")
    file = posixpath.basename(urlsplit(address).path)
    stem, ending = posixpath.splitext(file)
    resource = {
        "platform": "onnx" if ending == ".onnx" else "pytorch",
        "type": ending.removeprefix(".") or "pth",
        "size": size,
        "sha256": sha256.lower(),
        "urls": [address],
    }
    return {"name": name or stem, "resources": [resource]}


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
def remove(names: tuple[str, ...], as_json: bool) -> None:
    """Remove models of your own, imported, trained or pulled. Those that ship stay."""
    from ganfx.hub.keeping import remove_model

    for name in names:
        removed = remove_model(name)
        if as_json:
            show_json({"name": removed.stem, "path": removed})
        else:
            show(f"removed: {removed}")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option
def prune(dry_run: bool, as_json: bool) -> None:
    """Remove what interrupted downloads and imports left. Models stay."""
    from ganfx.hub.keeping import leftovers
    from ganfx.hub.keeping import prune as remove_leftovers

    found = leftovers() if dry_run else remove_leftovers()
    total = sum(leftover.size_bytes for leftover in found)
    if as_json:
        show_json({"removed": not dry_run, "files": [leftover.path for leftover in found], "size_bytes": total})
        return
    for leftover in found:
        show(leftover.path)
    show(f"{total / 1e6:.1f} MB in {len(found)} files {'would be' if dry_run else 'are'} gone")
