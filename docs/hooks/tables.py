"""Tables and texts of the reference, made from the code that they are about."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from ganfx import errors, paths
from ganfx.cli import cli
from ganfx.files.formats import FORMATS
from ganfx.spec.schema import contract_schema


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
            "yes" if form.animation else "no",
            ", ".join(sorted(form.keeps)) or "nothing",
            form.quality or "",
            f"{form.max_side:,}",
        )
        for form in FORMATS
    ]
    return _table(("format", "suffixes", "bits", "alpha", "animation", "keeps", "quality", "longest side"), rows)


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
    if isinstance(command, click.Group):
        for name in sorted(command.list_commands(context)):
            child = command.get_command(context, name)
            assert child
            yield from _help(click.Context(child, info_name=name, parent=context))


def contract() -> str:
    """Every field of the model contract, a table for each of its objects."""
    schema = contract_schema()
    return "\n\n".join(
        f"### {name}\n\n{part['description']}\n\n{_fields(part)}"
        for name, part in {"Contract": schema, **schema["$defs"]}.items()
    )


def _fields(part: dict[str, Any]) -> str:
    rows = [
        (
            f"`{name}`",
            _kind(field),
            f"`{json.dumps(field['default'])}`" if "default" in field else "required",
            field["description"],
        )
        for name, field in part["properties"].items()
    ]
    return _table(("field", "type", "default", "meaning"), rows)


def _kind(field: dict[str, Any]) -> str:
    """The type of a field in a few words."""
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(_kind(choice) for choice in field["anyOf"])
    if "const" in field:
        return f"`{field['const']}`"
    if field["type"] == "array":
        inner = _kind(field["items"] if "items" in field else field["prefixItems"][0])
        return f"list of {field['maxItems']}: {inner}" if "prefixItems" in field else f"list of {inner}"
    limits = [str(field[key]) for key in ("minimum", "maximum") if key in field]
    return f"{field['type']}, {' to '.join(limits)}" if len(limits) == 2 else str(field["type"])


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "contract": contract,
    "errors": error_tree,
    "formats": formats,
    "variables": variables,
}
