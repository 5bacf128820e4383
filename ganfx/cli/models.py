"""`ganfx models`: lists models, checks them and gets more."""

from __future__ import annotations

import click

from ganfx.cli.model_files import add, info, path, prune, remove
from ganfx.cli.model_import import import_
from ganfx.cli.model_pull import pull
from ganfx.cli.model_text import model_json, model_line
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


for _command in (add, import_, info, path, prune, pull, remove, verify):
    models.add_command(_command)
