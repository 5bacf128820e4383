"""Options that say where in a picture a filter works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganfx.cli.help_groups import MODEL, Decorator, headed
from ganfx.errors import OptionError

if TYPE_CHECKING:
    from ganfx.files import MaskSource

ALPHA = "alpha"
_MASK_HELP = (
    "A picture of the same size: white is filled, black is kept. Or a folder of such, with the pictures' names. "
    f"Or the word {ALPHA}: what is transparent is filled."
)
_WHERE_HELP = (
    "A picture of the same size: white is worked on, black stays as it is. Or a folder of such, with the pictures' "
    "names."
)
_COLOR_HELP = (
    "Fill what is painted in this color ('#ff00ff'), over the picture or over the copy that --mask names. "
    "A soft brush leaves a rim: add --grow 3."
)


def mask_options(heading: str, *, required: bool = True) -> list[Decorator]:
    """The options of a filter that takes a mask, and of one that needs it; `as_mask_source` reads them back."""
    option = headed(heading)
    if not required:
        return [option("-m", "--mask", metavar="FILE|DIR", help=_WHERE_HELP)]
    return [
        option("-m", "--mask", metavar=f"FILE|DIR|{ALPHA}", help=_MASK_HELP),
        option("--mask-color", metavar="COLOR", help=_COLOR_HELP),
    ]


def save_mask_option(heading: str) -> Decorator:
    """Where a filter that finds its mask by itself saves that."""
    help_ = "Save what was found as a mask, to edit and give to inpaint: a file, or a folder for several."
    return headed(heading)("--save-mask", type=click.Path(path_type=Path), metavar="FILE|DIR", help=help_)


def finder_option() -> Decorator:
    """The model of a filter that finds its mask by itself."""
    return headed(MODEL)("--finder", metavar="NAME|FILE", help="The model that finds: its name, or an ONNX file.")


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
