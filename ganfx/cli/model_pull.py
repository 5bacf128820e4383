"""`ganfx models pull`: models of the catalogs, fetched, checked and registered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.cli.model_text import command_for, error_json, license_of, model_line, tell_fact
from ganfx.cli.terminal import report_error, show, show_json, tell
from ganfx.errors import GanfxError, ItemError

if TYPE_CHECKING:
    from ganfx.hub import ModelEntry

_MIRROR_HELP = "Fetch from this folder of a server instead, by https; the files there have their own names."


@click.command(short_help="Download models of the catalog.")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--set", "set_", metavar="SET", help="All models of a set: photo, anime or style.")
@click.option("--accept-license", is_flag=True, help="Accept licenses that forbid commercial use, without asking.")
@click.option("--mirror", metavar="ADDRESS", help=_MIRROR_HELP)
@click.option("--replace", is_flag=True, help="Fetch what is there already anew.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per model on standard output.")
def pull(
    names: tuple[str, ...], set_: str | None, accept_license: bool, mirror: str | None, replace: bool, as_json: bool
) -> int:
    """Download models of the catalog, check them, and register them under their names.

    The license is shown first. What is interrupted goes on where it was with the next call. Exit status 3: some of
    several models failed.

    \b
    Examples:
      ganfx models pull migan
      ganfx models pull --set photo
    """
    entries = _wanted(names, set_)
    failures: list[GanfxError] = []
    for entry, outcome in _pulled(entries, accept_license, mirror, replace, may_ask=not as_json):
        if isinstance(outcome, GanfxError):
            failures.append(outcome)
            report_error(outcome)
        if as_json:
            show_json(_as_json(entry, outcome))
        elif isinstance(outcome, Path):
            show(f"ready: {command_for(outcome.stem)}")
    if failures:
        return failures[0].exit_status if len(entries) == 1 else ItemError.exit_status
    return 0


def _wanted(names: tuple[str, ...], set_: str | None) -> list[ModelEntry]:
    from ganfx.hub.pulling import download_entry, set_entries

    if not names and not set_:
        raise click.UsageError("name the models: ganfx models pull migan; or a set: --set photo")
    entries = [download_entry(name) for name in names] + (set_entries(set_) if set_ else [])
    return list({entry.name: entry for entry in entries}.values())


def _pulled(
    entries: list[ModelEntry], accept_license: bool, mirror: str | None, replace: bool, *, may_ask: bool
) -> Iterator[tuple[ModelEntry, Path | GanfxError | None]]:
    """Each model with its file, with what went wrong, or with None where it was there already."""
    from ganfx.cli.transfers import transfer_bars
    from ganfx.hub import installed_models
    from ganfx.hub.pulling import check_pull, fetch_several, install

    there = {entry.name for entry in installed_models() if not entry.problem}
    wanted = []
    for entry in entries:
        if entry.name in there and not replace:
            tell(f"{entry.name}: is there already; --replace fetches it anew")
            yield entry, None
            continue
        tell(model_line(entry))
        try:
            accepted = accept_license or (may_ask and _accepted(entry))
            check_pull(entry, accept_license=accepted, replace=replace)
            wanted.append(entry)
        except GanfxError as error:
            yield entry, error
    with transfer_bars() as bars:
        for entry, fetched in fetch_several(wanted, lambda one, *done: bars(one.name, *done), mirror=mirror):
            if isinstance(fetched, GanfxError):
                yield entry, fetched
                continue
            try:
                yield entry, install(entry, fetched, replace=replace, report=tell_fact)
            except GanfxError as error:
                yield entry, error


def _accepted(entry: ModelEntry) -> bool:
    """Whether the person at the terminal accepts a license that forbids commercial use."""
    if not entry.non_commercial or not has_terminal():
        return False
    return click.confirm(f"{entry.name} is {license_of(entry)}. Do you accept that?", err=True)


def has_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


def _as_json(entry: ModelEntry, outcome: Path | GanfxError | None) -> dict[str, Any]:
    failed = isinstance(outcome, GanfxError)
    return {
        "name": entry.name,
        "status": "failed" if failed else "present" if outcome is None else "done",
        "license": entry.license,
        "non_commercial": entry.non_commercial,
        "path": outcome if isinstance(outcome, Path) else None,
        "error": error_json(outcome) if isinstance(outcome, GanfxError) else None,
    }
