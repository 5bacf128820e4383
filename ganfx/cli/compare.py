"""`ganfx compare`: before and after in one picture."""

from __future__ import annotations

from pathlib import Path

import click

from ganfx.cli.help_groups import FILES
from ganfx.cli.options import max_pixels_option
from ganfx.cli.terminal import tell


@click.command(short_help="Before and after in one picture.")
@click.argument("pairs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BEFORE AFTER...")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The picture to write.")
@click.option("--overwrite", is_flag=True, help="Replace it if it exists.")
@max_pixels_option(FILES)
def compare(pairs: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Put the most detailed piece of each picture beside the same piece of its result.

    \b
    Example:
      ganfx compare cat.jpg cat_x4.jpg -o cat-before-after.png
    """
    from ganfx.evaluation.compare import before_after
    from ganfx.files import open_picture, save_picture

    if len(pairs) % 2:
        raise click.UsageError("name the pictures in pairs: before, after, before, after")
    pictures = [open_picture(path) for path in pairs]
    sheet = before_after(list(zip(pictures[::2], pictures[1::2], strict=True)))
    save_picture(sheet, output, overwrite=overwrite)
    tell(f"written: {output}")
