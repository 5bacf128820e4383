"""`ganfx config`: what is set, and where."""

from __future__ import annotations

import os
from typing import Any

import click

from ganfx.cli.terminal import show, show_json
from ganfx.paths import VARIABLES, cache_dir, config_dir, error_log, models_dir, state_dir


def _settings() -> dict[str, Any]:
    from ganfx.batch.recipes import FILE, recipes_here

    folders = {"models": models_dir(), "recipes": config_dir() / FILE, "state": state_dir(), "cache": cache_dir()}
    return {
        "folders": {name: str(path) for name, path in (folders | {"errors": error_log()}).items()},
        "variables": {name: os.environ.get(name) or None for name in VARIABLES},
        "recipes": {str(path): names for path, names in recipes_here().items()},
    }


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def config(as_json: bool) -> None:
    """Show which folders, variables and recipes are used here.

    There is no file of settings: options are on the command line, and recipes in ganfx.toml.
    """
    found = _settings()
    if as_json:
        show_json(found, indent=2)
        return
    show("Folders and files")
    for name, path in found["folders"].items():
        show(f"  {name:<9}{path}{'' if os.path.exists(path) else '  (not there yet)'}")
    show("Variables")
    for name, value in found["variables"].items():
        show(f"  {name} {f'= {value}' if value else 'is not set'}")
    show("Recipes, the first of a name counts")
    for path, names in found["recipes"].items():
        show(f"  {path}: {', '.join(names) or 'none'}")
    if not found["recipes"]:
        show("  none: there is no ganfx.toml here, in a folder above, or in your settings")
