"""Help that lists a command's options under headings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Any], Any]

MODEL = "Model and device"
FILES = "Files"
RUN = "Run"
# click's own default.
_WIDEST_COLUMN = 30


class HeadedOption(click.Option):
    """An option that is listed under `heading` in the help of a `HeadedCommand`."""

    def __init__(self, *arguments: Any, heading: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.heading = heading


def headed(heading: str) -> Callable[..., Decorator]:
    """`click.option` for options under `heading`."""

    def option(*names: str, cls: type[HeadedOption] = HeadedOption, **settings: Any) -> Decorator:
        return click.option(*names, cls=cls, heading=heading, **settings)

    return option


class HeadedCommand(click.Command):
    """A command whose help lists its options under their headings, in the order in which the headings first appear.

    Options without a heading, such as --help, are listed under that of the option before them.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        heading = ""
        for parameter in self.get_params(ctx):
            heading = getattr(parameter, "heading", heading)
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                groups.setdefault(heading, []).append(record)
        names = [name for records in groups.values() for name, _ in records if len(name) <= _WIDEST_COLUMN]
        width = max(map(len, names), default=0)
        for heading, records in groups.items():
            with formatter.section(heading):
                # Padded, so that the columns of all groups are equally wide.
                formatter.write_dl([(name.ljust(width), text) for name, text in records], col_max=_WIDEST_COLUMN)


def make_command(
    name: str, callback: Callable[..., int], decorators: list[Decorator], **settings: Any
) -> HeadedCommand:
    """The command `name` with the arguments and options that `decorators` add, in this order."""
    decorated: Any = callback
    for decorate in reversed(decorators):
        decorated = decorate(decorated)
    command: HeadedCommand = click.command(name, cls=HeadedCommand, **settings)(decorated)
    return command
