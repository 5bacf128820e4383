"""`ganfx watch`: a folder whose pictures are made as they come."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.batch.stage_limits import StageLimits
from ganfx.cli.interrupt import interruptible
from ganfx.cli.options import engine_options, lanes_option, take_engine_options
from ganfx.cli.watch_service import install_service
from ganfx.cli.watch_status import show_status
from ganfx.errors import GanfxError, ItemError, OptionError
from ganfx.files import WRITABLE
from ganfx.watch.options import WatchOptions

if TYPE_CHECKING:
    from ganfx.batch.process import Outcome
    from ganfx.batch.recipes import Recipe
    from ganfx.watch.folder_recipes import FolderRecipes

_EXTENSIONS = sorted(suffix.lstrip(".") for suffix in WRITABLE)
_SECONDS = click.FloatRange(0, 86_400)
_PAUSE = click.FloatRange(0.1, 86_400)

_SHORT = "Make pictures as they come into a folder."
_HELP = """Make what comes into the folder IN, or into its folders, into OUT: each picture exactly once.

A picture is taken once it stands still and decodes completely, so that copies and downloads are left alone until they
are whole. A journal in OUT knows what was made: neither a restart nor a touched file makes anything twice. A picture
that is replaced is made again, and so is its result, but no other file is ever replaced; one that is renamed is new.
Results stay when their pictures go, and those that are moved away are made again only if the picture comes anew.
Another recipe makes all pictures again. OUT may be IN, or lie in it: results are not taken for pictures.

