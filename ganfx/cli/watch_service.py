"""`ganfx watch --install-service`: the same command as a systemd service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.core import ParameterSource

from ganfx.cli.terminal import show, show_lines, tell
from ganfx.paths import own_command

# Parameters that are not passed on to the service.
_LEFT_OUT = {"source", "output", "install_service", "print_only"}


def install_service(source: Path, output: Path, context: click.Context, *, print_only: bool) -> int:
    """Write, or with `print_only` print, a unit that runs the command of `context` from `source` to `output`."""
    from ganfx.watch.service import install_unit, unit_name, unit_text

    command = [*own_command(), "watch", str(source), str(output), *_options_of(context)]
    name, text = unit_name(source), unit_text(source, command)
    if print_only:
        show_lines(text.rstrip("\n"))
        return 0
    show(install_unit(name, text))
    tell(f"start it:  systemctl --user daemon-reload && systemctl --user enable --now {name}")
    tell(f"read it:   journalctl --user -u {name} -f")
    tell("to have it run while you are not logged in:  loginctl enable-linger")
    return 0


def _options_of(context: click.Context) -> Iterator[str]:
    """The options that were given on the command line, as arguments; those that set a variable are in the unit so."""
    for parameter in context.command.params:
        name = parameter.name or ""
        is_given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_given and name in context.params and name not in _LEFT_OUT:
            option, value = max(parameter.opts, key=len), context.params[name]
            yield from [option] if value is True else [option, str(value)]
