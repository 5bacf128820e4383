"""`ganfx ui`: the page in the browser, for those who want neither a terminal nor a painting program."""

from __future__ import annotations

import threading
import time
from typing import Any

import click

from ganfx.cli.interrupt import interruptible
from ganfx.cli.options import engine_options, take_engine_options
from ganfx.cli.terminal import show, tell

_HELP = """Open a page in your browser: drop pictures on it, see them before and after, save them.

Nothing leaves this computer: the page is served by the engine here, for you alone. The address that is printed
opens it once, within two minutes. Where the engine runs already, its page is opened, and this ends at once;
otherwise it runs here until nobody has used it for 10 minutes, or until Ctrl-C.
"""
_EPILOG = """\b
Examples:
  ganfx ui
  ganfx ui --no-browser     print the address alone
  ganfx ui --install        from the menu of the desktop, too
"""
_START_S, _LOOK_S = 60.0, 0.1


@click.command(help=_HELP, epilog=_EPILOG, short_help="Open the page in the browser.")
@click.option("--no-browser", is_flag=True, help="Print the page's address and open nothing.")
@click.option(
    "--install/--uninstall", default=None, help="Put the page into the menu of the desktop, or take it out (Linux)."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Listen on this port; 0 takes a free one.")
@click.option(
    "--idle", type=click.FloatRange(0), default=10, show_default=True, metavar="MINUTES", help="End then; 0: never."
)
@engine_options
def ui(no_browser: bool, install: bool | None, port: int, idle: float, **options: Any) -> None:
    if install is not None:
        return _change_menu(install=install)
    from ganfx.paths import state_dir
    from ganfx.server.lifetime import ServerSettings, serve
    from ganfx.server.page_address import page_address

    engine, folder = take_engine_options(options), state_dir()

    def open_page() -> bool:
        address = page_address(folder)
        if address:
            show(address)
            if not (no_browser or _browser_opens(address)):
                tell("no browser was found: open that address in one")
        return address is not None

    def open_when_ready() -> None:
        end = time.monotonic() + _START_S
        while not open_page() and time.monotonic() < end:
            time.sleep(_LOOK_S)

    if open_page():
        return None
    threading.Thread(target=open_when_ready, daemon=True).start()
    with interruptible() as interrupt:
        serve(folder, ServerSettings(port=port, idle_s=idle * 60, engine=engine), tell, lambda: interrupt.asked)
    return None


def _change_menu(*, install: bool) -> None:
    from ganfx.server.desktop_entry import install_entry, uninstall_entry

    if not install:
        return uninstall_entry()
    show(install_entry())
    return tell("ganfx is in the menu of the desktop now; ganfx ui --uninstall takes it out")


def _browser_opens(address: str) -> bool:
    import webbrowser  # heavier than all else that --help needs

    return webbrowser.open(address)