Pictures that fail are moved to IN/failed, with the reason beside them. What may pass, such as a full disk, is tried
again, ever more rarely. SIGTERM or Ctrl-C finishes the picture in work; a second one ends at once.
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
It may also name a recipe and say how to save: see `ganfx enhance --help`.
"""


def _seconds(name: str, kind: Any, text: str) -> Any:
    field = f"{name.replace('-', '_')}_s"
    default = getattr(WatchOptions(), field)
    shown = f"{default:g}" if default else None
    return click.option(
        f"--{name}", field, type=kind, default=default, metavar="SECONDS", show_default=shown, help=text
    )


_OPTIONS = (
    click.argument("source", metavar="IN", type=click.Path(path_type=Path)),
    click.argument("output", metavar="OUT", required=False, type=click.Path(path_type=Path)),
    click.option(
        "--recipe", "wanted", metavar="STEPS|NAME", help="As in upscale:4, or from ganfx.toml.  [default: auto]"
    ),
    click.option("-f", "--format", "extension", type=click.Choice(_EXTENSIONS), metavar="EXT", help="Of the results."),
    click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, WebP and AVIF."),
    click.option("--strip-metadata", is_flag=True, help="Leave EXIF, XMP and IPTC out; the color profile stays."),
    lanes_option("Pictures at once, as of the other commands."),
    _seconds("settle", _SECONDS, "How long a file must stand still."),
    _seconds("give-up", _SECONDS, "How long one that does not decode may still change."),
    _seconds("rescan", _PAUSE, "How often to look for what no event told of."),
    _seconds("poll", _PAUSE, "Look so often, and listen to no events: for network drives."),
    click.option("--keep-failed", is_flag=True, help="Leave pictures that fail where they are."),
    click.option("--once", is_flag=True, help="Make what is there, and end; exit status 3 where some failed."),
    click.option("--status", is_flag=True, help="Say how the watchers of OUT are, and nothing else."),
    click.option("--install-service", is_flag=True, help="Write a systemd unit of yours that does this."),
    click.option("--print", "print_only", is_flag=True, help="With --install-service: only show it."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object per picture on standard output."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    click.option("-v", "--verbose", is_flag=True, help="Say more: the steps, and notes on each picture."),
)


def _watch(source: Path, output: Path | None, *, status: bool, as_json: bool, **arguments: Any) -> int:
    if status:
        return show_status(output or source, source if output else None, as_json=as_json)
    if output is None:
        raise click.UsageError("name two folders: ganfx watch IN OUT")
    if not source.is_dir():
        raise OptionError(f"there is no folder {source}", hint="make it first, or check the name")
    service, print_only = arguments.pop("install_service"), arguments.pop("print_only")
    engine, quiet, verbose = take_engine_options(arguments), arguments.pop("quiet"), arguments.pop("verbose")
    habits = WatchOptions(**{field.name: arguments.pop(field.name) for field in dataclasses.fields(WatchOptions)})
    source, output = source.resolve(), output.resolve()
    recipes = _recipes(source, arguments, lambda recipe: recipe.open(engine))
    if service or print_only:
        return install_service(source, output, click.get_current_context(), print_only=print_only)
    return _run(
        source, output, recipes, habits, arguments["lanes"], _Teller(as_json=as_json, quiet=quiet, verbose=verbose)
    )


def _recipes(source: Path, arguments: dict[str, Any], open_: Any) -> FolderRecipes:
    from ganfx.watch.folder_recipes import FolderRecipes

    def completed(recipe: Recipe) -> Recipe:
        return dataclasses.replace(
            recipe,
            format=arguments["extension"] or recipe.format,
            quality=arguments["quality"] or recipe.quality,
            strip_metadata=arguments["strip_metadata"] or recipe.strip_metadata,
        )

    return FolderRecipes(source, arguments["wanted"], open_, completed)


def _run(
    source: Path, output: Path, recipes: FolderRecipes, habits: WatchOptions, lanes: StageLimits | None, teller: _Teller
) -> int:
    from ganfx.watch.watcher import Watcher

    chooser = recipes.main().chooser
    watcher = Watcher(source, output, recipes, habits, teller.note, lanes or StageLimits.fitting(chooser))
    teller.say(f"watching {source} -> {output}, {recipes.name} on {chooser.device}")
    with interruptible(watcher.stop):
        for outcome in watcher.run():
            teller.tell(outcome)
    health = watcher.health
    waiting = f", {watcher.waiting} waiting" if watcher.waiting else ""
    teller.say(f"ended: {health.done} done, {health.failed} failed{waiting}; {health.events} events")
    return ItemError.exit_status if habits.once and (health.failed or watcher.waiting) else 0


@dataclasses.dataclass(frozen=True)
class _Teller:
    """Tells what happens, line by line with the time."""

    as_json: bool
    quiet: bool
    verbose: bool

    def tell(self, outcome: Outcome) -> None:
        """What became of one picture."""
        if self.as_json:
            click.echo(json.dumps({"time": _now(), **outcome.as_json()}))
        if outcome.error:
            self._error(outcome, outcome.error)
            return
        width, height = outcome.output_size or (0, 0)
        size = f"  {width}x{height}, {outcome.seconds:.1f} s" if outcome.output_size else f"  {outcome.status}"
        self.say(f"{outcome.item.source} -> {outcome.item.target}{size}")
        for note in (f"steps: {outcome.steps}", *outcome.notes) if self.verbose else ():
            self.say(f"  {note}")

    def _error(self, outcome: Outcome, error: GanfxError) -> None:
        from ganfx.batch.process import FAILED

        end = "" if outcome.status == FAILED else "; tried again later"
        click.echo(f"{_now()} error: {error}{end}", err=True)
        for line in (f"hint: {error.hint}" if error.hint else "", *outcome.notes):
            if line:
                click.echo(f"{_now()}   {line}", err=True)

    def note(self, line: str) -> None:
        """Something about the watcher itself."""
        self.say(f"note: {line}")

    def say(self, line: str) -> None:
        """`line`, unless all is to be quiet."""
        if not self.quiet:
            click.echo(f"{_now()} {line}", err=True)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _command() -> click.Command:
    command: Any = engine_options(_watch)
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    decorated: click.Command = click.command("watch", help=_HELP, epilog=_EPILOG, short_help=_SHORT)(command)
    return decorated


watch = _command()
