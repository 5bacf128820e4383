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
