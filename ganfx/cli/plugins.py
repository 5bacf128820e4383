"""`ganfx plugins`: install, check and remove the plug-ins for painting programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganfx.cli.terminal import show, show_json, tell
from ganfx.errors import HostError
from ganfx.hosts.table import HOSTS, Host, Installation

if TYPE_CHECKING:
    from ganfx.hosts.doctor import Finding

_FAILED = 1
_MARKS = {True: "yes", False: "no ", None: "-  "}

_hosts = click.argument("names", metavar=f"[{'|'.join(HOSTS)}]...", nargs=-1, type=click.Choice(list(HOSTS)))
_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The program's folder for plug-ins, as it names it.",
)
_json = click.option("--json", "as_json", is_flag=True, help="The same as JSON.")

_HELP = """Put ganfx into GIMP 3 and Krita, and see that it works there.

The plug-ins are small: the work is done by this very installation, which they start when they need it. Nothing is
installed into the programs' own Python.
"""
_EPILOG = """\b
Examples:
  ganfx plugins install           into every program that is found
  ganfx plugins install krita
  ganfx plugins doctor gimp       why it does not show up
  ganfx plugins zip               for Krita's Tools > Scripts > Import Python Plugin
"""


@click.group(help=_HELP, epilog=_EPILOG, short_help="Put ganfx into GIMP 3 and Krita.")
def plugins() -> None:
    """The command group."""


@plugins.command()
@_hosts
@_folder
def install(names: tuple[str, ...], folder: Path | None) -> None:
    """Install the plug-in of each program that is named, or of each that is found.

    An older copy is replaced; nothing else is touched. Run it again after ganfx was moved. --folder is for programs
    that keep their things elsewhere, and wants one program's name.
    """
    from ganfx.hosts.installations import notes
    from ganfx.hosts.installer import install
    from ganfx.hosts.machine import Machine
    from ganfx.paths import state_dir
    from ganfx.server.schema import write_schema

    machine = Machine.current()
    targets = _targets(names, folder)
    write_schema(state_dir())
    for host, installation in targets:
        install(host, installation)
        show(f"{host.title}: installed in {installation.plugins}")
        for note in notes(host, installation, machine):
            tell(f"note: {note}")
    for host in dict.fromkeys(host for host, _ in targets):
        tell(f"{host.title} has it, once it is started anew, under {host.menu}")


@plugins.command()
@_hosts
@_folder
@_json
def status(names: tuple[str, ...], folder: Path | None, as_json: bool) -> int:
    """Say where the plug-ins are, and whether they are whole and of this ganfx.

    Exit status 1 where one is broken or old, or where there is none at all.
    """
    from ganfx.hosts.installations import ABSENT, INSTALLED, state_of

    found = [(host, one, state_of(host, one)) for host, one in _installations(names, folder)]
    for host, one, state in found:
        fields = {"host": host.name, "packaging": one.packaging, "folder": str(one.plugins), "state": state}
        if as_json:
            show_json(fields)
        else:
            show(f"{host.title:7} {state:10} {one.plugins} ({one.packaging})")
    if not found and not as_json:
        show("neither " + " nor ".join(host.title for host in HOSTS.values()) + " is found on this computer")
    return 0 if {state for _, _, state in found} - {ABSENT} == {INSTALLED} else _FAILED


@plugins.command()
@_hosts
@_folder
def uninstall(names: tuple[str, ...], folder: Path | None) -> None:
    """Take the plug-ins out again; other files in their folders stay."""
    from ganfx.hosts.installer import uninstall

    removed = [(host, one) for host, one in _installations(names, folder) if uninstall(host, one)]
    for host, installation in removed:
        show(f"{host.title}: removed from {installation.plugins}")
    if not removed:
        tell("no plug-in of ganfx is installed")


@plugins.command()
@_hosts
@_folder
@_json
def doctor(names: tuple[str, ...], folder: Path | None, as_json: bool) -> int:
    """Find out why a plug-in does not show up, or does not work.

    Each program is started without a window and in a profile of its own, which takes up to a minute; yours is only
    looked at. Exit status 1 where something is wrong, or nothing is installed.
    """
    from ganfx.hosts.doctor import examine
    from ganfx.hosts.installations import ABSENT, state_of
    from ganfx.hosts.machine import Machine

    installed = [(host, one) for host, one in _installations(names, folder) if state_of(host, one) != ABSENT]
    if not installed:
        raise HostError("no plug-in of ganfx is installed", hint="ganfx plugins install")
    all_passed = True
    for host, installation in installed:
        if not as_json:
            show(f"{host.title}, {installation.plugins} ({installation.packaging})")
        for finding in examine(host, installation, Machine.current()):
            all_passed = all_passed and finding.passed is not False
            _show(finding, host, installation, as_json=as_json)
    return 0 if all_passed else _FAILED


def _show(finding: Finding, host: Host, installation: Installation, *, as_json: bool) -> None:
    if as_json:
        fields = {
            "host": host.name,
            "folder": str(installation.plugins),
            "good": finding.passed,
            "finding": finding.text,
        }
        show_json({**fields, "hint": finding.hint, "details": finding.details})
        return
    show(f"  {_MARKS[finding.passed]}  {finding.text}")
    if finding.hint:
        show(f"       -> {finding.hint}")
    for line in finding.details.rstrip().splitlines():
        show(f"       | {line}")


@plugins.command("zip")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("ganfx-krita.zip"), show_default=True)
def zip_(output: Path) -> None:
    """Write the Krita plug-in as a zip for Krita's own importer: Tools > Scripts > Import Python Plugin from File.

    It is for this computer: it holds where this ganfx is.
    """
    from ganfx.hosts.installer import write_zip

    write_zip(HOSTS["krita"], output)
    show(output)


@plugins.command()
def describe() -> None:
    """Write the list of filters, models and options for the plug-ins' menus. They call it themselves."""
    from ganfx.paths import state_dir
    from ganfx.server.schema import write_schema

    show(write_schema(state_dir()))


def _installations(names: tuple[str, ...], folder: Path | None) -> list[tuple[Host, Installation]]:
    """The installations of the named programs, or of all; or the folder that is given."""
    from ganfx.hosts.installations import chosen_installation, find_installations
    from ganfx.hosts.machine import Machine

    machine = Machine.current()
    hosts = _chosen_hosts(names, folder)
    return [
        (host, one)
        for host in hosts
        for one in ([chosen_installation(folder)] if folder else find_installations(host, machine))
    ]


def _targets(names: tuple[str, ...], folder: Path | None) -> list[tuple[Host, Installation]]:
    """The installations to install into. Raises HostError if a named program is not found, or none at all."""
    from ganfx.hosts.installations import prepare_installations
    from ganfx.hosts.machine import Machine

    if folder:
        return _installations(names, folder)
    found = []
    for host in _chosen_hosts(names, folder):
        try:
            found += [(host, one) for one in prepare_installations(host, Machine.current())]
        except HostError:
            if names:
                raise
    if not found:
        raise HostError(
            "no painting program is found on this computer",
            hint="start it once, or name its folder for plug-ins: ganfx plugins install gimp --folder DIR",
        )
    return found


def _chosen_hosts(names: tuple[str, ...], folder: Path | None) -> list[Host]:
    if folder and len(names) != 1:
        raise click.UsageError(f"--folder wants the name of one program: {' or '.join(HOSTS)}")
    return [HOSTS[name] for name in dict.fromkeys(names or HOSTS)]
