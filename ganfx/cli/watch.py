"""`ganfx watch`: a folder whose pictures are filtered as they come."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.cli.file_options import saving_options
from ganfx.cli.help_groups import RUN, Decorator, headed, make_command
from ganfx.cli.interrupt import interruptible
from ganfx.cli.options import (
    engine_options,
    lanes_option,
    log_option,
    max_pixels_option,
    model_files_option,
    take_engine_options,
)
from ganfx.cli.terminal import show_json, tell
from ganfx.cli.watch_service import install_service
from ganfx.cli.watch_status import show_status
from ganfx.errors import GanfxError, ItemError
from ganfx.watch.stability import WatchOptions

if TYPE_CHECKING:
    from ganfx.batch.process import Outcome
    from ganfx.engine import EngineOptions

_SECONDS = click.FloatRange(0, 86_400)
_PAUSE = click.FloatRange(0.1, 86_400)

_SHORT = "Filter pictures as they come into a folder."
_HELP = """Filter each picture that comes into the folder IN or its sub-folders, once, and write the results to OUT.

A file is taken once it has stopped changing and decodes completely, so that copies and downloads are left alone until
they are complete. A journal in OUT records what was made: neither a restart nor a touched file makes anything twice. A
picture that is replaced is filtered again and its result replaced; no other file is ever replaced. A renamed picture
is a new one. Results stay when their pictures go; a result that is moved away is made again only if its picture comes
again. Another recipe makes all results again. OUT may be IN, or inside it: results are not taken for pictures. A second
watcher of the same two folders says so and ends, with exit status 4.

Pictures that fail are moved to IN/failed, with the reason beside them. Failures that may pass, such as a full disk, are
retried at growing intervals. SIGTERM or Ctrl-C finishes the pictures in work; those that take longer than ten seconds
are left for the next time. A second one ends at once.
"""

_EPILOG = """\b
Examples:
  ganfx watch ~/Incoming ~/Large --recipe upscale:4
  ganfx watch Scans Restored                        what each of them needs
  ganfx watch /mnt/nas/in /mnt/nas/out --poll 30    a network drive
  ganfx watch in out --recipe upscale:2 --once      what is there now
  ganfx watch --status out
  ganfx watch in out --recipe heal --install-service

\b
A file ganfx.toml in a folder below IN sets the recipe there and further below:
  recipe = "heal,upscale:4"
