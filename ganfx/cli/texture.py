"""`ganfx texture` and `ganfx maps`: seamless textures from one example, and guesses of their material."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganfx.cli.file_options import saving_options, take_saving_options
from ganfx.cli.help_groups import FILES, headed, make_command
from ganfx.cli.options import max_pixels_option, parse_size
from ganfx.cli.terminal import tell

if TYPE_CHECKING:
    from ganfx.textures.making import Made

_MAPS = "Maps"
_PATH = click.Path(path_type=Path)
_HELP = """Make a seamless texture of any size from one example, or make a picture tile.

Pixels of the example are copied, coarse to fine, so that grain stays sharp and no large piece is there twice. The same
seed makes the same texture. Patterns that repeat exactly, such as brick bonds, come out irregular: for these, take
--seamless."""
_EPILOG = """\b
Examples:
  ganfx texture stone.jpg -o wall.png --size 4096x2048
  ganfx texture wall.jpg --box 300,200,512,512 --variations 6 --sheet sheet.png
  ganfx texture brick.jpg --seamless --maps
"""
_MAPS_HELP = """Guess height, normals and roughness of a material from one picture of it.

One picture does not tell them: dark is taken for deep, large changes for light, and spread normals for rough. What is
painted or shaded comes out wrong. Maps tile where the picture does. They are written beside it as PICTURE_height.png
(16 bit), PICTURE_normal.png and PICTURE_roughness.png."""
_MAPS_EPILOG = """\b
Example:
  ganfx maps brick.jpg --normals directx
"""


def _size(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:
    return parse_size(value, 16)


def _box(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int, int, int] | None:
    if value is None:
        return None
    numbers = value.split(",")
    if len(numbers) != 4 or not all(number.strip().isdecimal() for number in numbers):
        raise click.BadParameter(f"{value!r} is not X,Y,WIDTH,HEIGHT", context, parameter)
    left, top, width, height = map(int, numbers)
    return left, top, width, height


def _texture(**arguments: Any) -> int:
    from ganfx.textures.making import Part, write_maps, write_seamless, write_sheet, write_textures

    if arguments["sheet"] and arguments["seamless"]:
        raise click.UsageError("--sheet shows variations; there are none of --seamless")
    example, size, overwrite = arguments["example"], arguments["size"], arguments["overwrite"]
    target = _target(example, arguments)
    part = Part(arguments["box"], arguments["mask"])
    saving = {"options": take_saving_options(arguments), "overwrite": overwrite}
    if arguments["seamless"]:
        made = [_told(write_seamless(example, target, part=part, **saving))]
    else:
        several = {"seed": arguments["seed"], "variations": arguments["variations"]}
        made = [_told(one) for one in write_textures(example, target, size=size, part=part, **several, **saving)]
    if arguments["sheet"]:
        write_sheet(made, arguments["sheet"], size, overwrite=overwrite)
        tell(f"written: {arguments['sheet']}")
    for one in made if arguments["maps"] else ():
        for written in write_maps(one.path, one.path.with_suffix(""), **_settings(arguments), overwrite=overwrite):
            _told(written)
    return 0


def _maps(**arguments: Any) -> int:
    from ganfx.textures.making import write_maps

    picture, output = arguments["picture"], arguments["output"]
    stem = output / picture.stem if output else picture.with_suffix("")
    for written in write_maps(picture, stem, **_settings(arguments), overwrite=arguments["overwrite"]):
        _told(written)
    return 0


def _target(example: Path, arguments: dict[str, Any]) -> Path:
    from ganfx.files import writable_suffix

    if arguments["output"]:
        target: Path = arguments["output"]
        return target.with_suffix(f".{arguments['extension']}") if arguments["extension"] else target
    suffix = f".{arguments['extension']}" if arguments["extension"] else writable_suffix(example)
    return example.with_name(f"{example.stem}_{'seamless' if arguments['seamless'] else 'texture'}{suffix}")


def _settings(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"style": arguments["normals"], "strength": arguments["relief"]}


def _told(made: Made) -> Made:
    for note in made.notes:
        tell(f"{made.path.name}: {note}")
    tell(f"written: {made.path}" + ("" if made.seed is None else f" (seed {made.seed})"))
    return made


_own, _file, _map = headed("Texture options"), headed(FILES), headed(_MAPS)
_map_options = [
    _map(
        "--normals",
        type=click.Choice(("opengl", "directx")),
        default="opengl",
        show_default=True,
        help="Where green points: up, or down.",
    ),
    _map("--relief", type=click.FloatRange(0.01, 10), default=1.0, metavar="X", show_default=True, help="Of slopes."),
]
_overwrite = _file("--overwrite", is_flag=True, help="Replace results that exist.")

texture = make_command(
    "texture",
    _texture,
    [
        click.argument("example", type=_PATH),
        _own(
            "--size",
            callback=_size,
            default="1024x1024",
            metavar="N|WIDTHxHEIGHT",
            show_default=True,
            help="Pixels of the texture.",
        ),
        _own("--seed", type=click.IntRange(0, 2**31 - 1), default=0, metavar="N", show_default=True, help="Of chance."),
        _own("--variations", type=click.IntRange(1, 99), default=1, metavar="N", help="So many, each with its seed."),
        _own("--sheet", type=_PATH, metavar="FILE", help="A picture that shows the variations."),
        _own("--box", callback=_box, metavar="X,Y,WIDTH,HEIGHT", help="The example is only this part."),
        _own("-m", "--mask", type=_PATH, metavar="FILE", help="The example is only what is white in this picture."),
        _own(
            "--seamless",
            is_flag=True,
            help="Only make the picture tile: its edges overlap by a sixth (192 pixels at most), so that it becomes "
            "smaller; directions that tile stay.",
        ),
        _map("--maps", is_flag=True, help="Write guesses of height, normals and roughness, too: see `ganfx maps`."),
        *_map_options,
        _file(
            "-o", "--output", type=_PATH, metavar="FILE", help="The picture to write.  [default: beside the example]"
        ),
        *saving_options(FILES),
        _overwrite,
        max_pixels_option(FILES),
    ],
    help=_HELP,
    epilog=_EPILOG,
    short_help="Seamless textures of any size from one example.",
)
maps = make_command(
    "maps",
    _maps,
    [
        click.argument("picture", type=_PATH),
        *_map_options,
        _file("-o", "--output", type=_PATH, metavar="DIR", help="A folder.  [default: beside the picture]"),
        _overwrite,
        max_pixels_option(FILES),
    ],
    help=_MAPS_HELP,
    epilog=_MAPS_EPILOG,
    short_help="Guesses of height, normals and roughness.",
)
