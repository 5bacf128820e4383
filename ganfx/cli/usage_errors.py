"""Wrong calls, told in one line and a hint that knows the words of other programs."""

from __future__ import annotations

import click

from ganfx.cli.terminal import tell
from ganfx.errors import OptionError, nearest

_CLEAN = "ganfx clean takes noise and JPEG blocks out; ganfx upscale does so first, see --clean"
_FACES = "there is no network for faces alone; ganfx clean and ganfx upscale treat the whole picture"
_SIZES = "-s 3, --width, --height, --long-side, --megapixels, --fit 3840x2160 and --print say the size"
_MODEL = "-n NAME chooses a model, see ganfx models; -n FILE.onnx is one of your own"
_DEVICE = "--provider and -g choose the device; -g -1 is the processor"
_PRECISION = "--precision fp32, fp16 or bf16; without it the fastest that is exact enough"
# What the options of other programs are called here.
_OPTIONS = {
    **dict.fromkeys(("denoise", "noise", "denoise-strength", "dn", "deblock", "sharpen", "deblur"), _CLEAN),
    **dict.fromkeys(("face", "face-enhance", "faces", "gfpgan", "codeformer"), _FACES),
    **dict.fromkeys(("outscale", "factor", "ratio", "upscale", "resize", "size", "times", "dpi"), _SIZES),
    **dict.fromkeys(("model-name", "model-path", "models", "weights", "ckpt", "checkpoint"), _MODEL),
    **dict.fromkeys(("gpu-id", "gpuid", "device", "cuda", "cpu", "use-gpu", "backend"), _DEVICE),
    **dict.fromkeys(("fp32", "fp16", "half", "bf16"), _PRECISION),
    **dict.fromkeys(("tile-size", "tilesize", "tiles"), "-t N is the side of a tile; 0 chooses"),
    **dict.fromkeys(("tile-pad", "tile-overlap", "pre-pad"), "--overlap N: pixels that neighboring tiles share"),
    **dict.fromkeys(("ext", "extension", "type", "output-format"), "-f EXT: another format"),
    **dict.fromkeys(("suffix", "prefix", "output-name"), '--name "{stem}_{suffix}{ext}" names the results'),
    **dict.fromkeys(("out", "output-dir", "outdir", "output-path", "dest"), "-o: a folder, or a file for one picture"),
    **dict.fromkeys(("jobs", "threads", "workers", "parallel", "batch-size"), "-j N: so many pictures at once"),
    **dict.fromkeys(("force", "yes", "replace", "clobber"), "--overwrite replaces results that exist"),
    **dict.fromkeys(("skip", "resume", "continue"), "results that are up to date are skipped; --skip-existing: all"),
    **dict.fromkeys(("recurse", "recursively"), "-r searches sub-folders too"),
    **dict.fromkeys(("colour", "colorize", "colourize"), "ganfx colorize; ganfx enhance --color"),
}
# What the commands of other programs are called here.
_COMMANDS = {
    **dict.fromkeys(("denoise", "deblock", "dejpeg", "sharpen"), "clean"),
    **dict.fromkeys(("fix", "auto", "run", "chain"), "enhance"),
    **dict.fromkeys(("scratches", "repair", "descratch"), "heal"),
    **dict.fromkeys(("resize", "enlarge", "superres", "super-resolution", "sr", "scale"), "upscale"),
    **dict.fromkeys(("colourize", "color", "colour", "deoldify"), "colorize"),
    **dict.fromkeys(("remove", "erase", "fill", "retouch"), "inpaint"),
    **dict.fromkeys(("style", "paint", "styletransfer"), "stylize"),
    **dict.fromkeys(("server", "daemon", "api"), "serve"),
    **dict.fromkeys(("install", "gimp", "krita"), "plugins"),
    **dict.fromkeys(("import", "pull", "download"), "models"),
    **dict.fromkeys(("settings", "env"), "config"),
}


def show_usage_error(error: click.ClickException) -> None:
    """Print what click says of a wrong call, which may name files that a pattern of the shell stood for."""
    message = error.message if isinstance(error, click.NoSuchOption) else error.format_message()
    tell(f"error: {_lowered(message)}")
    if isinstance(error, click.UsageError) and error.ctx:
        tell(f"hint: {_hint(error, error.ctx)}")


def no_such_command(name: str, known: list[str]) -> OptionError:
    """The error for a command that does not exist."""
    ours = _COMMANDS.get(name.lower())
    return OptionError(f"no command {name!r}", hint=f"ganfx {ours} does that" if ours else nearest(name, known))


def _hint(error: click.UsageError, context: click.Context) -> str:
    path = context.command_path
    if isinstance(error, click.NoSuchOption):
        word = error.option_name.lstrip("-").replace("_", "-").lower()
        options = [name for one in context.command.params for name in one.opts if name.startswith("--")]
        return _OPTIONS.get(word) or nearest(error.option_name, options, f"{path} --help lists them")
    return f"{path} --help"


def _lowered(message: str) -> str:
    """`message` of click as the other errors are: from a small letter, in one line, without a full stop."""
    line = " ".join(message.split()).removesuffix(".")
    return line[:1].lower() + line[1:]
