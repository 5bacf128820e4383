"""`ganfx batch`: what the ledger of an output says, and whether its results are there."""

from __future__ import annotations

import dataclasses
import time

import click

from ganfx.cli.terminal import show, show_json
from ganfx.errors import ItemError


@click.group()
def batch() -> None:
    """Look after a batch over a store, such as s3://bucket/out."""


@batch.command()
@click.argument("output", metavar="OUT")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(output: str, as_json: bool) -> None:
    """Show what was made so far, by whom, and what failed.

    OUT is what -o named. What workers did in the last seconds may not be in the ledger yet.

    \b
    Example:
      ganfx batch status s3://bucket/out
    """
    from ganfx.batch.wording import counted
    from ganfx.stores import summary

    found = summary(output)
    if as_json:
        show_json(found)
        return
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found["last"]))
    show(
        f"{counted(found['done'], 'picture')} done, {found['megapixels']:.1f} MP; {found['failed']} failed; last {when}"
    )
    for worker, count in found["workers"].items():
        show(f"  {worker}: {count}")
    for failure in found["failures"]:
        show(f"failed: {failure['input']}: {failure['error']}")


@batch.command()
@click.argument("output", metavar="OUT")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per result.")
def verify(output: str, as_json: bool) -> int:
    """Read all results again, and compare them with what was made.

    The exit status is 3 where one is missing or was changed.

    \b
    Example:
      ganfx batch verify s3://bucket/out
    """
    from ganfx.stores import audit
    from ganfx.stores.auditing import RIGHT

    counts = {RIGHT: 0}
    for finding in audit(output):
        counts[finding.status] = counts.get(finding.status, 0) + 1
        if as_json:
            show_json({"output": finding.address, "status": finding.status, "row": dataclasses.asdict(finding.row)})
        elif finding.status != RIGHT:
            show(f"{finding.status}: {finding.address}")
    if not as_json:
        show(", ".join(f"{count} {status}" for status, count in counts.items()))
    return 0 if set(counts) == {RIGHT} else ItemError.exit_status


@batch.command()
@click.argument("output", metavar="[OUT]", required=False)
@click.option("--pictures", type=click.IntRange(1), required=True, metavar="N", help="How many there are.")
@click.option("--workers", type=click.IntRange(1), required=True, metavar="N", help="Parts worked on at once.")
@click.option("--parts", type=click.IntRange(1), metavar="N", help="N of --shard K/N.  [default: the best of some]")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Of one picture, instead of OUT.")
@click.option("--lost-per-hour", type=click.FloatRange(0), default=0.0, help="How often one worker is killed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per number of parts.")
def plan(
    output: str | None,
    pictures: int,
    workers: int,
    parts: int | None,
    seconds: float | None,
    lost_per_hour: float,
    as_json: bool,
) -> None:
    """Simulate a batch on many machines: how long, in how many parts.

    OUT is the output of a batch that was run on a sample of the pictures: its ledger has what each one cost.

    \b
    Example:
      ganfx batch plan s3://bucket/out --pictures 1000000 --workers 1000
      ganfx batch plan --seconds 3 --pictures 1000000 --workers 1000 --lost-per-hour 0.1
    """
    from ganfx.stores import ClusterLoad, recorded_costs, simulate

    if (output is None) == (seconds is None):
        raise click.UsageError("say what pictures cost: OUT of a batch that was run, or --seconds")
    costs = recorded_costs(output) if output else [seconds or 0.0]
    tried = [parts] if parts else [workers * times for times in (1, 2, 3, 4, 8, 16)]
    loads = (ClusterLoad(pictures, workers, count, lost_per_hour=lost_per_hour) for count in tried)
    found = sorted((simulate(load, costs) for load in loads), key=lambda forecast: forecast.makespan_s)
    for forecast in found:
        if as_json:
            show_json(dataclasses.asdict(forecast) | {"binds": forecast.binds})
            continue
        over = forecast.makespan_s / forecast.ideal_s - 1
        show(
            f"--shard K/{forecast.parts}: {_hours(forecast.makespan_s)}, {over:.0%} above the ideal "
            f"{_hours(forecast.ideal_s)}, most of it for {forecast.binds}; {forecast.kills} killed"
        )


def _hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"
