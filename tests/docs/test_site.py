"""The documentation site: it builds without a warning, has every command, and needs no network to be read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ganfx import paths
from ganfx.cli import cli

pytest.importorskip("mkdocs")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def _commands(command: click.Command, name: str) -> Iterator[str]:
    yield name
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            child = command.get_command(context, below)
            assert child
            yield from _commands(child, f"{name} {below}")


def test_every_command_is_in_the_reference(site: Path) -> None:
    page = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for name in _commands(cli, "ganfx"):
        assert f'id="{name.replace(" ", "-")}"' in page, name


def test_every_variable_and_error_is_in_the_reference(site: Path) -> None:
    variables = (site / "reference" / "environment.html").read_text(encoding="utf-8")
    assert all(name in variables for name in paths.VARIABLES)
    assert "DeviceMemoryError" in (site / "reference" / "errors.html").read_text(encoding="utf-8")


def test_the_cards_are_there_with_their_pictures(site: Path) -> None:
    for card in (ROOT / "ganfx" / "weights").glob("*.md"):
        page = site / "models" / f"{'index' if card.stem == 'README' else card.stem}.html"
        pictures = re.findall(r'<img[^>]*src="([^"]+)"', page.read_text(encoding="utf-8"))
        assert pictures
        assert all((page.parent / name).is_file() for name in pictures)


def test_no_page_loads_anything_from_the_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img|iframe)[^>]*?(?:src|href)="([^"]+)"', page.read_text(encoding="utf-8")
        )
        assert not [address for address in loaded if "//" in address], page
