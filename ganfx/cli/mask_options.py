"""How a user says where a filter is to work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.errors import OptionError

if TYPE_CHECKING:
    from ganfx.files import MaskSource

ALPHA = "alpha"
_MASK_HELP = (
    "A picture of the same size: white is filled, black is kept. Or a folder of such, with the pictures' names. "
    f"Or the word {ALPHA}: what is transparent is filled."
)
_COLOR_HELP = (
    "Fill what is painted in this color ('#ff00ff'), over the picture or over the copy that --mask names. "
    "A soft brush leaves a rim: add --grow 3."
)


def mask_options() -> list[Callable[[Any], Any]]:
    """The options of a filter that needs a mask; `as_mask_source` reads them back."""
    return [
        click.option("-m", "--mask", metavar=f"FILE|DIR|{ALPHA}", help=_MASK_HELP),
        click.option("--mask-color", metavar="COLOR", help=_COLOR_HELP),
    ]


def finder_options() -> list[Callable[[Any], Any]]:
    """The options of a filter that finds its mask by itself."""
    save_help = "Keep what was found, as a mask to edit and give to inpaint: a file, or a folder for several."
    return [
        click.option("--finder", metavar="NAME|FILE", help="The model that finds: its name, or an ONNX file."),
        click.option("--save-mask", type=click.Path(path_type=Path), metavar="FILE|DIR", help=save_help),
    ]


def as_mask_source(mask: str | None, color: str | None) -> MaskSource | None:
    """Where the masks are, by `--mask` and `--mask-color`; None without either. Raises OptionError."""
    from ganfx.files import MaskSource, parse_color

    if color is not None:
        parse_color(color)
    if mask == ALPHA:
        if color is not None:
            raise OptionError(f"--mask {ALPHA} and --mask-color say different things", hint="leave one of them out")
        return MaskSource()
    if mask is None and color is None:
        return None
    return MaskSource(Path(mask) if mask is not None else None, color)