It may also name a recipe and say how to save: see `ganfx enhance --help`. It names your own models
alone, unless --allow-model-files is given.
"""


_RESULTS, _WATCHING, _SERVICE = "Recipe and results", "Watching", "Status and service"


def _seconds(name: str, kind: Any, help_: str) -> Decorator:
    """The option `name` for the field of `WatchOptions` of that name, in seconds."""
    field = f"{name.replace('-', '_')}_s"
    default = getattr(WatchOptions(), field)
    return headed(_WATCHING)(
        f"--{name}", field, type=kind, default=default, metavar="SECONDS", show_default=True, help=help_
    )


_OPTIONS = [
    click.argument("source", metavar="IN", type=click.Path(path_type=Path)),
    click.argument("output", metavar="OUT", required=False, type=click.Path(path_type=Path)),
    headed(_RESULTS)("--recipe", metavar="STEPS|NAME", help="As in upscale:4, or from ganfx.toml.  [default: auto]"),
    *saving_options(_RESULTS),
    headed(_WATCHING)("--once", is_flag=True, help="Make what is there and end; exit status 3 where some failed."),
    _seconds("settle", _SECONDS, "How long a file must not have changed."),
    _seconds("give-up", _SECONDS, "How long a file that does not decode may still change."),
    _seconds("rescan", _PAUSE, "How often to look for files that no event named."),
    _seconds("poll", _PAUSE, "Look this often and use no events: for network drives."),
    max_pixels_option(_WATCHING),
    headed(_WATCHING)("--keep-failed", is_flag=True, help="Leave pictures that fail where they are."),
    headed(_SERVICE)("--status", is_flag=True, help="Only show the status of the watchers of OUT."),
    headed(_SERVICE)("--install-service", is_flag=True, help="Write a systemd user unit that does this."),
    headed(_SERVICE)("--print", "print_only", is_flag=True, help="With --install-service: only show it."),
    engine_options,
    model_files_option(),
    lanes_option("Pictures at once, as for the other commands."),
    headed(RUN)("--json", "as_json", is_flag=True, help="Print one JSON object per picture on standard output."),
    log_option(),
    headed(RUN)("-q", "--quiet", is_flag=True, help="Print errors only."),
    headed(RUN)("-v", "--verbose", is_flag=True, help="Print more: the steps, and notes on each picture."),
]


def _watch(source: Path, output: Path | None, *, status: bool, as_json: bool, **arguments: Any) -> int:
    if status:
        return show_status(output or source, source if output else None, as_json=as_json)
    if output is None:
        raise click.UsageError("name two folders: ganfx watch IN OUT")
    engine, recipe = take_engine_options(arguments), arguments["recipe"]
    options = WatchOptions(
        format=arguments["extension"],
        limits=arguments["lanes"],
        **{name: arguments[name] for name in _SAME_NAMES},
    )
    if arguments["install_service"] or arguments["print_only"]:
        from ganfx.watch.folder import find_recipes

        source, output = source.resolve(), output.resolve()
        find_recipes(source, recipe, options, engine)
        return install_service(source, output, click.get_current_context(), print_only=arguments["print_only"])
    printer = _Printer(as_json=as_json, quiet=arguments["quiet"], verbose=arguments["verbose"])
    return _run(source, output, recipe, options, engine, printer)


# Of `WatchOptions`, the fields that are called as the command's arguments.
_SAME_NAMES = {field.name for field in dataclasses.fields(WatchOptions)} - {"format", "limits"}


def _run(
    source: Path, output: Path, recipe: str | None, options: WatchOptions, engine: EngineOptions, printer: _Printer
) -> int:
    from ganfx.batch.wording import counted
    from ganfx.watch import open_watcher

    watcher = open_watcher(source, output, recipe, options, engine=engine, on_note=printer.note)
    printer.line(f"watching {watcher.description}")
    with interruptible(watcher.stop):
        for outcome in watcher.run():
            printer.outcome(outcome)
    health = watcher.health
    waiting = f", {watcher.waiting} waiting" if watcher.waiting else ""
    unread = f"; {counted(watcher.unread, 'folder')} cannot be read" if watcher.unread else ""
    printer.line(
        f"ended: {health.done} done, {health.failed} failed{waiting}{unread}; {counted(health.events, 'event')}"
    )
    return ItemError.exit_status if options.once and (health.failed or watcher.waiting or watcher.unread) else 0


@dataclasses.dataclass(frozen=True)
class _Printer:
    """Prints what happens, each line with the time."""

    as_json: bool
    quiet: bool
    verbose: bool

    def outcome(self, outcome: Outcome) -> None:
        """Print the outcome of one picture."""
        if self.as_json:
            show_json({"time": _now(), **outcome.as_json()})
        if outcome.error:
            self._error(outcome, outcome.error)
            return
        width, height = outcome.output_size or (0, 0)
        size = f"  {width}x{height}, {outcome.seconds:.1f} s" if outcome.output_size else f"  {outcome.status}"
        self.line(f"{outcome.item.source} -> {outcome.item.target}{size}")
        for note in (f"steps: {outcome.steps}", *outcome.notes) if self.verbose else ():
            self.line(f"  {note}")

    def _error(self, outcome: Outcome, error: GanfxError) -> None:
        from ganfx.batch.process import FAILED

        end = "" if outcome.status == FAILED else "; tried again later"
        tell(f"{_now()} error: {error}{end}")
        for line in (f"hint: {error.hint}" if error.hint else "", *outcome.notes):
            if line:
                tell(f"{_now()}   {line}")

    def note(self, line: str) -> None:
        """Print a note about the watcher itself."""
        self.line(f"note: {line}")

    def line(self, line: str) -> None:
        """Print `line`, unless --quiet."""
        if not self.quiet:
            tell(f"{_now()} {line}")


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


watch = make_command("watch", _watch, _OPTIONS, help=_HELP, epilog=_EPILOG, short_help=_SHORT)
