"""The command line. Only this package prints, and only it ends the process.

Heavy modules are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from ganfx import __version__
from ganfx.cli import (
    apply,
    batch,
    bench,
    compare,
    completion,
    config,
    doctor,
    enhance,
    evaluate,
    generate,
    help_command,
    models,
    plugins,
    serve,
    texture,
    train,
    ui,
    watch,
)
from ganfx.cli.filter_commands import filter_command
from ganfx.cli.terminal import closing_logs, report_error, tell, use_replacements
from ganfx.cli.usage_errors import no_such_command, show_usage_error
from ganfx.errors import GanfxError
from ganfx.filters import all_filters
from ganfx.paths import VARIABLES

PROGRAM = "ganfx"
# As shells say it: 128 and the number of the signal.
INTERRUPTED, BROKEN_PIPE = 130, 141


class _Commands(click.Group):
    """The group of all commands, which knows what others call them."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            raise no_such_command(name, self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the environment variables."""
        with formatter.section("Environment"):
            formatter.write_dl([*VARIABLES.items(), ("NO_COLOR", "any value: no colors on the terminal")])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """GAN filters for pictures. Nothing is lost: alpha, 16 bit, color profile, EXIF and orientation stay.

    \b
    Start here:
      ganfx upscale photo.jpg        writes photo_x4.jpg beside it
      ganfx enhance album -o better  does what each photograph needs
      ganfx ui                       opens a page in the browser for all this
      ganfx doctor                   shows what this machine can use
      ganfx plugins install          puts the same into GIMP and Krita

    Exit status: 0 all done, 1 the run failed, 2 wrong usage, 3 some files failed, 4 watched already,
    130 interrupted.
    """


for _filter in all_filters().values():
    cli.add_command(filter_command(_filter))
_COMMANDS = (
    apply.apply,
    batch.batch,
    bench.bench,
    compare.compare,
    completion.completion,
    config.config,
    doctor.doctor,
    enhance.enhance,
    evaluate.evaluate,
    generate.generate,
    help_command.help_,
    texture.maps,
    models.models,
    plugins.plugins,
    serve.serve,
    texture.texture,
    train.train,
    ui.ui,
    watch.watch,
)
for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    use_replacements()
    with closing_logs():
        sys.exit(_status(arguments))


def _status(arguments: Sequence[str] | None) -> int:
    """The exit status of the command line, once errors are told."""
    try:
        given = list(arguments) if arguments is not None else None
        return cli.main(args=given, prog_name=PROGRAM, standalone_mode=False) or 0
    except click.ClickException as error:
        show_usage_error(error)
        return error.exit_code
    except GanfxError as error:
        report_error(error)
        return error.exit_status
    except BrokenPipeError:
        # Nobody reads on. What is still buffered goes nowhere, so that the end of the process says nothing either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        tell("interrupted: what is finished is complete, nothing is half-written")
        return INTERRUPTED
