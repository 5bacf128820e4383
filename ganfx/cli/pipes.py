"""Pictures from pipes and into pipes: what comes in is kept in a temporary file, what goes out is made in one."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ganfx.cli.terminal import called
from ganfx.errors import OutputError, UnreadableError

if TYPE_CHECKING:
    from ganfx.cli.file_options import FileArguments

STANDARD = "-"
_INPUT, _OUTPUT = (STANDARD, "/dev/stdin"), (STANDARD, "/dev/stdout")
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
# What has so many bytes and does not begin like a picture is read no further.
_FIRST_BYTES = 2**20


@contextlib.contextmanager
def piped(
    arguments: FileArguments, names: list[str], *, alpha: bool = False
) -> Iterator[tuple[FileArguments, list[str]]]:
    """`arguments`, and the `names` of the pictures, with temporary files in place of pipes; alpha: results have one.

    When the block ends, what was made for a pipe is written into it. Raises UsageError where that cannot be,
    OutputError where it fails, and BrokenPipeError where nobody reads any more.
    """
    incoming = [name for name in names if _is_input(name)]
    output = str(arguments.output) if arguments.output else STANDARD if incoming else ""
    outgoing = _is_output(output)
    if not (incoming or outgoing):
        yield arguments, names
        return
    if outgoing:
        _check_output(arguments, names, output)
    from tempfile import TemporaryDirectory  # heavy, as shutil is: --help goes without

    with TemporaryDirectory(prefix="ganfx-") as folder, contextlib.ExitStack() as stack:
        kept = [_kept(name, Path(folder), stack) if _is_input(name) else name for name in names]
        changed = dataclasses.replace(arguments, recorded=False)
        if not outgoing:
            yield changed, kept
            return
        target = Path(folder) / f"stdout.{arguments.extension or _extension(kept[0], alpha=alpha)}"
        stack.enter_context(called(target, "standard output" if output in _OUTPUT else output))
        yield dataclasses.replace(changed, output=target), kept
        if target.exists():
            _deliver(target, output)


def _is_input(name: str) -> bool:
    return name in _INPUT or _DESCRIPTOR.fullmatch(name) is not None


def _is_output(name: str) -> bool:
    """Whether `name` is standard output, or a pipe or device that is there."""
    if name in _OUTPUT or _DESCRIPTOR.fullmatch(name):
        return True
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _check_output(arguments: FileArguments, names: list[str], output: str) -> None:
    if len(names) > 1 or os.path.isdir(names[0]):
        raise click.UsageError("one picture goes into a pipe: name a folder with -o for several")
    if arguments.as_json and output in _OUTPUT:
        raise click.UsageError("--json and the picture both go to standard output: name a file with -o")
    if output in _OUTPUT and sys.stdout.isatty():
        raise click.UsageError("standard output is a terminal: name a file with -o, or > out.png")


def _kept(name: str, folder: Path, stack: contextlib.ExitStack) -> str:
    """The path of a file in `folder` with what comes out of the pipe `name`, called by its content."""
    is_standard = name in _INPUT
    if is_standard and sys.stdin.isatty():
        raise click.UsageError("standard input is a terminal: pipe a picture into it")
    shown = "standard input" if is_standard else name
    path = folder / ("stdin" if is_standard else f"input-{Path(name).name}")
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if is_standard else open(name, "rb") as source:
            _read(source, path)
    except OSError as error:
        failure = UnreadableError(f"cannot be read: {(error.strerror or str(error)).lower()}")
        failure.subject = shown
        raise failure from error
    final = path.with_suffix(f".{_extension(str(path))}")
    path.rename(final)
    stack.enter_context(called(final, shown))
    return str(final)


def _read(source: IO[bytes], path: Path) -> None:
    import shutil

    from ganfx.files import is_picture

    with path.open("wb") as file:
        first = source.read(_FIRST_BYTES)
        file.write(first)
        file.flush()
        if len(first) < _FIRST_BYTES or is_picture(path):
            shutil.copyfileobj(source, file, _FIRST_BYTES)


def _extension(name: str, *, alpha: bool = False) -> str:
    from ganfx.files import writable_suffix

    return writable_suffix(name, alpha=alpha).lstrip(".")


def _deliver(made: Path, output: str) -> None:
    import shutil

    try:
        with made.open("rb") as source:
            if output in _OUTPUT:
                shutil.copyfileobj(source, sys.stdout.buffer)
                sys.stdout.buffer.flush()
            else:
                with open(output, "wb", buffering=0) as target:
                    shutil.copyfileobj(source, target)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"{output}: cannot be written: {reason}", hint="name a file with -o") from error
