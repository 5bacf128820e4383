"""What `--help` teaches: options under headings, those of the command first."""

from __future__ import annotations

import re

import click
import pytest

from ganfx.cli import cli, main
from ganfx.filters import Filter, all_filters

WITH_FILES = [*all_filters(), "enhance"]


def groups_of(command: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """The long names of the options under each heading, in the order of the help."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    groups: dict[str, list[str]] = {}
    names: list[str] = []
    options, _, _ = capsys.readouterr().out.partition("  Examples:\n")
    for line in options.splitlines():
        if heading := re.fullmatch(r"(\w[\w ]*):", line):
            names = groups.setdefault(heading[1], [])
        elif option := re.match(r"  (?:-\w, )?(--[\w-]+)", line):
            names.append(option[1])
    return groups


@pytest.mark.parametrize("name", WITH_FILES)
def test_own_options_come_first_and_files_after_the_model(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    groups = groups_of(name, capsys)
    assert list(groups) == [f"{name.capitalize()} options", "Model and device", "Files", "Run"]
    assert {"--provider", "--gpu"} <= set(groups["Model and device"])
    assert {"--output", "--overwrite", "--name"} <= set(groups["Files"])
    assert groups["Run"][-1] == "--help"


@pytest.mark.parametrize("filter_", all_filters().values(), ids=lambda filter_: filter_.name)
def test_a_filter_lists_its_own_options_under_its_own_heading(
    filter_: Filter, capsys: pytest.CaptureFixture[str]
) -> None:
    own = groups_of(filter_.name, capsys)[f"{filter_.name.capitalize()} options"]
    assert {f"--{option.name.replace('_', '-')}" for option in filter_.options} <= set(own)
    assert ("--mask" in own) == filter_.takes_mask


@pytest.mark.parametrize("name", [*WITH_FILES, "watch"])
def test_every_option_is_listed_once(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = [option for options in groups_of(name, capsys).values() for option in options]
    command = cli.commands[name]
    expected = {max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)}
    assert set(listed) == expected | {"--help"}
    assert len(listed) == len(set(listed))
