"""`ganfx serve`: run the local service for painting programs and other HTTP clients."""

from __future__ import annotations

import contextlib
from typing import Any

import click

from ganfx.cli.interrupt import interruptible
from ganfx.cli.options import engine_options, take_engine_options
from ganfx.cli.terminal import tell

_HELP = """Run the engine for painting programs, on this computer and for you alone.

The plug-ins of `ganfx plugins` start it by themselves, and it ends by itself: you need this command only to keep it
running, or to give it options. Networks stay open from one picture to the next.

It listens on 127.0.0.1. Who asks must have the token, which is made anew at each start and stands with the port in
server.json, in a folder that only you can read. One service runs for each user: where one runs already, this ends at
once. Ctrl-C ends it; work that is under way is stopped.
"""

_EPILOG = """\b
Examples:
  ganfx serve                     until nobody has needed it for 10 minutes
  ganfx serve --idle 0 -g 1       for good, on the second GPU
  ganfx serve --memory 2000       keep fewer networks open

\b
GANFX_STATE names another folder for server.json and for serve.log, which says what was done and what went wrong.
"""


@click.command(help=_HELP, epilog=_EPILOG, short_help="Run the engine for painting programs.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Listen on this port; 0 takes a free one.")
@click.option(
    "--idle", type=click.FloatRange(0), default=10, show_default=True, metavar="MINUTES", help="End then; 0: never."
)
@click.option(
    "--memory",
    type=click.IntRange(1),
    metavar="MB",
    help="Let go of networks beyond that.  [default: a quarter of the computer's]",
)
@click.option(
    "--max-megapixels", type=click.FloatRange(0.001), default=100, show_default=True, help="Of a picture that is sent."
)
@engine_options
def serve(port: int, idle: float, memory: int | None, max_megapixels: float, **options: Any) -> None:
    from ganfx.paths import state_dir
    from ganfx.server.lifetime import ServerSettings, serve

    engine = take_engine_options(options)
    limits = {} if memory is None else {"memory_bytes": memory * 10**6}
    settings = ServerSettings(port=port, idle_s=idle * 60, max_megapixels=max_megapixels, engine=engine, **limits)
    with interruptible() as interrupt:
        serve(state_dir(), settings, _print_line, lambda: interrupt.asked)


def _print_line(line: str) -> None:
    # Standard error may be closed, if the program that started the service has ended.
    with contextlib.suppress(OSError):
        tell(line)
