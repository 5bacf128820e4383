"""Makes the manual pages in docs/man from the commands, as `man ganfx-upscale` shows them.

`python docs/hooks/manual.py` writes them; tests/docs/test_manual.py compares them with what is committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from ganfx.cli import cli
from ganfx.paths import VARIABLES

FOLDER = Path(__file__).resolve().parents[1] / "man"
_WIDTH = 400


def pages() -> dict[str, str]:
    """The pages by the names of their files, for ganfx and each of its commands."""
    settings = {**cli.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    root = click.Context(cli, info_name="ganfx", **settings)
    return {f"{context.command_path.replace(' ', '-')}.1": _page(context) for context in _walked(root)}


def write() -> None:
    """Write all pages, and remove those of commands that are gone."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for path in FOLDER.glob("*.1"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _walked(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if found := command.get_command(context, name):
                yield from _walked(click.Context(found, info_name=name, parent=context))


def _page(context: click.Context) -> str:
    command, name = context.command, context.command_path.replace(" ", "-")
    lines = [
        f'.TH "{name.upper()}" "1" "" "ganfx" "User Commands"',
        ".SH NAME",
        f"{_text(name)} \\- {_text(command.get_short_help_str(_WIDTH).rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_text(context.command_path)}",
        _text(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        *_paragraphs(command.help or ""),
        *_options(context),
        *_commands(context),
        *_examples(command),
    ]
    if context.parent is None:
        lines += [".SH ENVIRONMENT", *(line for row in VARIABLES.items() for line in _row(*row))]
    else:
        parent = context.parent.command_path.replace(" ", "-")
        lines += [".SH SEE ALSO", f".BR {_text(parent)} (1)"]
    return "\n".join(lines) + "\n"


def _options(context: click.Context) -> Iterator[str]:
    yield ".SH OPTIONS"
    heading = ""
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or not isinstance(parameter, click.Option):
            continue
        if (own := getattr(parameter, "heading", heading)) != heading:
            heading = own
            yield f".SS {_text(heading)}"
        yield from _row(*record)


def _commands(context: click.Context) -> Iterator[str]:
    command = context.command
    if isinstance(command, click.Group):
        yield ".SH COMMANDS"
        for name in command.list_commands(context):
            if found := command.get_command(context, name):
                page = f"{context.command_path.replace(' ', '-')}-{name}"
                yield from (".TP", f".BR {_text(page)} (1)", _text(found.get_short_help_str(_WIDTH)))


def _examples(command: click.Command) -> Iterator[str]:
    if command.epilog:
        yield ".SH EXAMPLES"
        yield from _paragraphs(command.epilog)


def _row(name: str, text: str) -> tuple[str, ...]:
    return ".TP", f".B {_text(name)}", _text(" ".join(text.split()))


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of click's help; those that begin with a backspace are kept as they are."""
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = paragraph.strip("\n").split("\n")
        if lines[0].strip() == "\b":
            yield from (".PP", ".nf", *(_text(line) for line in lines[1:]), ".fi")
        else:
            yield from (".PP", _text(" ".join(" ".join(lines).split())))


def _text(text: str) -> str:
    """`text` with what troff would take for commands escaped."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    write()
