"""All that the command line prints: each line as text alone, whatever the names of files in it contain."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from ganfx.errors import GanfxError
from ganfx.text import printable, valid

# How some files are called for people, by their paths.
_CALLED: dict[str, str] = {}


@contextlib.contextmanager
def called(path: Path, name: str) -> Iterator[None]:
    """Within the block, the temporary file at `path` is called `name` wherever it is told of."""
    _CALLED[str(path)] = name
    try:
        yield
    finally:
        del _CALLED[str(path)]


def shown(text: object) -> str:
    """`text` as it is printed: in one line, without the paths of temporary files."""
    return printable(_renamed(str(text)))


def _renamed(text: str) -> str:
    for path, name in _CALLED.items():
        text = text.replace(path, name)
    return text


def tell(line: object) -> None:
    """Print `line` on standard error, for people."""
    log(line)
    click.echo(shown(line), err=True)


# The file that messages are added to, where there is one.
_LOGS: list[IO[str]] = []


def log_to(path: Path) -> None:
    """Add all messages to the file at `path`, too, with the time, until `closing_logs` ends. Raises UsageError."""
    try:
        _LOGS.append(path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1))
    except OSError as error:
        raise click.UsageError(f"--log-file {path}: {(error.strerror or str(error)).lower()}") from error


@contextlib.contextmanager
def closing_logs() -> Iterator[None]:
    """At the end of the block, the files that messages are added to are closed."""
    try:
        yield
    finally:
        while _LOGS:
            _LOGS.pop().close()


def log(line: object) -> None:
    """Add `line` to the file that messages are added to, if there is one."""
    for file in _LOGS:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {shown(line)}\n")


def show(line: object) -> None:
    """Print `line` on standard output."""
    click.echo(shown(line))


def show_lines(text: str) -> None:
    """Print the lines of `text` on standard output."""
    for line in text.split("\n"):
        show(line)


def show_json(value: Any, *, indent: int | None = None) -> None:
    """Print `value` on standard output as JSON, which is plain ASCII; what JSON does not know is shown as text."""
    click.echo(_renamed(json.dumps(valid(value), indent=indent, default=lambda other: valid(str(other)))))


def report_error(error: GanfxError) -> None:
    """Print what went wrong in one line, and in another what to do about it, if that is known."""
    tell(f"error: {error}")
    if error.hint:
        tell(f"hint: {error.hint}")


def use_replacements() -> None:
    """Show what the encoding of the terminal does not have as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
