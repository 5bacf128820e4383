"""Options of filters that give another result with another seed."""

from __future__ import annotations

from pathlib import Path

import click

from ganfx.cli.help_groups import Decorator, headed
from ganfx.filters import CANDIDATES

_CANDIDATES_HELP = "So many results to choose from, numbered, the first with --seed and each other with the next one."
_SHEET_HELP = "Show the picture and all its results on one sheet: a file, or a folder for several."


def candidate_options(heading: str) -> list[Decorator]:
    """How many results there are for each picture, and the sheet that shows them."""
    option = headed(heading)
    return [
        option(
            "--candidates",
            type=click.IntRange(1, CANDIDATES),
            metavar="N",
            default=1,
            show_default=True,
            help=_CANDIDATES_HELP,
        ),
        option("--sheet", type=click.Path(path_type=Path), metavar="FILE|DIR", help=_SHEET_HELP),
    ]
