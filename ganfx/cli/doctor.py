"""`ganfx doctor`: which devices and packages this machine can use."""

from __future__ import annotations

import click

from ganfx.cli.terminal import show, show_json


@click.command(short_help="Show what this machine can use.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> int:
    """Show which devices work on this machine, whether they compute right, and what to install for more."""
    from ganfx.devices import device_findings, device_lines

    findings = device_findings()
    if as_json:
        show_json(findings, indent=2)
        return 0
    for line in device_lines(findings):
        show(line)
    return 0
