"""`ganfx help`: the same as `--help`, for those who ask so."""

from __future__ import annotations

import click

from ganfx.cli.terminal import show_lines
from ganfx.cli.usage_errors import no_such_command


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_(context: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of ganfx, or of a command."""
    shown = context.find_root()
    for word in words:
        group = shown.command
        found = group.get_command(shown, word) if isinstance(group, click.Group) else None
        if found is None:
            raise no_such_command(word, group.list_commands(shown) if isinstance(group, click.Group) else [])
        shown = click.Context(found, info_name=word, parent=shown)
    show_lines(shown.get_help())
