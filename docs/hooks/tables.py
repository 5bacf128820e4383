"""Tables and texts of the reference, made from the code that they are about."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator

import click

from ganfx import errors, paths
from ganfx.cli import cli
from ganfx.files.formats import FORMATS


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [heads, ("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def formats() -> str:
    """What each file format can hold."""
    rows = [
        (
            form.name,
            " ".join(f"`{suffix}`" for suffix in form.suffixes),
            form.bits,
            "yes" if form.alpha else "no",
            ", ".join(sorted(form.keeps)) or "nothing",
            form.quality or "",
            f"{form.max_side:,}",
        )
        for form in FORMATS
    ]
    return _table(("format", "suffixes", "bits", "alpha", "keeps", "quality", "longest side"), rows)


def error_tree() -> str:
    """Every error of ganfx, its own and those that it inherits from."""
    classes = [
        value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, errors.GanfxError)
    ]
    rows = [
        (
            f"`{class_.__name__}`",
            f"`{class_.__bases__[0].__name__}`",
            f"`{class_.code}`",
            class_.exit_status,
            class_.http_status,
            (class_.__doc__ or "").split("\n")[0],
        )
        for class_ in classes
    ]
    return _table(("class", "is a", "code", "exit status", "HTTP status", "raised when"), rows)


def variables() -> str:
    """Every environment variable that ganfx reads."""
    return _table(("variable", "what it is"), ((f"`{name}`", text) for name, text in paths.VARIABLES.items()))


def commands() -> str:
    """The `--help` of every command, each below a heading."""
    return "\n\n".join(_help(click.Context(cli, info_name="ganfx", terminal_width=100, **cli.context_settings)))


def _help(context: click.Context) -> Iterator[str]:
    path, command = context.command_path, context.command
    yield f"{'##' if context.parent is None or context.parent.parent is None else '###'} {path}"
    yield f"```text\n{command.get_help(context)}\n```"
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from _help(click.Context(child, info_name=name, parent=context))


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "errors": error_tree,
    "formats": formats,
    "variables": variables,
}
