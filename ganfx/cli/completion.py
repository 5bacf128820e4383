"""`ganfx completion`: the shell completes commands, options, models and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ganfx.cli.terminal import show_lines

_SHELLS = ("bash", "zsh", "fish")
_EPILOG = """\b
Put it where your shell looks for it, or run it when it starts:
  bash  ganfx completion bash > ~/.local/share/bash-completion/completions/ganfx
  zsh   ganfx completion zsh > ~/.zfunc/_ganfx     with fpath+=~/.zfunc before compinit
  fish  ganfx completion fish > ~/.config/fish/completions/ganfx.fish
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands and names."""
    found = get_completion_class(shell)
    root = context.find_root()
    assert found
    assert root.info_name
    show_lines(found(root.command, {}, root.info_name, f"_{root.info_name.upper()}_COMPLETE").source().rstrip("\n"))
