"""`ganfx generate`: textures out of noise, by a network of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganfx.cli.file_options import saving_options, take_saving_options
from ganfx.cli.help_groups import FILES, headed, make_command
from ganfx.cli.options import engine_options, parse_size, take_engine_options
from ganfx.cli.terminal import tell

_HELP = """Make seamless textures out of noise, by a network that `ganfx train texture` made of your pictures.

The same seed makes the same texture at the same size. It sets the layout and three styles, which --coarse, --medium and
--fine take from other seeds: two textures of one --seed and different --fine seeds have the same shapes in other
colors and grain. The file's description (XMP) is the command that makes it again."""
_EPILOG = """\b
Examples:
  ganfx train texture --photos bark.jpg --minutes 10 --name bark
  ganfx generate bark -n 6 --size 1024 -o out
  ganfx generate bark --seed 7 --fine 3 -o wall.png
"""
_SEED = click.IntRange(0, 2**31 - 1)


def _generate(**arguments: Any) -> int:
    from ganfx.textures.generating import TextureGenerator, TextureRequest, check_seeds
    from ganfx.textures.latents import STYLES, TextureSeeds

    options = take_engine_options(arguments)
    count, first = arguments["count"], arguments["seed"]
    check_seeds(first, count)
    generator = TextureGenerator(arguments["model"], options)
    request = TextureRequest(arguments["size"], arguments["truncation"])
    mixed, saving = {name: arguments[name] for name in STYLES}, take_saving_options(arguments)
    for seed in range(first, first + count):
        target = _target(generator.name, seed, arguments)
        seeds = TextureSeeds.of(seed, **mixed)
        made = generator.write(target, seeds, request, options=saving, overwrite=arguments["overwrite"])
        for note in made.notes:
            tell(f"{made.path.name}: {note}")
        tell(f"written: {made.path} (seed {seed})")
    return 0


def _target(name: str, seed: int, arguments: dict[str, Any]) -> Path:
    """The file that is named for one texture; else one in the folder, which is made, with all seeds in its name."""
    from ganfx.files import WRITABLE, writing
    from ganfx.textures.latents import STYLES

    output = arguments["output"] or Path()
    if output.suffix.lower() in WRITABLE:
        if arguments["count"] > 1:
            raise click.UsageError(f"-o names one picture; a folder takes {arguments['count']}")
        return Path(output)
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
    mixed = "".join(f"-{style}{arguments[style]}" for style in STYLES if arguments[style] is not None)
    return Path(output) / f"{name}-{seed}{mixed}.{arguments['extension'] or 'png'}"


def _size(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:
    return parse_size(value, 16)


_own, _file = headed("Texture options"), headed(FILES)


def _style(name: str, what: str) -> Any:
    return _own(f"--{name}", type=_SEED, metavar="SEED", help=f"Take {what} from this seed.  [default: --seed]")


generate = make_command(
    "generate",
    _generate,
    [
        click.argument("model"),
        _own(
            "-n",
            "--count",
            type=click.IntRange(1, 100_000),
            default=1,
            metavar="N",
            help="So many, with seeds one after the other.",
        ),
        _own("--seed", type=_SEED, default=0, metavar="N", show_default=True, help="Of the first."),
        _style("coarse", "the layout's style"),
        _style("medium", "that of shapes"),
        _style("fine", "colors and grain"),
        _own(
            "--truncation",
            type=click.FloatRange(0, 1),
            default=1.0,
            metavar="X",
            show_default=True,
            help="Below 1 styles are nearer to the mean: safer, and more alike.",
        ),
        _own(
            "--size",
            callback=_size,
            default="1024x1024",
            metavar="N|WIDTHxHEIGHT",
            show_default=True,
            help="Pixels, multiples of 16.",
        ),
        _file(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            metavar="DIR|FILE",
            help="A folder, or for one texture a file.  [default: here]",
        ),
        *saving_options(FILES),
        _file("--overwrite", is_flag=True, help="Replace results that exist."),
        engine_options,
    ],
    help=_HELP,
    epilog=_EPILOG,
    short_help="Seamless textures out of noise, by a network of your own.",
)
